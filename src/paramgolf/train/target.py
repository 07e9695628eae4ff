"""Training against a target: when to ask the harness whether the target is reached, and what the clock makes of it.

The harness is another process. It holds the text that is scored and the clock that counts. A question leaves the
weights in a folder, and the harness answers with the score that it measured of them. The trainer's own clock, which
its schedule follows, stops meanwhile as the harness's does.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from paramgolf.train.device import Device
from paramgolf.train.ranks.ranks import mean_and_clock

QUESTION = "question"
"""The folder of a question, inside that of the run: checkpoint/ is the trainer's, the rest the harness's."""
FIRST_MOMENT = 0.4
"""The share of the budget before which no question is asked: too early ones are wasted."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the harness says to a question. seconds: its clock when it was asked."""

    reached: bool
    bits_per_byte: float
    seconds: float


class Harness(Protocol):
    """The harness, as one rank sees it."""

    def begin(self) -> None:
        """Start the clock."""

    def ask(self) -> Answer:
        """Have the weights in the run's question folder measured. Raises TrainingError where that fails."""


def moments(questions: int) -> tuple[float, ...]:
    """When to ask, as shares of the budget: evenly from FIRST_MOMENT to the end, where the last question is asked."""
    steps = max(1, questions - 1)
    shares = (1.0 - (1.0 - FIRST_MOMENT) * left / steps for left in reversed(range(questions)))
    # Shares of a budget in tokens are such fractions too, and meet their moments exactly.
    return tuple(round(share, 9) for share in shares)


class TargetQuestions:
    """The questions of one run. Every rank has them, and all ask at the same step; rank 0 alone has the harness."""

    def __init__(self, harness: Harness | None, questions: int, bits_per_byte: float) -> None:
        self.target = bits_per_byte
        self._harness, self._questions, self._asked = harness, questions, 0
        self._moments = list(moments(questions))
        self.reached = False

    def begin(self) -> None:
        """Start the harness's clock, before the first step."""
        if self._harness:
            self._harness.begin()

    def due(self, spent: float) -> bool:
        """Whether to ask after a step that leaves so much of the budget spent; one question for all moments passed."""
        passed = [moment for moment in self._moments if moment <= round(spent, 9)]
        self._moments = self._moments[len(passed) :]
        return bool(passed)

    def due_at_the_end(self) -> bool:
        """Whether a question is left for after the last step."""
        return bool(self._moments) and not self.reached

    def ask(self, say: Callable[[str], None], device: Device) -> float:
        """Ask about the weights in the question folder, and let all ranks know whether the target is `reached`.

        The seconds that this took, as long as this rank has the harness.
        """
        began = time.monotonic()
        reached = self._answer(say) if self._harness else False
        seconds = time.monotonic() - began
        # Rank 0's answer for all.
        zero = torch.zeros((), device=device.device)
        self.reached = mean_and_clock(zero, float(reached))[1] > 0.5
        return seconds

    def _answer(self, say: Callable[[str], None]) -> bool:
        assert self._harness is not None, "asked on the rank that has it"
        answer = self._harness.ask()
        self._asked += 1
        say(
            f"question {self._asked} of {self._questions} after {answer.seconds:.1f} s: "
            f"{answer.bits_per_byte:.4f} bits per byte, target {self.target:g}: "
            f"{'reached' if answer.reached else 'not yet'}"
        )
        return answer.reached


def question_folder(run: Path) -> Path:
    """Where the weights of a question are left."""
    return run / QUESTION / "checkpoint"
