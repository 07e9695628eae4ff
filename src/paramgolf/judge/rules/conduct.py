"""R17: the entry answers what it is asked, within its resources, and leaves the harness alone."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.rules.answer import broken_here
from paramgolf.judge.verdict import Finding

RULE = Rule("R17", "conduct", "every question answered as the protocol says")


def judge(m: Measurements) -> Finding:
    """Crashes, frames that the protocol does not allow, resources exhausted."""
    limit = RULE.limit(m.challenge)
    if broken := broken_here(m, RULE.number):
        phase, error = broken
        return RULE.failed(
            f"it broke in the phase {phase}",
            limit,
            first_line(error),
            "Run `paramgolf score` on it to see the same error; docs/scoring.md states what an entry may use.",
        )
    if m.score is None:
        return RULE.not_reached(m)
    return RULE.passed(
        "no complaint",
        limit,
        f"{len(m.seconds)} phases in bubblewrap sandboxes, limits by rlimits and namespaces",
    )
