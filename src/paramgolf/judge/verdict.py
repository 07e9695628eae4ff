"""What the judge says of an entry: one finding a rule, the scores it measured, and the verdict over all."""

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from paramgolf.challenge import BITS_PER_BYTE, OBJECTIVES, Objective, TargetReached
from paramgolf.common.files import write_atomic
from paramgolf.common.printable import printable
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import UsageError

LARGEST_VERDICT_FILE = 2**24
# Of the rule whose finding about a seed says what training it again came to (rules/training_data.py).
REPRODUCTION_RULE = "R14"
_STRICT = ConfigDict(strict=True, extra="forbid")


def _known_objective(name: str) -> str:
    if name not in OBJECTIVES:
        raise ValueError(f"no objective of that name; known are {', '.join(OBJECTIVES)}")
    return name


class Outcome(StrEnum):
    """What a rule answers."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNDECIDED = "undecided"


class Validity(StrEnum):
    """The verdict over all rules.

    VALID: no rule failed and each that must be decided was. INVALID: a rule failed. UNDECIDED: neither.
    CONSISTENT: an imported entry of which nothing was run, and whose papers do not contradict themselves.
    """

    VALID = "valid"
    INVALID = "invalid"
    UNDECIDED = "undecided"
    CONSISTENT = "consistent"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Finding:
    """One rule's answer.

    `measured` and `limit` are short texts with their units, `evidence` says how it was measured, `mend` what the
    entrant changes (empty where the rule passed). `seed` is None where a finding is about the whole entry.
    """

    rule: str
    name: str
    outcome: Annotated[Outcome, Strict(False)]
    measured: str
    limit: str
    evidence: str
    mend: str = ""
    seed: int | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class SeedScore:
    """What one seed's artifact scored, measured by the judge; sizes are bytes."""

    seed: int
    artifact_sha256: str
    artifact_bytes: int
    bits_per_byte: float
    bits: float
    text_bytes: int
    score_seconds: float
    # By the entry's papers, where nothing speaks against them; verdicts of before had no such line.
    target: TargetReached | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Verdict:
    """All that the judge found, in a form that can be read back, compared and judged again under newer rules."""

    entry: str
    title: str
    challenge: str
    rules_version: int
    track: str
    record: bool
    standing: Annotated[Validity, Strict(False)]
    depth: str
    findings: Annotated[tuple[Finding, ...], Strict(False)]
    scores: Annotated[tuple[SeedScore, ...], Strict(False)]
    documents_sha256: str
    environment: dict[str, str]
    judged_at: str
    seconds: float
    # The seed that was trained again from its recipe; verdicts of before had no such line.
    trained_again: int | None = None
    # What the game is won by; verdicts of before had no such line.
    objective_name: Annotated[str, AfterValidator(_known_objective)] = BITS_PER_BYTE.name

    @property
    def objective(self) -> Objective:
        """What the game is won by."""
        return OBJECTIVES[self.objective_name]

    @property
    def seed_values(self) -> tuple[tuple[int, float], ...]:
        """The comparable number of each seed that came to one, by seed."""
        values = ((score.seed, self.objective.value(score)) for score in self.scores)
        return tuple(sorted((seed, value) for seed, value in values if value is not None))

    @property
    def mean(self) -> float | None:
        """Of the seeds' comparable numbers; None without any."""
        values = [value for _, value in self.seed_values]
        return math.fsum(values) / len(values) if values else None

    @property
    def mean_in_words(self) -> str:
        """ "1.7439 bits per byte"; "" where no seed came to a number."""
        return "" if self.mean is None else self.objective.in_words(self.mean)

    @property
    def reproduction(self) -> Finding | None:
        """What training a seed again came to (R14 of that seed); None where none was."""
        if self.trained_again is None:
            return None
        return next(
            (f for f in self.findings if f.rule == REPRODUCTION_RULE and f.seed == self.trained_again), None
        )

    @property
    def reproduction_in_words(self) -> str:
        """The same as a sentence without its full stop; "" where none was."""
        found = self.reproduction
        if found is None:
            return ""
        return f"Seed {found.seed} was trained again from its recipe: {found.outcome}, {found.measured.rstrip('.')}"

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that make it invalid."""
        return tuple(f for f in self.findings if f.outcome is Outcome.FAIL)


def standing_of(findings: tuple[Finding, ...], *, required: frozenset[str]) -> Validity:
    """INVALID with a failure, UNDECIDED where one of the `required` rules was not decided, else VALID."""
    if any(f.outcome is Outcome.FAIL for f in findings):
        return Validity.INVALID
    undecided = {f.rule for f in findings if f.outcome is Outcome.UNDECIDED}
    decided = {f.rule for f in findings} - undecided
    return Validity.VALID if required <= decided else Validity.UNDECIDED


_VERDICT = TypeAdapter(Verdict)


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write it, all of it or nothing."""
    write_atomic(path, verdict_json(verdict))


def verdict_json(verdict: Verdict) -> str:
    """The verdict as JSON; `read_verdict` reads that back."""
    table = _VERDICT.dump_python(verdict, mode="json")
    if verdict.trained_again is None:
        # So that a verdict of before keeps its bytes, and with them its hash.
        del table["trained_again"]
    if verdict.objective is BITS_PER_BYTE:
        del table["objective_name"]
    for score in table["scores"]:
        if score["target"] is None:
            del score["target"]
    return json.dumps(table, indent=2) + "\n"


def read_verdict(path: Path) -> Verdict:
    """Read it back.

    Raises:
        UsageError: there is no such file, or it is no verdict.
    """
    try:
        with path.open("rb") as handle:
            return parse_verdict(handle.read(LARGEST_VERDICT_FILE))
    except (OSError, UsageError) as error:
        raise UsageError(
            f"{path} is no verdict: {printable(str(error))}. Make it with: paramgolf verify {path.parent}"
        ) from None


def parse_verdict(data: bytes) -> Verdict:
    """The bytes of a verdict.json.

    Raises:
        UsageError: they are no verdict.
    """
    try:
        return _VERDICT.validate_json(data)
    except ValidationError as error:
        raise UsageError(what_is_wrong(error, _VERDICT)) from None
