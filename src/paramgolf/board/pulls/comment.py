"""A verdict as a Markdown comment. What an entry said stands in code spans: no mention, link, image or HTML in it."""

import re
from collections.abc import Sequence

from paramgolf.common.printable import one_line
from paramgolf.judge.verdict import Finding, Outcome, Validity, Verdict

# by it the comment of an earlier verdict is found and replaced
MARKER = "<!-- paramgolf judge -->"
LONGEST_CELL = 300
LONGEST_SENTENCE = 1000
# GitHub takes 65,536 characters
LONGEST_COMMENT = 60_000
_MARKS = {Outcome.PASS: "pass", Outcome.FAIL: "**FAIL**", Outcome.UNDECIDED: "undecided"}
_WORDS = {
    Validity.VALID: "valid: every rule that must be decided was, and none failed.",
    Validity.INVALID: "not valid: a rule failed. What to change is below.",
    Validity.UNDECIDED: "undecided: a rule that must be decided was not. An organiser looks at it.",
    Validity.CONSISTENT: "consistent: nothing of it was run.",
}
# Words that Markdown takes as they are, but for what GitHub makes a link of by itself.
_HARMLESS = re.compile(r"[A-Za-z0-9.,:;%()/+='-]+")
_QUOTED = re.compile(r"`[A-Za-z0-9._]+`")
_LINK = re.compile(r"//|www\.|mailto:|xmpp:|\bGH-\d|\b[0-9a-f]{7,}\b", re.IGNORECASE)


def verdict_comment(verdict: Verdict, *, pull: int, sha: str) -> str:
    """The comment on a pull request whose head `sha` was judged; `pull` is 0 for an entry of main."""
    seeds = len(verdict.seed_values)
    score = f"**{verdict.mean_in_words}** over {_count(seeds, 'seed')}. " if seeds else ""
    head = [
        MARKER,
        f"### {code(verdict.entry)} is {_WORDS[verdict.standing]}",
        "",
        f"{score}Challenge {code(verdict.challenge)}, track {code(verdict.track)}, "
        f"{'entered as a record' if verdict.record else 'not entered as a record'}. "
        f"Head {code(sha)}, judged in {verdict.seconds:.0f} s.",
        *(["", f"{text(verdict.reproduction_in_words)}."] if verdict.reproduction else []),
        "",
    ]
    foot = ["", *_repeat(verdict, pull)]
    room = LONGEST_COMMENT - sum(map(len, head + foot)) - 1000
    lines = [*head, *_parts(verdict.findings, room), *foot]
    return "\n".join(lines) + "\n"


def refusal_comment(reason: str, *, sha: str) -> str:
    """The comment on a pull request that is not judged as it is."""
    return _short(
        "Not judged", reason, f"Head {code(sha)}. Push again to the same branch, and it is judged again."
    )


def stopped_comment(reason: str, *, sha: str) -> str:
    """The comment on a pull request on which the judge came to no verdict."""
    closing = (
        "This is a failure of the harness, not of the entry: an organiser fixes it and repeats the judging."
    )
    return _short("The judge stopped", reason, f"Head {code(sha)}. {closing}")


def _short(heading: str, reason: str, closing: str) -> str:
    return "\n".join([MARKER, f"### {heading}", "", text(reason, limit=4000), "", closing, ""])


def text(value: str, *, limit: int = LONGEST_CELL) -> str:
    """A text that may hold a stranger's words: each word as it is where that is harmless, else in a code span."""
    line = " ".join(value.split())
    line = line if len(line) <= limit else f"{line[: limit - 3]}..."
    return " ".join(_word(word) for word in line.split())


def code(value: str) -> str:
    """A code span, in which nothing is a mention, a link, an image or HTML, and which ends no table's cell."""
    line = one_line(value).replace("|", "\N{BROKEN BAR}")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    # Markdown takes one space away on each side
    return f"{fence} {line or ' '} {fence}" if not line or longest or line != line.strip() else f"`{line}`"


def _word(word: str) -> str:
    if (_HARMLESS.fullmatch(word) and not _LINK.search(word)) or _QUOTED.fullmatch(word):
        return word
    end = len(word) - len(word.rstrip(".,:;"))
    return code(word[: len(word) - end]) + word[len(word) - end :] if 0 < end < len(word) else code(word)


def _parts(findings: Sequence[Finding], room: int) -> list[str]:
    """What failed with what to change, then all rules as tables, those that passed folded."""
    lines: list[str] = []
    left_out = 0
    for finding in findings:
        if finding.outcome is Outcome.FAIL:
            line = f"- **{_name(finding)}**: {_explained(finding)}"
            left_out += len(line) >= room
            room -= _add(lines, line, room)
    lines += [""] if lines else []
    not_passed = [f for f in findings if f.outcome is not Outcome.PASS]
    passed = [f for f in findings if f.outcome is Outcome.PASS]
    for rows, fold in ((not_passed, False), (passed, True)):
        table: list[str] = []
        for finding in sorted(rows, key=lambda f: f.outcome is Outcome.UNDECIDED):
            cells = (_name(finding), _MARKS[finding.outcome], text(finding.measured), text(finding.limit))
            line = f"| {' | '.join(cells)} |"
            left_out += len(line) >= room
            room -= _add(table, line, room)
        if table:
            table = ["| rule | | measured | limit |", "|---|---|---|---|", *table]
            summary = f"<details><summary>{_count(len(passed), 'finding')} passed</summary>"
            lines += [summary, "", *table, "", "</details>", ""] if fold else [*table, ""]
    return [*lines, f"{left_out} more rows are in verdict.json."] if left_out else lines[:-1]


def _add(lines: list[str], line: str, room: int) -> int:
    """Add a line where there is room for it; what it takes."""
    if len(line) >= room:
        return 0
    lines.append(line)
    return len(line) + 1


def _name(finding: Finding) -> str:
    return f"{finding.rule} {finding.name}" + ("" if finding.seed is None else f", seed {finding.seed}")


def _explained(finding: Finding) -> str:
    sentences = [finding.evidence, finding.mend]
    return " ".join(text(s if s.endswith(".") else f"{s}.", limit=LONGEST_SENTENCE) for s in sentences if s)


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
