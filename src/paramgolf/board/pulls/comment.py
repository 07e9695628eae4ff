"""A verdict as a Markdown comment. What an entry said stands in code spans: no mention, link, image or HTML in it."""

import re
from collections.abc import Iterable

from paramgolf.judge.verdict import Finding, Outcome, Standing, Verdict

# by it the comment of an earlier verdict is found and replaced
MARKER = "<!-- paramgolf judge -->"
LONGEST_CELL = 300
# GitHub takes 65,536 characters
LONGEST_COMMENT = 60_000
_MARKS = {Outcome.PASS: "pass", Outcome.FAIL: "**FAIL**", Outcome.UNDECIDED: "open"}
_ORDER = {Outcome.FAIL: 0, Outcome.UNDECIDED: 1, Outcome.PASS: 2}
_WORDS = {
    Standing.VALID: "valid: every rule that must be decided was, and none failed.",
    Standing.INVALID: "not valid: a rule failed. What to change is below.",
    Standing.UNDECIDED: "undecided: a rule that must be decided was not. An organiser looks at it.",
    Standing.CONSISTENT: "consistent: nothing of it was run.",
}
# Words that Markdown takes as they are, but for what GitHub makes a link of by itself.
_HARMLESS = re.compile(r"[A-Za-z0-9.,:;%()/+='-]+")
_LINK = re.compile(r"//|www\.|mailto:|xmpp:|\bGH-\d|\b[0-9a-f]{7,}\b", re.IGNORECASE)


def verdict_comment(verdict: Verdict, *, pull: int, sha: str) -> str:
    """The comment on a pull request whose head `sha` was judged; `pull` is 0 for an entry of main."""
    scores = [score.bits_per_byte for score in verdict.scores]
    score = (
        f"**{sum(scores) / len(scores):.4f} bits per byte** over {_count(len(scores), 'seed')}. "
        if scores
        else ""
    )
    head = [
        MARKER,
        f"### {code(verdict.entry)} is {_WORDS[verdict.standing]}",
        "",
        f"{score}Challenge {code(verdict.challenge)}, track {code(verdict.track)}, "
        f"{'entered as a record' if verdict.record else 'not entered as a record'}; "
        f"{_count(len(verdict.failed), 'finding')} failed. Head {code(sha)}, judged in {verdict.seconds:.0f} s.",
        "",
    ]
    foot = ["", *_repeat(verdict, pull)]
    findings = sorted(verdict.findings, key=lambda f: _ORDER[f.outcome])
    room = LONGEST_COMMENT - sum(map(len, head + foot)) - 500
    return "\n".join([*head, *_table(findings, room), *foot]) + "\n"


def refusal_comment(reason: str, *, sha: str) -> str:
    """The comment on a pull request that was not judged."""
    return "\n".join(
        [
            MARKER,
            "### Not judged",
            "",
            f"{text(reason, limit=4000)}",
            "",
            f"Head {code(sha)}. Push again to the same branch, and it is judged again.",
            "",
        ]
    )


def text(value: str, *, limit: int = LONGEST_CELL) -> str:
    """A text that may hold a stranger's words: each word as it is where that is harmless, else in a code span."""
    line = " ".join(value.split())
    line = line if len(line) <= limit else f"{line[: limit - 3]}..."
    return " ".join(
        word if _HARMLESS.fullmatch(word) and not _LINK.search(word) else code(word) for word in line.split()
    )


def code(value: str) -> str:
    """A code span, in which nothing is a mention, a link, an image or HTML, and which ends no table's cell."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(value.split()))
    line = line.replace("|", "\N{BROKEN BAR}")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    # Markdown takes one space away on each side
    return f"{fence} {line or ' '} {fence}" if not line or longest or line != line.strip() else f"`{line}`"


def _table(findings: Iterable[Finding], room: int) -> list[str]:
    lines = ["| rule | | measured | limit | what to change |", "|---|---|---|---|---|"]
    left_out = 0
    for finding in findings:
        seed = "" if finding.seed is None else f", seed {finding.seed}"
        cells = [
            f"{finding.rule} {finding.name}{seed}",
            _MARKS[finding.outcome],
            text(finding.measured),
            text(finding.limit),
            _mend(finding),
        ]
        line = f"| {' | '.join(cells)} |"
        if room < len(line):
            left_out += 1
            continue
        room -= len(line) + 1
        lines.append(line)
    return [*lines, "", f"{left_out} more rows are in verdict.json."] if left_out else lines


def _mend(finding: Finding) -> str:
    if finding.outcome is Outcome.PASS:
        return ""
    return " ".join(part for part in (text(finding.evidence), text(finding.mend)) if part)


def _repeat(verdict: Verdict, pull: int) -> list[str]:
    return [
        "The same on your own machine:",
        "",
        "```",
        *([f"git fetch origin refs/pull/{pull}/head && git checkout --detach FETCH_HEAD"] if pull else []),
        f"paramgolf verify entries/{verdict.entry} --challenge {verdict.challenge}",
        "```",
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
