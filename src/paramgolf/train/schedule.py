"""How far the run is, and what learning rate and momentum that means."""

from dataclasses import dataclass

from paramgolf.train.recipe import OptimizerRecipe, TrainingRecipe


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
    """Factor on every learning rate: 1, then linearly to 0 over the warmdown.

    `step_share` is the share of the budget that one step takes, which turns `warmdown_steps` into a share.
    """
    warmdown = recipe.warmdown_fraction
    if warmdown is None:
        warmdown = recipe.warmdown_steps * step_share
    if warmdown <= 0:
        return 1.0
    return min(1.0, max(0.0, 1.0 - spent) / min(warmdown, 1.0))


def momentum_at(recipe: OptimizerRecipe, step: int) -> float:
    """Muon's momentum at a step: linear from `momentum_start` over the first `momentum_warmup_steps`."""
    if recipe.momentum_warmup_steps <= 0:
        return recipe.momentum
    share = min(1.0, step / recipe.momentum_warmup_steps)
    return recipe.momentum_start + share * (recipe.momentum - recipe.momentum_start)
