"""A verdict on a terminal."""

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from paramgolf.common.printable import printable
from paramgolf.judge.verdict import Finding, Outcome, Validity, Verdict

MARKS = {
    Outcome.PASS: ("pass", "green"),
    Outcome.FAIL: ("FAIL", "bold red"),
    Outcome.UNDECIDED: ("undecided", "yellow"),
}
COLOURS = {
    Validity.VALID: "bold green",
    Validity.CONSISTENT: "bold green",
    Validity.INVALID: "bold red",
    Validity.UNDECIDED: "bold yellow",
}


def print_verdict(verdict: Verdict, console: Console) -> None:
    """The findings as a table, what to fix below it, the verdict last."""
    table = Table(
        title=Text(printable(f"{verdict.title}: {verdict.challenge}, {verdict.depth}")),
        title_justify="left",
        expand=False,
    )
    for name in ("rule", "", "measured", "limit"):
        table.add_column(name, overflow="fold")
    seeds = sorted({f.seed for f in verdict.findings if f.seed is not None})
    for finding in verdict.findings:
        word, style = MARKS[finding.outcome]
        of_seed = f" (seed {finding.seed})" if len(seeds) > 1 and finding.seed is not None else ""
        rule = Text(f"{finding.rule} {finding.name}{of_seed}")
        table.add_row(
            rule, Text(word, style), Text(printable(finding.measured)), Text(printable(finding.limit))
        )
    console.print(table)
    for finding in verdict.failed:
        console.print(_explained(finding))
    console.print(_last_line(verdict), soft_wrap=True)


def _explained(finding: Finding) -> RenderableType:
    head = Text.assemble((f"{finding.rule} {finding.name}: ", "bold red"), printable(finding.evidence))
    return Group(head, Text(f"  fix: {printable(finding.mend)}", "italic")) if finding.mend else head


def _last_line(verdict: Verdict) -> Text:
    line = Text(str(verdict.standing), COLOURS[verdict.standing])
    seeds = len(verdict.seed_values)
    if seeds:
        line.append(f"  {verdict.mean_in_words}", "bold")
        line.append(f" over {seeds} seed{'s' if seeds > 1 else ''}")
        line.append(" (a sample)" if verdict.depth == "quick" else "")
    undecided = [f.rule for f in verdict.findings if f.outcome is Outcome.UNDECIDED]
    if undecided:
        line.append(f"; undecided: {', '.join(dict.fromkeys(undecided))}")
    if verdict.trained_again is not None:
        line.append(f"; seed {verdict.trained_again} trained again")
    line.append(f"; judged in {verdict.seconds:.0f} s", "dim")
    return line
