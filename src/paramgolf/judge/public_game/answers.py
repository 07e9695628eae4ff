"""How a rule answers about papers, and when two printed numbers are the same number."""

from typing import Protocol

from paramgolf.judge.verdict import Finding, Outcome

MOST_DECIMALS = 8
FEWEST_DECIMALS = 3


class Answer(Protocol):
    """Makes a finding of one rule."""

    def __call__(
        self,
        outcome: Outcome,
        measured: str,
        limit: str,
        evidence: str,
        mend: str = "",
        seed: int | None = None,
    ) -> Finding: ...


def rule(number: str, name: str) -> Answer:
    """What makes the findings of the rule of that number and name."""

    def answer(
        outcome: Outcome, measured: str, limit: str, evidence: str, mend: str = "", seed: int | None = None
    ) -> Finding:
        return Finding(
            rule=number,
            name=name,
            outcome=outcome,
            measured=measured,
            limit=limit,
            evidence=evidence,
            mend=mend,
            seed=seed,
        )

    return answer


ENTRY = rule("R01", "entry")
SIZE = rule("R02", "size")
CLOCKS = rule("R09", "clocks")
CLAIMS = rule("R12", "claims")
EVIDENCE = rule("R15", "evidence")
SEEDS = rule("R16", "seeds")


def half_a_unit(value: float, decimals: int | None = None) -> float:
    """Half of the last printed place of a number: what rounding may have moved it by."""
    if decimals is None:
        decimals = (
            len(repr(float(value)).partition(".")[2]) if "e" not in repr(float(value)) else MOST_DECIMALS
        )
    return 0.5 * 10.0 ** -min(max(decimals, FEWEST_DECIMALS), MOST_DECIMALS)


def listed(items: list[str], most: int = 5) -> str:
    """A few of them, and how many more."""
    rest = len(items) - most
    return "; ".join(items[:most]) + (f"; and {rest} more" if rest > 0 else "")
