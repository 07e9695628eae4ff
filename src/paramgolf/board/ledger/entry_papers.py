"""What an entry's page draws of its papers: training curves and the byte ledger. Computed once, when it is handed in.

The papers are a stranger's: lines that are no numbers are passed over, and nothing here says that they are true.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import LedgerError
from paramgolf.judge.entry import LARGEST_JSON, LARGEST_LOG, Entry

MOST_POINTS = 300
MOST_LINES = 1_000_000
LONGEST_LINE = 10_000
MOST_GROUPS = 60
LONGEST_LABEL = 60
LARGEST_NUMBER = 1e12


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One run while it trained, as its own log has it (the judge measured none of it).

    `points` are (x, y) in ascending x, at most some 300 of them; `x_unit` is "seconds" or "steps", `y_unit`
    "bits per byte" or "nats per token".
    """

    label: str
    x_unit: str
    y_unit: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class EntryPapers:
    """A curve a seed that has a log, and the bytes by group of the first seed that says them."""

    curves: tuple[Curve, ...]
    byte_ledger: tuple[tuple[str, int], ...]


_SHOWN = TypeAdapter(EntryPapers)


def papers_of(entry: Entry, read: Callable[[str], bytes | None]) -> EntryPapers:
    """What there is to draw; `read` gives a file of the entry by its path, or None."""
    curves, ledgers = [], []
    for seed in entry.seeds:
        log = (read(seed.log) if seed.log else None) or b""
        points = _thinned(list(_points(log[:LARGEST_LOG])))
        if len(points) > 1:
            curves.append(
                Curve(label=f"seed {seed.seed}", x_unit="seconds", y_unit="nats per token", points=points)
            )
        ledgers.append(_byte_ledger((read(seed.result) if seed.result else None) or b""))
    return EntryPapers(curves=tuple(curves), byte_ledger=next(filter(None, ledgers), ()))


def papers_json(shown: EntryPapers) -> str:
    """The papers as JSON, for the store."""
    return json.dumps(_SHOWN.dump_python(shown, mode="json"), separators=(",", ":"))


def parse_papers(data: bytes) -> EntryPapers:
    """The papers from their JSON.

    Raises:
        LedgerError: the bytes are damaged.
    """
    try:
        return _SHOWN.validate_json(data)
    except ValidationError as error:
        raise LedgerError(
            f"The store holds what is no drawing of an entry: {what_is_wrong(error, _SHOWN)}."
        ) from None


def _points(log: bytes) -> Iterator[tuple[float, float]]:
    """Seconds and loss of each line that has both, seconds ascending."""
    last = -1.0
    for line in log.split(b"\n", MOST_LINES)[:MOST_LINES]:
        row = _json(line) if 0 < len(line) <= LONGEST_LINE else None
        if isinstance(row, dict):
            seconds, loss = _number(row.get("seconds")), _number(row.get("loss"))
            if seconds is not None and loss is not None and seconds > last:
                last = seconds
                yield seconds, loss


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Means over runs of neighbours, at most `MOST_POINTS` of them."""
    step = math.ceil(len(points) / MOST_POINTS) or 1
    runs = [points[start : start + step] for start in range(0, len(points), step)]
    return tuple((round(run[-1][0], 3), round(math.fsum(y for _, y in run) / len(run), 5)) for run in runs)


def _byte_ledger(result: bytes) -> tuple[tuple[str, int], ...]:
    table = _json(result) if 0 < len(result) <= LARGEST_JSON else None
    rows = table.get("ledger") if isinstance(table, dict) else None
    if not isinstance(rows, list):
        return ()
    pairs = [row for row in rows[:MOST_GROUPS] if isinstance(row, list) and len(row) == 2]
    return tuple(
        (label[:LONGEST_LABEL], size)
        for label, size in pairs
        if isinstance(label, str) and label.isprintable() and type(size) is int and 0 <= size < 2**53
    )


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER
    return float(value) if usable else None
