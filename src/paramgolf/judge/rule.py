"""A rule: its number, its name, and how it answers. Where a number is given to a rule, it is given once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from paramgolf.challenge import Challenge
from paramgolf.judge.verdict import Finding, Outcome

if TYPE_CHECKING:
    from paramgolf.judge.measure import Measurements


class Rule:
    """Makes the findings of one rule. `limit` is what it allows, in words; some of it depends on the challenge."""

    def __init__(self, number: str, name: str, limit: str | Callable[[Challenge], str]) -> None:
        self.number, self.name, self._limit = number, name, limit

    def limit(self, challenge: Challenge) -> str:
        """What the rule allows in that challenge."""
        return self._limit if isinstance(self._limit, str) else self._limit(challenge)

    def __call__(
        self,
        outcome: Outcome,
        measured: str,
        limit: str,
        evidence: str,
        mend: str = "",
        seed: int | None = None,
    ) -> Finding:
        return Finding(
            rule=self.number,
            name=self.name,
            outcome=outcome,
            measured=measured,
            limit=limit,
            evidence=evidence,
            mend=mend,
            seed=seed,
        )

    def passed(self, measured: str, limit: str, evidence: str) -> Finding:
        """The entry keeps it."""
        return self(Outcome.PASS, measured, limit, evidence)

    def failed(self, measured: str, limit: str, evidence: str, mend: str) -> Finding:
        """The entry breaks it; `mend` says what to change."""
        return self(Outcome.FAIL, measured, limit, evidence, mend)

    def undecided(
        self, why: str, mend: str = "", *, limit: str = "", measured: str = "not measured"
    ) -> Finding:
        """Nothing was measured, or nothing that settles it."""
        return self(Outcome.UNDECIDED, measured, limit, why, mend)

    def not_reached(self, m: "Measurements") -> Finding:
        """An earlier phase broke, so there is nothing to judge."""
        broken = ", ".join(m.errors) or "the archive"
        return self.undecided(f"Not reached: the judge stopped at {broken}.", "Mend that first.")


def first_line(error: Exception, limit: int = 600) -> str:
    """An error's message, cut to what a table holds."""
    text = " ".join(str(error).split())
    return text if len(text) <= limit else f"{text[: limit // 3]} ... {text[-2 * limit // 3 :]}"
