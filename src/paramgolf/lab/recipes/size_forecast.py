"""Whether what a recipe makes can be within the challenge's limit: said before the training, not after it."""

from collections.abc import Callable

from paramgolf.challenge import Challenge
from paramgolf.errors import UsageError
from paramgolf.lab.recipes.info import describe_recipe
from paramgolf.quantise.grids import FIXED_RULES
from paramgolf.train.recipe.recipe import Recipe

# Of weights whose steps may be coarsened to fit: with fewer bits hardly a model is left.
FEWEST_BITS = 0.5
# Training makes weights that take fewer bits than the forecast's, but not so many fewer.
HOPELESS = 2.0


def foresee(recipe: Recipe, challenge: Challenge, warn: Callable[[str], None]) -> None:
    """Warn where the artifact will likely be too large.

    Raises:
        UsageError: it surely will be.
    """
    limit, least = challenge.artifact_bytes, least_bytes(recipe, challenge)
    if least <= limit:
        return
    said = (
        f"by forecast the artifact of {recipe.name} takes {least:,} bytes or more; the limit of {challenge.name} is "
        f"{limit:,} (paramgolf info tells where they go)"
    )
    if least > HOPELESS * limit:
        raise UsageError(f"{said}. Make the model smaller, or give another --challenge.")
    warn(f"{said}.")


def least_bytes(recipe: Recipe, challenge: Challenge) -> int:
    """What the artifact will take at least, about: weights that may be coarsened at the fewest bits they live with."""
    described = describe_recipe(recipe, challenge)
    least = described["code_and_tokenizer_bytes"]
    for group, row in described["groups"].items():
        coarser = recipe.fill and recipe.scheme(group).rule not in FIXED_RULES
        fewest = FEWEST_BITS * row["parameters"] / 8 if coarser else row["expected_bytes"]
        least += min(row["expected_bytes"], round(fewest))
    return int(least)
