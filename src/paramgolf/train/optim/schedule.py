"""How far the run is, and what sizes, learning rate, momentum and weight decay that means."""

import math
from dataclasses import dataclass

from paramgolf.train.recipe.recipe import OptimizerRecipe, TrainingRecipe


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What ends a run: the clock, the tokens, or whichever comes first. At least one is given."""

    seconds: float | None = None
    tokens: int | None = None

    def spent(self, seconds: float, tokens: int) -> float:
        """Share of the budget that is used, 0 to 1 and beyond."""
        shares = [0.0]
        if self.seconds is not None:
            shares.append(seconds / self.seconds)
        if self.tokens is not None:
            shares.append(tokens / self.tokens)
        return max(shares)

    def allows(self, seconds: float, tokens: int, step_seconds: float, step_tokens: int) -> bool:
        """Whether one more step fits: it must end before the clock does, and at most half may pass the tokens.

        The first step always fits.
        """
        if self.seconds is not None and seconds + step_seconds > self.seconds:
            return False
        return self.tokens is None or not tokens or tokens + step_tokens // 2 < self.tokens


def learning_rate_scale(recipe: TrainingRecipe, spent: float, step_share: float) -> float:
    """Factor on every learning rate: 1, then down to the floor over the warmdown.

    `step_share` is the share of the budget that one step takes, which turns `warmdown_steps` into a share.
    """
    warmdown = recipe.warmdown_fraction
    if warmdown is None:
        warmdown = recipe.warmdown_steps * step_share
    if warmdown <= 0:
        return 1.0
    left = min(1.0, max(0.0, 1.0 - spent) / min(warmdown, 1.0))
    if recipe.warmdown_shape == "cosine":
        left = 0.5 - 0.5 * math.cos(math.pi * left)
    elif recipe.warmdown_shape == "sqrt":
        left = 1.0 - math.sqrt(1.0 - left)
    return recipe.learning_rate_floor + (1.0 - recipe.learning_rate_floor) * left


def momentum_at(recipe: OptimizerRecipe, step: int) -> float:
    """Muon's momentum at a step: linear from `momentum_start` over the first `momentum_warmup_steps`."""
    if recipe.momentum_warmup_steps <= 0:
        return recipe.momentum
    share = min(1.0, step / recipe.momentum_warmup_steps)
    return recipe.momentum_start + share * (recipe.momentum - recipe.momentum_start)


def weight_decay_at(recipe: OptimizerRecipe, spent: float) -> float:
    """Muon's weight decay where so much of the budget is spent: from `weight_decay_taper_from` on it falls linearly
    to `weight_decay_end` of itself (record 2026-04-18_PR1626_CaseOps_Taper).
    """
    start = recipe.weight_decay_taper_from
    if start is None or spent <= start:
        return recipe.weight_decay
    share = min(1.0, (spent - start) / max(1.0 - start, 1e-9))
    return recipe.weight_decay * (1.0 - share * (1.0 - recipe.weight_decay_end))


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a step of some part of a run takes: sequences of `length`, `batch_tokens` of them in all."""

    length: int
    batch_tokens: int


def sizes_at(recipe: TrainingRecipe, spent: float) -> Sizes:
    """Those where so much of the budget is spent: of the ramp's first entry that is not over yet, then the recipe's."""
    for until, length, batch_tokens in recipe.ramp:
        if spent < until:
            return Sizes(length=length, batch_tokens=batch_tokens)
    return Sizes(length=recipe.sequence_length, batch_tokens=recipe.batch_tokens)


def all_sizes(recipe: TrainingRecipe) -> list[Sizes]:
    """Those of every part of the run, in their order."""
    return [sizes_at(recipe, share) for share in (0.0, *(until for until, _, _ in recipe.ramp))]
