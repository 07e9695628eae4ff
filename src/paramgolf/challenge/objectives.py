"""What a game is won by: from measurements to one number that can be compared, and how it is compared and said.

Gate, ranking, site and reports ask the objective and know no game by name. All functions here are pure.
"""

import dataclasses
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import ConfigDict, Field, FiniteFloat, PositiveInt, Strict
from pydantic.dataclasses import dataclass

from paramgolf.challenge.challenge import Challenge

# Numbers are strict one by one: a strict dataclass would not be made of a table, as entry.toml has it.
_PositiveNumber = Annotated[FiniteFloat, Strict(), Field(gt=0)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class TargetReached:
    """What a run against a target came to.

    seconds: of training, on the harness's clock, until the question that found the target reached.
    questions: how many were asked, that one included. bits_per_byte: what the harness measured then.
    """

    seconds: _PositiveNumber
    questions: Annotated[PositiveInt, Strict()]
    bits_per_byte: _PositiveNumber


class Measurement(Protocol):
    """What was measured of one seed's artifact."""

    @property
    def bits_per_byte(self) -> float:
        """Of the text that is scored."""

    @property
    def target(self) -> TargetReached | None:
        """When training reached the challenge's target; None where it did not, or where there is none."""


class SeedTest(StrEnum):
    """How the seeds of two entries are compared. WELCH: a one-sided Welch t-test of the gain against the margin."""

    WELCH = "Welch, one-sided"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """How one kind of game is compared.

    label: what a value is, as the head of a column. unit: what follows a number in a sentence.
    meaning: a value explained, for people. decimals: places of a value in a table.
    repeat_tolerance: how far apart one artifact may be on two machines.
    value: the number of a measurement that is compared; None where it came to none.
    margin: by how much a record has to be better, in the unit.
    in_other_units: a difference in the unit in which the challenge states its margin; "" where that is the same.
    """

    name: str
    label: str
    unit: str
    meaning: str
    decimals: int
    lower_is_better: bool
    repeat_tolerance: float
    seed_test: SeedTest
    value: Callable[[Measurement], float | None]
    margin: Callable[[Challenge], float]
    in_other_units: Callable[[float, Challenge], str]

    def gain(self, value: float, over: float) -> float:
        """By how much `value` is better than `over`; below 0 where it is worse."""
        return over - value if self.lower_is_better else value - over

    def cost(self, value: float) -> float:
        """The value so that lower is better, for sorting."""
        return value if self.lower_is_better else -value

    def bound(self, record: float, margin: float) -> float:
        """The value that a mean has to be better than, to beat the mean `record` by `margin`."""
        return record - margin if self.lower_is_better else record + margin

    def number(self, value: float, *, more: int = 0) -> str:
        """A value without its unit, with `more` places than in a table."""
        return f"{value:.{self.decimals + more}f}"

    def signed(self, difference: float, *, more: int = 0) -> str:
        """A difference with its sign, without its unit."""
        return f"{difference:+.{self.decimals + more}f}"

    def in_words(self, value: float, *, more: int = 0) -> str:
        """A value in a sentence: "1.7439 bits per byte"."""
        return f"{self.number(value, more=more)} {self.unit}"

    def difference_in_words(self, difference: float, challenge: Challenge) -> str:
        """A difference in a sentence: "0.00296 bits per byte (0.00500 nats a token)"."""
        other = self.in_other_units(difference, challenge)
        return self.in_words(difference, more=1) + (f" ({other})" if other else "")


def nats_per_token(bits_per_byte: float, challenge: Challenge) -> float:
    """Bits per byte as nats per token of the challenge's reference tokenizer, in which the margin is stated."""
    assert challenge.reference_bytes_per_token is not None, "a key of this objective"
    return bits_per_byte * math.log(2) * challenge.reference_bytes_per_token


def _measured_bits(measured: Measurement) -> float:
    return measured.bits_per_byte


def _margin_in_bits(challenge: Challenge) -> float:
    assert challenge.record_margin_nats is not None, "a key of this objective"
    assert challenge.reference_bytes_per_token is not None, "a key of this objective"
    return challenge.record_margin_nats / math.log(2) / challenge.reference_bytes_per_token


def _in_nats(difference: float, challenge: Challenge) -> str:
    return f"{nats_per_token(difference, challenge):.5f} nats a token"


def _seconds_to_target(measured: Measurement) -> float | None:
    return None if measured.target is None else measured.target.seconds


def _margin_in_seconds(challenge: Challenge) -> float:
    assert challenge.record_margin_seconds is not None, "a key of this objective"
    return challenge.record_margin_seconds


def _in_no_other_units(difference: float, challenge: Challenge) -> str:
    return ""


BITS_PER_BYTE = Objective(
    name="bits_per_byte",
    label="bits per byte",
    unit="bits per byte",
    meaning="bits per byte of text that the model has never seen",
    decimals=4,
    lower_is_better=True,
    # float32 sums in another order move a score by about 1e-6
    repeat_tolerance=1e-4,
    seed_test=SeedTest.WELCH,
    value=_measured_bits,
    margin=_margin_in_bits,
    in_other_units=_in_nats,
)

SECONDS_TO_TARGET = Objective(
    name="seconds_to_target",
    label="seconds to the target",
    unit="seconds",
    meaning="seconds of training until the target was reached",
    decimals=1,
    lower_is_better=True,
    # not measured again by the judge: papers of one run say the same number
    repeat_tolerance=0.0,
    seed_test=SeedTest.WELCH,
    value=_seconds_to_target,
    margin=_margin_in_seconds,
    in_other_units=_in_no_other_units,
)

OBJECTIVES = {objective.name: objective for objective in (BITS_PER_BYTE, SECONDS_TO_TARGET)}
"""By the name under which a challenge asks for it (`objective = ...`)."""


def objective_of(challenge: Challenge) -> Objective:
    """What the challenge is won by."""
    return OBJECTIVES[challenge.objective]
