"""A rule as data: number, name, what it asks, what is measured, what it allows; and the findings it makes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from paramgolf.challenge import Challenge
from paramgolf.errors import UnforeseenError
from paramgolf.judge.verdict import Finding, Outcome

if TYPE_CHECKING:
    from paramgolf.judge.measure import Measurements


class Required(StrEnum):
    """When a rule must be decided before an entry is called valid. A rule that fails makes it invalid always."""

    ALWAYS = "always"
    WHOLE_TEXT = "not on a quick look"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule's declaration.

    `number` never changes its meaning. `asks` says what an entry must keep, `measures` how the judge finds out, both
    for readers. `limit` is what the rule allows, in words; some of it depends on the challenge.
    """

    number: str
    name: str
    asks: str
    measures: str
    required: Required
    limit: str | Callable[[Challenge], str]

    def limit_in(self, challenge: Challenge) -> str:
        """What the rule allows in that challenge."""
        return self.limit if isinstance(self.limit, str) else self.limit(challenge)

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
        unforeseen = [str(error) for error in m.errors.values() if isinstance(error, UnforeseenError)]
        why = " ".join([f"Not reached: the judge stopped at {broken}.", *unforeseen])
        return self.undecided(why, "" if unforeseen else "Fix that first.")


def first_line(error: Exception, limit: int = 600) -> str:
    """An error's message, cut to what a table holds."""
    text = " ".join(str(error).split())
    return text if len(text) <= limit else f"{text[: limit // 3]} ... {text[-2 * limit // 3 :]}"
