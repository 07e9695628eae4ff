"""R10: the same bits twice: the score can be repeated by anybody with such a machine."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule
from paramgolf.judge.verdict import Finding

RULE = Rule("R10", "determinism", "the same bits in a fresh process")


def judge(m: Measurements) -> Finding:
    """Some batches again in a fresh sandbox, as they were, compared bit for bit."""
    limit = RULE.limit(m.challenge)
    if m.repeats is None:
        return RULE.not_reached(m)
    again = m.repeats.again
    measured = f"{again.differing:,} of {again.rows:,} predictions differ"
    if again.differing:
        return RULE.failed(
            measured,
            limit,
            f"First at document, row {again.where}; largest difference {again.largest:.1e} nats.",
            "Seed every random number, use no clock, no address and no set order, and no sum whose order depends on "
            "threads.",
        )
    return RULE.passed(measured, limit, "a sample of batches, asked again in a fresh sandbox")
