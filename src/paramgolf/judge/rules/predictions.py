"""The rule of predictions: its declaration, and how it judges an artifact."""

from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R05",
    name="predictions",
    asks=(
        "Every prediction is a distribution over the whole alphabet: finite logits, of which the "
        "harness takes the softmax."
    ),
    measures="NaN and infinity are refused wherever they count; the softmax is the harness's.",
    required=Required.ALWAYS,
    limit="finite logits, normalised by the harness",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if broken := broken_here(m, RULE.number):
        return RULE.failed(
            "NaN or infinity",
            limit,
            first_line(broken[1]),
            "For a token that cannot come, give a large negative logit such as -1e4.",
        )
    if m.score is None:
        return RULE.not_reached(m)
    return RULE.passed(
        f"{m.score.tokens:,} predictions over {m.score.vocab_size:,} tokens",
        limit,
        "softmax in float64 by the harness, end of document charged",
    )
