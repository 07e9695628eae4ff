"""The rule of isolation: its declaration, and how it judges an artifact."""

from paramgolf.judge.audit import GAP_NATS
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R08",
    name="isolation",
    asks="Documents are independent: always in the fixed track, where declared in the adaptive one.",
    measures=(
        "Documents alone and from the last to the first (fixed), or before anything was learned "
        "(declared isolated)."
    ),
    required=Required.ALWAYS,
    limit=f"{GAP_NATS} nats at any prediction",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if m.repeats is None:
        return RULE.not_reached(m)
    alone = m.repeats.alone
    if alone is None:
        return RULE.passed(
            "not declared", limit, "an adaptive entry that learns from one document for the next"
        )
    measured = f"largest difference {alone.largest:.1e} nats over {alone.rows:,} predictions"
    if alone.largest > GAP_NATS:
        return RULE.failed(
            measured,
            limit,
            f"First difference at document, row {alone.where}, when the document was asked for without those before "
            "and beside it.",
            "Start every document from the same state, or enter the adaptive track without document isolation.",
        )
    return RULE.passed(measured, limit, "a sample of documents, each alone, from the last to the first")
