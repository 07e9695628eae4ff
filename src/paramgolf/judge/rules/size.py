"""R02: one file within the byte cap, a zip that holds all it needs and hides nothing."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.rules.answer import broken_here
from paramgolf.judge.verdict import Finding

RULE = Rule("R02", "size", lambda challenge: f"{challenge.artifact_bytes:,} bytes, one zip with entry.py")


def judge(m: Measurements) -> Finding:
    """Size on disk against the cap; the members by their directory. Nothing else is shown to the entry."""
    limit = RULE.limit(m.challenge)
    if broken := broken_here(m, RULE.number):
        return RULE.failed("no artifact", limit, first_line(broken[1]), "Give one regular file.")
    assert m.archive is not None
    measured = f"{m.archive.bytes:,} bytes"
    if m.archive.problems:
        return RULE.failed(
            measured,
            limit,
            " ".join(m.archive.problems),
            "Build it with `paramgolf pack`, or zip it plainly: each member once, no links, all within the cap.",
        )
    return RULE.passed(
        measured,
        limit,
        f"{m.archive.members} members, {m.archive.unpacked_bytes:,} bytes unpacked; it ran alone in its sandbox.",
    )
