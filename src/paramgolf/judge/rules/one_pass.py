"""The rule of one pass: its declaration, and how it judges an artifact."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R07",
    name="one pass",
    asks=(
        "Score before update, one pass: asking changes nothing, and an entry learns only from what was scored."
    ),
    measures="The same question twice in a row, bit for bit; learn only in the adaptive track.",
    required=Required.ALWAYS,
    limit="the same answer twice; learn only where declared",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if m.score is None:
        return RULE.not_reached(m)
    if m.declared_track == "fixed" and m.score.adaptive:
        return RULE.failed(
            "the entry learns",
            limit,
            "Its predictor has `learn`, but it is entered in the fixed track.",
            "Enter it in the adaptive track, or remove `learn`.",
        )
    if m.repeats is None:
        return RULE.not_reached(m)
    twice = m.repeats.twice
    measured = f"{twice.differing:,} of {twice.rows:,} predictions differ when asked twice"
    if twice.differing:
        return RULE.failed(
            measured,
            limit,
            f"First at document, row {twice.where}; largest difference {twice.largest:.1e} nats.",
            "`predict` must not change state: keep what adapts inside a document on a scratch copy, and learn from "
            "scored text in `learn` alone.",
        )
    return RULE.passed(measured, limit, "asked twice in a row, compared bit for bit")
