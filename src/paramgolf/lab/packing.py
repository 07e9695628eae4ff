"""A run's checkpoint to its artifact."""

from paramgolf.lab.folder import RunFolder
from paramgolf.lab.settings import RunSettings
from paramgolf.pack.artifact import assemble
from paramgolf.pack.modules import changed_fields, runtime_modules
from paramgolf.pack.pack import PackResult, pack_model
from paramgolf.train.adaptation import adapt_config, compiled_options, path_lengths, token_counts
from paramgolf.train.checkpoint import load_precision, load_weights
from paramgolf.train.precision import Precision
from paramgolf.train.recipe import WEIGHT_GROUPS
from paramgolf.train.tokens import open_tokens


def weight_bytes(settings: RunSettings, tokenizer: bytes) -> int | None:
    """The bytes that the challenge's limit leaves for weights beside code, configuration and tokenizer."""
    if settings.challenge.artifact_bytes is None:
        return None
    model, predict = changed_fields(settings.recipe.model), changed_fields(settings.recipe.predict)
    empty, _ = assemble(
        config={"model": model, "predict": predict},
        tokenizer=tokenizer,
        weights=b"",
        modules=runtime_modules(settings.recipe.model),
    )
    return settings.challenge.artifact_bytes - len(empty)


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
        model_config=compiled_options(recipe.model) if adaptive else changed_fields(recipe.model),
        predict_config=changed_fields(recipe.predict),
        adapt_config=adapt_config(recipe.adapt, path_lengths(token_counts(text))) if adaptive else None,
        modules=runtime_modules(recipe.model, adaptive=adaptive),
        tokenizer=text.tokenizer.to_bytes(),
        precision=precision,
        limit=settings.challenge.artifact_bytes,
        fill=settings.recipe.fill,
        path=folder.artifact,
    )
