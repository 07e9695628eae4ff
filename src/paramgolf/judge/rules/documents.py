"""R04: the canonical documents, all of them, in order. The harness feeds them; the entry has no say."""

from paramgolf.corpus import documents_sha256
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule
from paramgolf.judge.verdict import Finding

RULE = Rule("R04", "documents", "all validation documents, in order")


def judge(m: Measurements) -> Finding:
    """What was scored, by hash."""
    limit = RULE.limit(m.challenge)
    if m.score is None:
        return RULE.not_reached(m)
    measured = f"{m.score.documents:,} documents, {m.score.text_bytes:,} bytes"
    if m.depth.text_share < 1:
        return RULE.undecided(
            f"A sample was scored: {measured}.", "Leave --quick away for the whole text.", limit=limit
        )
    return RULE.passed(measured, limit, f"SHA-256 {documents_sha256(m.documents)}")
