"""A run's checkpoint to its artifact."""

from typing import Any

from paramgolf.lab.folder import RunFolder
from paramgolf.lab.settings import RunSettings
from paramgolf.pack.artifact import assemble
from paramgolf.pack.modules import changed_fields, runtime_modules
from paramgolf.pack.pack import PackResult, pack_model
from paramgolf.train.adaptation import adapt_config, compiled_options, path_lengths, token_counts
from paramgolf.train.checkpoint import load_precision, load_weights
from paramgolf.train.precision import Precision
from paramgolf.train.recipe import WEIGHT_GROUPS, Recipe
from paramgolf.train.tokens import open_tokens


def weight_bytes(settings: RunSettings, tokenizer: bytes) -> int | None:
    """The bytes that the challenge's limit leaves for weights beside code, configuration and tokenizer."""
    if settings.challenge.artifact_bytes is None:
        return None
    return settings.challenge.artifact_bytes - bytes_beside_weights(settings.recipe, tokenizer)


def bytes_beside_weights(recipe: Recipe, tokenizer: bytes) -> int:
    """Of an artifact; the tree of an adaptive one is taken for that of words by their frequencies (Zipf 1949)."""
    counts = [10**6 // (1 + token) for token in range(recipe.tokenizer.vocab_size)]
    adaptive = bool(recipe.adapt.contexts)
    config: dict[str, Any] = {"model": _model_config(recipe)}
    if adaptive:
        config["adapt"] = adapt_config(recipe.adapt, path_lengths(counts))
    else:
        config["predict"] = changed_fields(recipe.predict)
    modules = runtime_modules(recipe.model, adaptive=adaptive, repaired=recipe.repaired)
    return len(assemble(config=config, tokenizer=tokenizer, weights=b"", modules=modules)[0])


def _model_config(recipe: Recipe) -> dict[str, Any]:
    return compiled_options(recipe.model) if recipe.adapt.contexts else changed_fields(recipe.model)


def pack_run(settings: RunSettings, folder: RunFolder) -> PackResult:
    """Write `folder`.artifact from the newest checkpoint.

    Raises:
        TrainingError: there is no checkpoint.
        PackError, ArtifactTooLargeError: the weights cannot be packed, or not within the limit.
    """
    recipe, text = settings.recipe, open_tokens(folder.data)
    adaptive = bool(recipe.adapt.contexts)
    weights = load_weights(folder.checkpoint)
    precision = Precision(recipe.schemes(), WEIGHT_GROUPS)
    precision.load(load_precision(folder.checkpoint), weights)
    return pack_model(
        weights,
        model_config=_model_config(recipe),
        predict_config=changed_fields(recipe.predict),
        adapt_config=adapt_config(recipe.adapt, path_lengths(token_counts(text))) if adaptive else None,
        modules=runtime_modules(recipe.model, adaptive=adaptive, repaired=recipe.repaired),
        tokenizer=text.tokenizer.to_bytes(),
        precision=precision,
        limit=settings.challenge.artifact_bytes,
        fill=settings.recipe.fill,
        path=folder.artifact,
    )
