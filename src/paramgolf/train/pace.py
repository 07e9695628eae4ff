"""The training clock, and what the budget still allows."""

import time
from dataclasses import replace

import torch
from torch import Tensor

from paramgolf.train.checkpoint import Progress
from paramgolf.train.device import Device
from paramgolf.train.optim.schedule import Budget, Sizes
from paramgolf.train.ranks.ranks import mean_and_clock


class Clock:
    """Seconds of training, those of rank 0 for all. It starts when it is made."""

    def __init__(self, seconds: float, device: Device) -> None:
        """seconds: where it stands, of a run that is resumed."""
        self._began, self._zero = time.monotonic() - seconds, torch.zeros((), device=device.device)

    def __call__(self) -> float:
        """The seconds now, the same on every rank; all ranks ask together."""
        return self.with_mean(self._zero)[1]

    def leave_out(self, seconds: float) -> None:
        """Do not count so many seconds that have passed."""
        self._began += seconds

    def with_mean(self, value: Tensor) -> tuple[float, float]:
        """The mean of a number over the ranks, and the seconds now, in one exchange."""
        return mean_and_clock(value, time.monotonic() - self._began)


class Pace:
    """How fast a run goes, and what that leaves of its budget."""

    def __init__(self, budget: Budget, start: Progress, reserved: float, device: Device) -> None:
        """reserved: seconds that are kept for what comes after the last step."""
        if budget.seconds is not None:
            budget = replace(budget, seconds=budget.seconds - reserved)
        self.budget, self.start, self.clock = budget, start, Clock(start.seconds, device)

    def spent(self, now: Progress) -> float:
        """Share of the budget that is used."""
        return self.budget.spent(now.seconds, now.tokens)

    def allows(self, now: Progress, sizes: Sizes) -> bool:
        """Whether another step of that size fits."""
        return self.budget.allows(now.seconds, now.tokens, self._step_seconds(now), sizes.batch_tokens)

    def share_of_a_step(self, now: Progress, sizes: Sizes) -> float:
        """Share of the budget that a step of that size takes."""
        return max(self.budget.spent(self._step_seconds(now), sizes.batch_tokens), 1e-9)

    def _step_seconds(self, now: Progress) -> float:
        """The mean since this process started; before its first step, that of the processes before."""
        if now.step > self.start.step:
            return (now.seconds - self.start.seconds) / (now.step - self.start.step)
        return now.seconds / now.step if now.step else 0.0
