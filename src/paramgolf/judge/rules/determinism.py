"""The rule of determinism: its declaration, and how it judges an artifact."""

from paramgolf.judge.measure import FULL, Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R10",
    name="determinism",
    asks="The same bits twice: the score can be repeated by anybody with such a machine.",
    measures=f"{FULL.share:.0%} of the predictions again in a fresh sandbox, compared bit for bit.",
    required=Required.ALWAYS,
    limit="the same bits in a fresh process",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
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
