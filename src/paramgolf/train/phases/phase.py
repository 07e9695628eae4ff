"""A phase: what a training technique does at the moments of a run."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor

from paramgolf.train.run import Run


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where a run stands: steps and tokens done, seconds of the training clock, share of the budget that is spent."""

    step: int
    tokens: int
    seconds: float
    spent: float


class Phase:
    """Does nothing at any moment; a technique overrides those at which it acts. Every rank has the same phases.

    name: of its part of a checkpoint.
    """

    name: ClassVar[str]

    @classmethod
    def of(cls, run: Run) -> Self | None:
        """The phase of this run, or None where its recipe does not ask for the technique."""
        raise NotImplementedError

    def warm_up(self) -> float:
        """Compile and touch memory, before the clock starts; the seconds of the clock that `finish` will need."""
        return 0.0

    def before_step(self, at: Moment) -> None:
        """In front of a step."""

    def around_gradients(self, at: Moment) -> AbstractContextManager[None]:
        """What holds while the gradients of a step are made."""
        return nullcontext()

    def before_update(self, at: Moment) -> None:
        """The gradients of a step are there, the weights are as before it."""

    def after_step(self, at: Moment) -> None:
        """The weights are updated; `at` is still the moment in front of the step."""

    def finish(self, at: Moment, clock: Callable[[], float]) -> float:
        """After the last step of a run that is over, once: the training clock's seconds afterwards.

        clock: those seconds now, the same on every rank.
        """
        return at.seconds

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
