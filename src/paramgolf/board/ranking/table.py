"""The ranking on a terminal, and as plain data."""

import math
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramgolf.board.ledger.ledger import no_entry
from paramgolf.board.ranking.standings import Row, Standings, Status, objective_of_rows

STYLES = {
    Status.RECORD: "bold green",
    Status.FORMER_RECORD: "green",
    Status.INVALID: "red",
    Status.UNDECIDED: "yellow",
    Status.WAITING: "yellow",
    Status.HISTORY: "dim",
}


def shown_rows(
    standings: Standings, *, challenge: str | None, track: str | None, history: bool
) -> tuple[Row, ...]:
    """The rows asked for: by game and track, then by place; those without a place last, by score."""
    rows = [
        row
        for row in standings.rows
        if challenge in (None, row.challenge)
        and track in (None, row.track)
        and (history or row.status is not Status.HISTORY)
    ]
    return tuple(sorted(rows, key=_position))


def row_of(standings: Standings, entry: str) -> Row:
    """The row of that entry.

    Raises:
        UsageError: there is none; the message lists near matches.
    """
    rows = {row.entry: row for row in standings.rows}
    if entry not in rows:
        raise no_entry(entry, rows)
    return rows[entry]


def summary(row: Row) -> dict[str, Any]:
    """What identifies it and where it stands; verdict and write-up are left to the entry's own page."""
    return {
        "entry": row.entry,
        "title": row.title,
        "authors": row.authors,
        "challenge": row.challenge,
        "track": row.track,
        "status": row.status.value,
        "status_reason": row.status_reason,
        "place": row.place,
        row.objective.name: row.score,
        "deviation": row.deviation,
        "seed_scores": row.seed_scores,
        "artifact_bytes": row.artifact_bytes,
        "submitted_at": row.submitted_at,
        "decided_at": row.decided_at,
        "gate": asdict(row.gate) if row.gate else None,
        "disputed": row.disputed,
        "parents": row.parents,
        "link": row.link,
        "changed": row.changed,
        "verdict_sha256": row.verdict_sha256,
        "trained_again": row.verdict.trained_again if row.verdict else None,
    }


def print_standings(rows: tuple[Row, ...], console: Console) -> None:
    """One table a game and track."""
    if not rows:
        console.print("No entries yet. Hand one in: paramgolf board add ENTRY_FOLDER")
    for game in dict.fromkeys((row.challenge, row.track) for row in rows):
        title = f"{game[0]}, {game[1]}"
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        of_game = [row for row in rows if (row.challenge, row.track) == game]
        for name in ("", objective_of_rows(of_game).label, "bytes"):
            table.add_column(name, justify="right", no_wrap=True)
        for name in ("entry", "by", "status"):
            table.add_column(name, overflow="fold")
        for row in of_game:
            table.add_row(*_cells(row))
        console.print(table)


def print_row(row: Row, console: Console) -> None:
    """Everything that the ledger says of one entry, but its write-up and the verdict's findings."""
    lines: dict[str, object] = {
        "by": ", ".join(row.authors),
        "game": f"{row.challenge}, {row.track}",
        "status": f"{row.status}: {row.status_reason}",
        "place": row.place,
        row.objective.label: _score(row),
        "seeds": ", ".join(
            f"{seed}: {row.objective.number(score, more=1)}" for seed, score in row.seed_scores
        ),
        "bytes": f"{row.artifact_bytes:,}" if row.artifact_bytes else None,
        "compared with": row.gate.compared_with if row.gate else None,
        "what is new": row.changed,
        "builds on": ", ".join(row.parents),
        "built upon by": ", ".join(row.descendants),
        "link": row.link,
        "verdict": row.verdict_sha256,
        "reproduced": row.verdict.reproduction_in_words if row.verdict else None,
    }
    console.print(Text(f"{row.title} ({row.entry})", "bold"))
    grid = Table.grid(padding=(0, 2))
    for name, value in lines.items():
        if value not in (None, ""):
            grid.add_row(Text(name, "dim"), Text(str(value)))
    console.print(grid)
    events = Table("", "at", "what", "who", "why", box=box.SIMPLE_HEAD)
    for event in row.events:
        events.add_row(
            str(event.number), event.at[:16].replace("T", " "), event.kind, Text(event.who), Text(event.why)
        )
    console.print(events)


def _position(row: Row) -> tuple[str, str, float, float]:
    score = math.inf if row.score is None else row.objective.cost(row.score)
    return row.challenge, row.track, math.inf if row.place is None else row.place, score


def _cells(row: Row) -> list[Text]:
    status = Text(row.status.value, STYLES.get(row.status, ""))
    if row.disputed:
        status.append("\ndisputed", "bold yellow")
    if row.verdict and row.verdict.reproduction:
        status.append(f"\ntrained again: {row.verdict.reproduction.outcome}", "dim")
    return [
        Text(str(row.place or "")),
        Text(_score(row)),
        Text(f"{row.artifact_bytes:,}" if row.artifact_bytes else ""),
        Text(row.entry),
        Text(", ".join(row.authors)),
        status,
    ]


def _score(row: Row) -> str:
    if row.score is None:
        return ""
    values = [row.score] if row.deviation is None else [row.score, row.deviation]
    return " ± ".join(row.objective.number(value, more=1) for value in values)
