"""The rule of lossless: its declaration, and how it judges an artifact."""

from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.repeat import HOSTILE_STRINGS
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R03",
    name="lossless",
    asks=(
        "The tokens say everything and depend on the document alone: decode(encode(d)) gives the same bytes, in a "
        "process that never saw d."
    ),
    measures=(
        f"Every document, and {len(HOSTILE_STRINGS)} byte strings made to be difficult, encoded in one sandbox and "
        "decoded in another; every document again in two others, in an order drawn anew: the same tokens."
    ),
    required=Required.ALWAYS,
    limit="every byte comes back",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if broken := broken_here(m, RULE.number):
        return RULE.failed(
            "text was lost",
            limit,
            first_line(broken[1]),
            "Keep what encode changes (case, spaces, invalid UTF-8) in the tokens, where it is charged; "
            "decode may use the tokens alone, and encode the document alone.",
        )
    if m.score is None or m.hostile_strings is None:
        return RULE.not_reached(m)
    return RULE.passed(
        f"{m.score.documents:,} documents and {m.hostile_strings} difficult strings came back",
        limit,
        "encoded in one sandbox, decoded in another; again in two others and another order, with the same tokens",
    )
