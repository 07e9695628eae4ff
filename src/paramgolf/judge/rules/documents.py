"""The rule of documents: its declaration, and how it judges an artifact."""

from paramgolf.corpus import documents_sha256
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R04",
    name="documents",
    asks="The canonical documents, all of them, in order. The harness feeds them; the entry has no say.",
    measures="The documents that the harness fed, all and in order, by SHA-256.",
    required=Required.WHOLE_TEXT,
    limit="all validation documents, in order",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if m.score is None:
        return RULE.not_reached(m)
    measured = f"{m.score.documents:,} documents, {m.score.text_bytes:,} bytes"
    if m.depth.text_share < 1:
        return RULE.undecided(
            f"A sample was scored: {measured}.", "Leave --quick away for the whole text.", limit=limit
        )
    return RULE.passed(measured, limit, f"SHA-256 {documents_sha256(m.documents)}")
