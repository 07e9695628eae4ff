"""How a rule answers, and which rule a broken phase counts against."""

from paramgolf.errors import (
    EntryError,
    EntryTimeoutError,
    LossyEntryError,
    NonFiniteError,
)
from paramgolf.judge.measure import Measurements
from paramgolf.judge.verdict import Finding, Outcome

TIMED = "the entry ran past its time"


class Rule:
    """Number, name and limit of one rule; makes its findings."""

    def __init__(self, number: str, name: str) -> None:
        self.number, self.name = number, name

    def passed(self, measured: str, limit: str, evidence: str) -> Finding:
        """The entry keeps it."""
        return self._finding(Outcome.PASS, measured, limit, evidence, "")

    def failed(self, measured: str, limit: str, evidence: str, mend: str) -> Finding:
        """The entry breaks it; `mend` says what to change."""
        return self._finding(Outcome.FAIL, measured, limit, evidence, mend)

    def undecided(self, why: str, mend: str = "", *, limit: str = "") -> Finding:
        """Nothing was measured that settles it."""
        return self._finding(Outcome.UNDECIDED, "not measured", limit, why, mend)

    def not_reached(self, m: Measurements) -> Finding:
        """An earlier phase broke, so there is nothing to judge."""
        broken = ", ".join(m.errors) or "the archive"
        return self.undecided(f"Not reached: the judge stopped at {broken}.", "Mend that first.")

    def _finding(self, outcome: Outcome, measured: str, limit: str, evidence: str, mend: str) -> Finding:
        return Finding(
            rule=self.number,
            name=self.name,
            outcome=outcome,
            measured=measured,
            limit=limit,
            evidence=evidence,
            mend=mend,
        )


def counts_against(phase: str, error: EntryError) -> str:
    """The number of the rule that an error in a phase breaks."""
    if isinstance(error, EntryTimeoutError):
        return "R09"
    if isinstance(error, LossyEntryError):
        return "R03"
    if isinstance(error, NonFiniteError):
        return "R05"
    if phase == "proof":
        return "R11"
    return "R02" if phase == "archive" else "R17"


def broken_here(m: Measurements, number: str) -> tuple[str, EntryError] | None:
    """The first phase whose error counts against this rule, and the error."""
    for phase, error in m.errors.items():
        if counts_against(phase, error) == number:
            return phase, error
    return None


def first_line(error: Exception, limit: int = 600) -> str:
    """An error's message, cut to what a table holds."""
    text = " ".join(str(error).split())
    return text if len(text) <= limit else f"{text[: limit // 3]} ... {text[-2 * limit // 3 :]}"
