"""Calibration: at the end of a run the finished model reads text, and what its matrices are applied to is measured."""

import time
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Self

import numpy as np
import torch
from torch import Tensor

from paramgolf.errors import UsageError
from paramgolf.quantise.hessians import measure_hessians
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.stepping import Stepper
from paramgolf.train.optim.schedule import Sizes
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.ranks.ranks import mean_and_clock, rank, ranks, sum_over_ranks
from paramgolf.train.run import Run


class Calibration(Phase):
    """Runs text through the finished model and measures the inputs of its matrices, inside the clock."""

    name = "calibration"

    def __init__(self, run: Run, names: Sequence[str]) -> None:
        training = run.training
        self.run, self.names = run, names
        self.generated = training.calibration == "generated"
        tokens = min(training.batch_tokens, training.micro_batch_tokens * ranks())
        self.sizes = Sizes(length=training.sequence_length, batch_tokens=tokens)
        self.count = ceil(training.calibration_tokens / tokens)
        self.batch_seconds = 0.0

    @classmethod
    def of(cls, run: Run) -> Self | None:
        names = run.precision.fed_back(run.weights())
        return cls(run, names) if names else None

    def warm_up(self) -> float:
        """By doing a batch twice, of which the first touches memory.

        Raises UsageError where measuring would take more than half of the clock.
        """
        for _ in range(2):
            began = time.monotonic()
            self._measure(0, 1, lambda seconds: True)
            seconds = time.monotonic() - began
        # Rank 0's, so that all ranks decide alike.
        self.batch_seconds = mean_and_clock(torch.zeros((), device=self.run.device.device), seconds)[1]
        seconds, limit = self.count * self.batch_seconds, self.run.job.budget.seconds
        if limit is not None and seconds > limit / 2:
            raise UsageError(
                f"calibrating would take {seconds:.0f} of {limit:.0f} s; give fewer training.calibration_tokens"
            )
        return seconds

    def finish(self, at: Moment, clock: Callable[[], float]) -> float:
        before, limit = clock(), self.run.job.budget.seconds
        with self.run.as_packed():
            self.run.precision.hessians = self.hessians(
                at.tokens, lambda seconds: limit is None or clock() + seconds <= limit
            )
        seconds = clock()
        self.run.say(f"calibrated in {seconds - before:.1f} s, of the training clock")
        return seconds

    def hessians(self, tokens: int, goes_on: Callable[[float], bool]) -> dict[str, Tensor]:
        """By matrix the sum of x x^T, [C, C], over the text after so many tokens; every rank calls this.

        goes_on: whether there is time for another batch of so many seconds, the same answer on every rank; one
        batch is run always.
        """
        return self._measure(tokens, self.count, goes_on)

    def _measure(self, tokens: int, count: int, goes_on: Callable[[float], bool]) -> dict[str, Tensor]:
        sums = measure_hessians(self.run.model, self.names, self._texts(tokens, count, goes_on))
        for total in {id(total): total for total in sums.values()}.values():
            sum_over_ranks(total)
        return sums

    def _texts(self, tokens: int, count: int, goes_on: Callable[[float], bool]) -> Iterator[Tensor]:
        for i in range(count):
            if i and not goes_on(self.batch_seconds):
                return
            yield self._text(tokens, i)

    def _text(self, tokens: int, batch: int) -> Tensor:
        """This rank's sequences of a batch."""
        if not self.generated:
            return self.run.batches.read(tokens + batch * self.sizes.batch_tokens, self.sizes)[0]
        (state,) = np.random.SeedSequence([self.run.job.seed, rank(), batch]).generate_state(1)
        rows = self.sizes.batch_tokens // self.sizes.length // ranks()
        return generate(self.run.model, rows, self.sizes.length, int(state))


@torch.no_grad()
def generate(model: LanguageModel, rows: int, length: int, seed: int) -> Tensor:
    """Text that the model draws from its own predictions, int64 [rows, length] on its device."""
    device = model.embedding.device
    generator = torch.Generator(device).manual_seed(seed)
    # What steps the model makes its tensors where they are made by default.
    with torch.device(device):
        stepper = Stepper(model, rows, length)
        tokens = [torch.full((rows,), END_OF_DOCUMENT)]
        while len(tokens) < length:
            chances = torch.softmax(stepper.step(tokens[-1]), -1)
            tokens.append(torch.multinomial(chances, 1, generator=generator)[:, 0])
        return torch.stack(tokens, 1)
