"""Training with weights that are rounded as packing will round them, from a share of the run on.

Straight-through estimation (Bengio et al. 2013, arXiv:1308.3432), or noise of the size of a step.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Self

from torch import Tensor

from paramgolf.quantise.noise import noisy_weights
from paramgolf.quantise.precision import rounded_weights
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.run import Run


class Rounding(Phase):
    """Measures what steps should be, decides them, and trains through them. Packing starts from its state."""

    name = "rounding"

    def __init__(self, run: Run) -> None:
        self.run, self.precision, self.training = run, run.precision, run.training
        self.budget = run.job.weight_bytes if run.recipe.fill else None

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(run)

    def around_gradients(self, at: Moment) -> AbstractContextManager[None]:
        if self.training.quantise_from is None or at.spent < self.training.quantise_from:
            return nullcontext()
        weights = self.run.weights()
        if not self.precision.steps:
            self.precision.decide(weights, self.budget)
        elif self.budget is not None:
            self.precision.follow(weights, self.budget, at.spent)
        grids = self.precision.grids(weights)
        if self.training.rounding == "noise":
            return noisy_weights(self.run.model, grids, self.run.job.seed, at.step)
        return rounded_weights(self.run.model, grids)

    def before_update(self, at: Moment) -> None:
        self.precision.observe(self.run.model, at.step)

    def state(self) -> dict[str, Tensor]:
        return self.precision.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.precision.load(state, self.run.weights())
