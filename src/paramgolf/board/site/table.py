"""The table: groups of entries that may be compared, in the order in which a reader looks for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from paramgolf.board.ranking.standings import Row, Standings, Status, objective_of_rows
from paramgolf.board.site.words import finite, when
from paramgolf.challenge import Objective

# Rows that the front page holds itself; the others come from rows.js when somebody sorts or filters.
SHOWN_AT_ONCE = 100
NOT_RANKED = (Status.UNDECIDED, Status.WAITING, Status.INVALID)


@dataclass(frozen=True, kw_only=True)
class Group:
    """The entries of one challenge and track. `number` names it in the page; `best` is the score to be beaten,
    `placed` how many are valid.

    `records` are its steps in the order of time, as far as they can be drawn: what the chart shows. `shown` is how many
    of `rows` the front page holds.
    """

    number: int
    challenge: str
    track: str
    objective: Objective
    rows: tuple[Row, ...]
    records: tuple[Row, ...]
    best: float | None
    placed: int
    shown: int


def groups_of(standings: Standings) -> tuple[Group, ...]:
    """Groups with something verified first, then by size; rows by place, then history by score, then the others."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in standings.rows:
        found.setdefault((row.challenge, row.track), []).append(row)
    order = sorted(found, key=lambda key: (not _has_verified(found[key]), -len(found[key]), key))
    quotas = _quotas([len(found[key]) for key in order])
    rows_by_name = {row.entry: row for row in standings.rows}
    groups = []
    for number, (key, shown) in enumerate(zip(order, quotas, strict=True)):
        rows = sorted(found[key], key=_rank)
        names = standings.records.get(key, ())
        groups.append(
            Group(
                number=number,
                challenge=key[0],
                track=key[1],
                objective=objective_of_rows(rows),
                rows=tuple(rows),
                records=tuple(
                    rows_by_name[n] for n in names if n in rows_by_name and _drawable(rows_by_name[n])
                ),
                best=_best(rows),
                placed=sum(row.place is not None for row in rows),
                shown=shown,
            )
        )
    return tuple(groups)


def behind(row: Row, group: Group) -> float | None:
    """How far the row's score is from the best of the group; None for what is not ranked."""
    if row.status in NOT_RANKED or finite(row.score) is None or group.best is None:
        return None
    return (row.score or 0) - group.best


def _has_verified(rows: Sequence[Row]) -> bool:
    return any(row.place is not None for row in rows)


def _rank(row: Row) -> tuple[int, float, str]:
    part = 0 if row.place is not None else 1 if row.status is Status.HISTORY else 2
    part = 3 if row.status is Status.INVALID else part
    value = finite(row.score)
    return part, row.place or (float("inf") if value is None else row.objective.cost(value)), row.entry


def _best(rows: Sequence[Row]) -> float | None:
    """Of the ranked entries; of the history where nothing is ranked."""
    for status in (False, True):
        scores = [
            score
            for row in rows
            if (row.status is Status.HISTORY) is status
            and row.status not in NOT_RANKED
            and (score := finite(row.score)) is not None
        ]
        if scores:
            return min(scores, key=objective_of_rows(rows).cost)
    return None


def _drawable(row: Row) -> bool:
    return when(row.submitted_at) is not None and finite(row.score) is not None


def _quotas(sizes: Sequence[int]) -> list[int]:
    """SHOWN_AT_ONCE rows shared out: small groups whole, the rest evenly among the large ones."""
    left, quotas = SHOWN_AT_ONCE, [0] * len(sizes)
    for waiting, index in zip(
        range(len(sizes), 0, -1), sorted(range(len(sizes)), key=lambda i: sizes[i]), strict=True
    ):
        quotas[index] = min(sizes[index], left // waiting)
        left -= quotas[index]
    return quotas
