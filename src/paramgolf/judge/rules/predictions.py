"""R05: every prediction is a distribution over the whole alphabet: finite logits, of which we take the softmax."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.rules.answer import broken_here
from paramgolf.judge.verdict import Finding

RULE = Rule("R05", "predictions", "finite logits, normalised by the harness")


def judge(m: Measurements) -> Finding:
    """NaN and infinity are refused wherever they count; normalisation is ours."""
    limit = RULE.limit(m.challenge)
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
