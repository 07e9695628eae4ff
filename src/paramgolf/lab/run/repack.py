"""Packs a finished training by another recipe, so that it is not lost when its artifact is too large."""

from dataclasses import replace

from paramgolf.errors import UsageError
from paramgolf.lab.run.differences import differences, differences_in_words
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import RunSettings
from paramgolf.train.recipe.recipe import Recipe

# Parts of a recipe that nothing before packing reads, and those of which that holds where training does not round.
BEHIND_TRAINING = ("name", "title", "predict", "learn")
WHERE_NOTHING_ROUNDS = ("fill", "weights")


def with_recipe(settings: RunSettings, recipe: Recipe, folder: RunFolder) -> RunSettings:
    """The settings of a finished run with that recipe in the place of its own.

    Raises:
        UsageError: training is not finished, or would have been another one by that recipe.
    """
    if folder.trained() is None:
        raise UsageError(f"{folder.path} is not trained to its end. Train first: paramgolf train")
    before = settings.recipe
    free = BEHIND_TRAINING + (WHERE_NOTHING_ROUNDS if before.training.quantise_from is None else ())
    found = differences(before.to_dict(), recipe.to_dict())
    noticed = {key: values for key, values in found.items() if key.split(".")[0] not in free}
    if noticed:
        raise UsageError(
            f"{folder.path} was trained by another recipe ({differences_in_words(noticed, 'there', 'asked')}). "
            f"What may differ from it: {', '.join(free)}; for the rest train again."
        )
    unmeasured = _measured(recipe) - _measured(before)
    if unmeasured:
        raise UsageError(
            f"{folder.path} lacks what training measures only where a recipe asks for it: "
            f"{', '.join(sorted(unmeasured))}. Do without, or train again."
        )
    return replace(settings, recipe=recipe)


def _measured(recipe: Recipe) -> set[str]:
    """What packing by that recipe needs of the training beside the weights."""
    schemes = recipe.schemes()
    inputs = {f"inputs of weights.{group} (feedback)" for group, scheme in schemes.items() if scheme.feedback}
    by_loss = any(scheme.rule == "loss" for scheme in schemes.values())
    return inputs | ({'sensitivities (rule "loss")'} if by_loss else set())
