"""A run's checkpoint to its artifact."""

from typing import Any

import numpy as np

from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import RunSettings
from paramgolf.pack.artifact import assemble
from paramgolf.pack.modules import changed_fields
from paramgolf.pack.pack import PackResult, pack_model
from paramgolf.quantise.grids import Quantised, uniform
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.mixer.state import mixer_shape
from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.train.checkpoint import load_part
from paramgolf.train.data.learn_tokenizer import unlearnt_tokenizer
from paramgolf.train.data.token_tree import SPLITS, spelled_tree
from paramgolf.train.data.tokens import TokenisedText, open_tokens
from paramgolf.train.mixer.shipped import adapt_config, compiled_options
from paramgolf.train.recipe.recipe import Recipe

# First weights of a mixer are rounded to sixteenths: finer ones are worth less than their bytes, a quarter as many
# bytes cost 0.002 bits per byte (docs/experiments.md).
MIXER_OCTAVES, MIXER_LIMIT = -4, 127
# Of the rows that a node or the last token chooses, 250,000 tokens reach about so many times the root of the
# vocabulary (2,038 of 4,096 at 2,048 ids, 2,842 of 8,192 at 4,096), and so many weights of a row take a byte, about.
MIXER_REACH, MIXER_WEIGHTS_A_BYTE = 45, 16


def weight_bytes(settings: RunSettings, text: TokenisedText) -> int:
    """The bytes that the challenge's limit leaves for weights beside code, configuration and tokenizer."""
    beside = bytes_beside_weights(settings.recipe, text.tokenizer.to_bytes(), text.tree)
    beside += _mixer_bytes(settings.recipe)
    return settings.challenge.artifact_bytes - beside


def _mixer_bytes(recipe: Recipe) -> int:
    """About what the mixer's first weights will take, before they are learnt."""
    if not recipe.training.mixer_tokens:
        return 0
    vocab_size = recipe.tokenizer.vocab_size
    rows, inputs = mixer_shape(vocab_size, len(recipe.adapt.contexts))
    reached = rows - 2 * vocab_size + min(2 * vocab_size, int(MIXER_REACH * vocab_size**0.5))
    return reached * inputs // MIXER_WEIGHTS_A_BYTE


def bytes_beside_weights(
    recipe: Recipe, tokenizer: bytes | None = None, tree: TokenTree | None = None
) -> int:
    """Of an artifact. Where the tokenizer is not known yet, one that has learnt nothing stands for it; where the tree
    is not, that of words by their frequencies (Zipf 1949).
    """
    if tokenizer is None:
        tokenizer = unlearnt_tokenizer(kind=recipe.tokenizer.kind, case=recipe.tokenizer.case).to_bytes()
    tree = tree or _likely_tree(recipe.tokenizer.vocab_size)
    config = _config(recipe, tree, learnt=bool(recipe.training.mixer_tokens))
    parts = assemble(config=config, tokenizer=tokenizer, weights=b"", repaired=recipe.repaired)
    return len(parts[0])


def _likely_tree(vocab_size: int) -> TokenTree:
    classes = np.random.default_rng(0).integers(0, 1 << SPLITS, vocab_size).astype(np.uint8)
    return spelled_tree(classes, 1 / (1.0 + np.arange(vocab_size)), [b""] * vocab_size)


def _config(recipe: Recipe, tree: TokenTree, *, learnt: bool) -> dict[str, Any]:
    """The artifact's: `tree` is what a mixer needs; learnt, whether its first weights ship."""
    if recipe.adapt.contexts:
        adapt = adapt_config(recipe.adapt, tree, learnt=learnt)
        return {"model": compiled_options(recipe.model), "adapt": adapt}
    config = {"model": changed_fields(recipe.model), "predict": changed_fields(recipe.predict)}
    return config | ({"learn": changed_fields(recipe.learn)} if recipe.learn.rate else {})


def pack_run(settings: RunSettings, folder: RunFolder) -> PackResult:
    """Write `folder`.artifact from the newest checkpoint.

    Raises:
        TrainingError: there is no checkpoint.
        PackError, ArtifactTooLargeError: the weights cannot be packed, or not within the limit.
    """
    recipe, text = settings.recipe, open_tokens(folder.data)
    weights = load_part(folder.checkpoint, "model")
    precision = Precision(recipe.schemes(), recipe.groups())
    precision.load(load_part(folder.checkpoint, "rounding"), weights)
    beside = _first_weights(folder)
    return pack_model(
        weights,
        config=_config(recipe, text.tree, learnt=bool(beside)),
        beside=beside,
        tokenizer=text.tokenizer.to_bytes(),
        precision=precision,
        limit=settings.challenge.artifact_bytes,
        fill=settings.recipe.fill,
        path=folder.artifact,
    )


def _first_weights(folder: RunFolder) -> dict[str, Quantised]:
    """Of the mixer, where training learnt them."""
    learnt = load_part(folder.checkpoint, "mixer").items()
    return {name: uniform(weights, MIXER_OCTAVES, MIXER_LIMIT) for name, weights in learnt}
