"""The ranking as plain data: what `ranking` computes from the ledger's events and what the site shows.

Scores are what the objective of the row's game compares, sizes bytes, times ISO 8601 in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from paramgolf.board.ledger.entry_papers import Curve
from paramgolf.challenge import Objective
from paramgolf.judge.verdict import Verdict


class Status(StrEnum):
    """Where an entry stands.

    WAITING: submitted, not judged. RECORD: the standing record of its track. FORMER_RECORD: was one, beaten by a
    later one. SHORT_OF_RECORD: valid, entered as a record, and the gate did not open. NON_RECORD: valid and not
    entered as a record. UNDECIDED: the judge could not decide every rule. INVALID: a rule failed, or an organiser
    ruled so later. HISTORY: of the public game's table, not verified here.
    """

    WAITING = "waiting"
    RECORD = "record"
    FORMER_RECORD = "former record"
    SHORT_OF_RECORD = "short of the record"
    NON_RECORD = "non-record"
    UNDECIDED = "undecided"
    INVALID = "invalid"
    HISTORY = "history"


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """One thing that happened to an entry: `kind` is the event's name, `who` did it, `why` in a sentence."""

    number: int
    kind: str
    at: str
    who: str
    why: str


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """The record gate: the entry against the record that stood when it was handed in.

    gain, margin: in the objective's unit.

    `compared_with` is None for the first record of a track. `decision` is judge/record_gate.py's: "record", "not a
    record" or "undecided"; `reasons` also say where it is provisional, since an earlier entry is not judged yet.
    """

    compared_with: str | None
    gain: float | None
    margin: float
    p_value: float | None
    significance_level: float
    decision: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry of the table.

    `entry` is its name (unique; a file name). `place` counts from 1 among the valid entries of its challenge and
    track, by score, equal scores sharing a place; None for others. `verdict` is None until it was judged and for
    history. `verdict_sha256` names the stored verdict that earned the row. `status_reason` says in words why the
    status is what it is, with ties, disputes and, for history, what contradicts itself. `disputed`: an entry that it
    builds on was found invalid after it was judged. `descendants` are the entries that name it, or one of its
    descendants, as a parent. `submitted_at` is when it was handed in, `decided_at` when its last verdict or ruling
    was written. History has the public game's tracks, "10min_16mb" and "non_record_16mb", and seed scores as stated
    in its logs and papers.

    `curves` and `byte_ledger` (label and bytes, of the first seed's artifact) are what the entry's papers say: its
    log.jsonl and its result.json. `ranking` fills them from what the ledger keeps of these, with limits before it
    reads, and leaves them empty where there is none.
    """

    entry: str
    title: str
    authors: tuple[str, ...]
    challenge: str
    track: str
    entered_as_record: bool
    status: Status
    status_reason: str
    place: int | None
    objective: Objective
    score: float | None
    deviation: float | None
    seed_scores: tuple[tuple[int, float], ...]
    artifact_bytes: int | None
    submitted_at: str
    decided_at: str | None
    gate: GateResult | None
    disputed: bool
    parents: tuple[str, ...]
    descendants: tuple[str, ...]
    link: str | None
    changed: str
    verdict: Verdict | None
    verdict_sha256: str | None
    readme: str
    events: tuple[EventLine, ...]
    curves: tuple[Curve, ...] = ()
    byte_ledger: tuple[tuple[str, int], ...] = ()


def objective_of_rows(rows: Sequence[Row]) -> Objective:
    """What the rows of one game are ranked by: a waiting row does not know it yet, so one with a score says it."""
    known = [row.objective for row in rows if row.score is not None]
    return (known or [row.objective for row in rows])[0]


@dataclass(frozen=True, kw_only=True)
class Standings:
    """Everything that the ledger says, ready to be shown: `rows` in order of submission.

    `records` holds, for each (challenge, track), the names of the records in the order in which they were set; for
    the public game's own track, those of the published table that bettered it, whose rows are history.
    `made_at` is the time of the last event, so that the same ledger gives the same site; "" where there is none.
    """

    rows: tuple[Row, ...]
    records: dict[tuple[str, str], tuple[str, ...]]
    made_at: str

    def row(self, entry: str) -> Row:
        """The row of that entry. Raises KeyError."""
        return next(row for row in self.rows if row.entry == entry)
