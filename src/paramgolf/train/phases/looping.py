"""Depth recurrence that begins late: until a share of the run each block runs once, then in model.order.

Record 2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6.
"""

from collections.abc import Callable
from typing import Self

from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.run import Run


class Looping(Phase):
    """Sets which blocks a step runs."""

    name = "looping"

    def __init__(self, model: LanguageModel, loop_from: float) -> None:
        self.model, self.loop_from = model, loop_from

    @classmethod
    def of(cls, run: Run) -> Self | None:
        return None if run.training.loop_from is None else cls(run.model, run.training.loop_from)

    def before_step(self, at: Moment) -> None:
        config = self.model.config
        self.model.order = tuple(range(config.layers)) if at.spent < self.loop_from else config.depths

    def finish(self, at: Moment, clock: Callable[[], float]) -> float:
        self.model.order = self.model.config.depths
        return at.seconds
