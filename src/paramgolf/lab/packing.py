"""A run's checkpoint to its artifact."""

from paramgolf.lab.folder import RunFolder
from paramgolf.lab.settings import RunSettings
from paramgolf.pack.modules import changed_fields, runtime_modules
from paramgolf.pack.pack import PackResult, pack_model
from paramgolf.train.checkpoint import load_weights
from paramgolf.train.recipe import WEIGHT_GROUPS
from paramgolf.train.tokens import open_tokens


def pack_run(settings: RunSettings, folder: RunFolder) -> PackResult:
    """Write `folder`.artifact from the newest checkpoint.

    Raises:
        TrainingError: there is no checkpoint.
        PackError, ArtifactTooLargeError: the weights cannot be packed, or not within the limit.
    """
    return pack_model(
        load_weights(folder.checkpoint),
        model_config=changed_fields(settings.recipe.model),
        predict_config=changed_fields(settings.recipe.predict),
        modules=runtime_modules(settings.recipe.model),
        tokenizer=open_tokens(folder.data).tokenizer.to_bytes(),
        schemes=settings.recipe.schemes(),
        groups=WEIGHT_GROUPS,
        limit=settings.challenge.artifact_bytes,
        fill=settings.recipe.fill,
        path=folder.artifact,
    )
