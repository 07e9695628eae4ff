"""The rule of conduct: its declaration, and how it judges an artifact."""

from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R17",
    name="conduct",
    asks="The entry answers what it is asked, within its resources, and leaves the harness alone.",
    measures="Crashes, frames that the protocol does not allow, resources exhausted.",
    required=Required.ALWAYS,
    limit="every question answered as the protocol says",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
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
