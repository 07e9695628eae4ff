"""The rule of size: its declaration, and how it judges an artifact."""

from paramgolf.judge.archive import UNPACKED_BYTES
from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R02",
    name="size",
    asks="One file within the byte cap, a zip that holds all it needs and hides nothing.",
    measures=(
        "Bytes on disk against the cap; a zip of plain members: each once, none leading out, no link, "
        f"readable, at most {UNPACKED_BYTES >> 30} GiB unpacked."
    ),
    required=Required.ALWAYS,
    limit=lambda challenge: f"{challenge.artifact_bytes:,} bytes, one zip with entry.py",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if broken := broken_here(m, RULE.number):
        return RULE.failed("no artifact", limit, first_line(broken[1]), "Give one regular file.")
    if m.archive is None:
        return RULE.not_reached(m)
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
