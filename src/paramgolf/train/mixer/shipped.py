"""What ships with a recipe that has [adapt]: options, those of the compiled step, the tree."""

from dataclasses import asdict
from typing import Any

from paramgolf.runtime.mixer.state import AdaptConfig
from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.train.recipe.model_checks import COMPILED


def adapt_config(config: AdaptConfig, tree: TokenTree, *, learnt: bool = False) -> dict[str, Any]:
    """What ships of [adapt]: what differs from the defaults, and the tree.

    learnt: whether the mixer's first weights are among the artifact's tensors.
    """
    defaults = asdict(AdaptConfig(contexts=config.contexts))
    changed = {
        name: value for name, value in asdict(config).items() if value != defaults[name] or name == "contexts"
    }
    if learnt:
        changed["learnt"] = True
    return changed | {"tree": tree.to_text()}


def compiled_options(config: ModelConfig) -> dict[str, Any]:
    """The options of a model that its compiled step reads, defaults too."""
    return {name: value for name, value in asdict(config).items() if name in COMPILED}
