"""R03: the tokens say everything: decode(encode(d)) gives the same bytes, in a process that never saw d."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.rules.answer import broken_here
from paramgolf.judge.verdict import Finding

RULE = Rule("R03", "lossless", "every byte comes back")


def judge(m: Measurements) -> Finding:
    """Every document, and byte strings made to be difficult."""
    limit = RULE.limit(m.challenge)
    if broken := broken_here(m, RULE.number):
        return RULE.failed(
            "text was lost",
            limit,
            first_line(broken[1]),
            "Keep what encode changes (case, spaces, invalid UTF-8) in the tokens, where it is charged; "
            "decode may use the tokens alone.",
        )
    if m.score is None or m.hostile_strings is None:
        return RULE.not_reached(m)
    return RULE.passed(
        f"{m.score.documents:,} documents and {m.hostile_strings} difficult strings came back",
        limit,
        "encoded in one sandbox, decoded in another",
    )
