"""What `paramgolf compare` shows a person."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramgolf.challenge import OBJECTIVES, Objective
from paramgolf.judge.record_gate import RecordComparison, Side

_STYLES = {"record": "bold green", "not a record": "bold red", "undecided": "bold yellow"}


def print_comparison(comparison: RecordComparison, console: Console) -> None:
    """Show both sides, the test and the decision; the last lines are `key: value`, for grep.

    An entry's name is a stranger's text: it is printed as a literal, so that no markup or escape sequence works.
    """
    console.print(_sides(comparison))
    for note in comparison.notes:
        console.print(Text(note), soft_wrap=True)
    for reason in comparison.reasons:
        console.print(Text(f"- {reason}"), soft_wrap=True)
    test = comparison.test
    console.print(f"gain: {comparison.gain_in_words}")
    console.print(f"margin: {comparison.margin_in_words}")
    console.print(
        f"p: {_number(test.p_value, '.3g')} ({OBJECTIVES[comparison.objective_name].seed_test}; "
        f"t = {_number(test.t, '.3f')}, {_number(test.degrees_of_freedom, '.2f')} degrees of freedom; "
        f"must be below {comparison.significance_level:g})",
        soft_wrap=True,
    )
    style = _STYLES[comparison.decision]
    console.print(Text(f"decision: {comparison.decision}", style=style))


def _sides(comparison: RecordComparison) -> Table:
    table = Table(title=f"Record gate of {comparison.challenge}")
    for name in ("", "entry", "standing"):
        table.add_column(name, overflow="fold")
    objective = OBJECTIVES[comparison.objective_name]
    for name in ("seeds", "mean", "deviation", f"{objective.label} by seed"):
        table.add_column(name, justify="right", overflow="fold")
    test = comparison.test
    _add(table, objective, "entry", comparison.entry, test.entry_mean, test.entry_deviation)
    _add(table, objective, "record", comparison.record, test.record_mean, test.record_deviation)
    return table


def _add(
    table: Table, objective: Objective, name: str, side: Side, mean: float | None, deviation: float | None
) -> None:
    seeds = "\n".join(f"{s.seed}: {objective.number(s.value, more=2)}" for s in side.samples)
    words = ["unknown" if value is None else objective.number(value, more=2) for value in (mean, deviation)]
    table.add_row(
        name,
        Text(repr(side.entry)),
        side.standing,
        str(len(side.samples)),
        *words,
        seeds,
    )


def _number(value: float | None, form: str) -> str:
    return "unknown" if value is None else f"{value:{form}}"
