"""Which rule a broken phase counts against."""

from paramgolf.errors import EntryError, EntryTimeoutError, LossyEntryError, NonFiniteError, UnforeseenError
from paramgolf.judge.measure import Measurements


def counts_against(phase: str, error: EntryError) -> str | None:
    """The number of the rule that an error in a phase breaks; None where it only leaves rules undecided."""
    if isinstance(error, UnforeseenError):
        return None
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
