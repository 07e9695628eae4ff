"""How long a recipe may train under a challenge."""

from paramgolf.challenge import Challenge
from paramgolf.errors import UsageError
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.recipe.recipe import Recipe


def budget_of(challenge: Challenge, recipe: Recipe, bytes_per_token: float) -> Budget:
    """The challenge's clock and amount of text, or the recipe's own tokens where the challenge sets neither.

    Against a target, the recipe's tokens also end a run that the challenge's clock would allow to go on.

    Raises:
        UsageError: nothing would end the training.
    """
    tokens = challenge.train_tokens
    if challenge.train_bytes is not None:
        tokens = min(tokens or challenge.train_bytes, round(challenge.train_bytes / bytes_per_token))
    if challenge.train_seconds is None and tokens is None:
        tokens = recipe.training.tokens
        if tokens is None:
            raise UsageError(
                f"challenge {challenge.name!r} sets neither a clock nor an amount of text, so nothing would end the "
                f"training. Set training.tokens in the recipe {recipe.name!r} (a file of your own: copy it first)."
            )
    if challenge.target_bits_per_byte is not None and recipe.training.tokens is not None:
        # How long its schedule is, is part of what an entry against a target is good at.
        tokens = min(tokens or recipe.training.tokens, recipe.training.tokens)
    return Budget(seconds=challenge.train_seconds, tokens=tokens)
