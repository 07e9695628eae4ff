"""What of the runtime an artifact needs: code is counted, so what a model does not use stays out."""

from dataclasses import asdict
from typing import Any

import torch

from paramgolf.pack.artifact import REPAIR
from paramgolf.pack.minify import runtime_sources
from paramgolf.runtime.model import LanguageModel, ModelConfig

# Modules that only models with parts of theirs import.
OPTIONAL = ("factored", "linear_attention")
# The kinds of predictors, and what each of them alone imports; "learning" is on top of the fixed one.
FIXED = ("predictor", "codec", "stepping", "model", "attention", *OPTIONAL)
LEARNING = "learning"
ADAPTIVE = ("adaptive", "compiled", "memory", "mixing", "reader", "reading", "tree")


def runtime_modules(
    config: ModelConfig, *, adaptive: bool = False, learning: bool = False, repaired: bool = False
) -> list[str]:
    """Names of the runtime's modules, without those of parts that such a model does not have."""
    unused = () if repaired else (REPAIR,)
    if adaptive:
        return [name for name in runtime_sources() if name not in (*FIXED, LEARNING, *unused)]
    with torch.device("meta"):
        model = LanguageModel(config)
    used = {type(part).__module__.rpartition(".")[2] for part in model.modules()}
    optional = {*ADAPTIVE, *OPTIONAL} - used
    if not learning:
        optional.add(LEARNING)
    return [name for name in runtime_sources() if name not in (*optional, *unused)]


def changed_fields(config: Any) -> dict[str, Any]:
    """The fields of a dataclass that differ from its defaults: the defaults are in the code."""
    defaults = asdict(type(config)())
    return {name: value for name, value in asdict(config).items() if value != defaults[name]}
