"""One row of the table, from an entry's events and the files that they name."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from paramgolf.board.ledger.entry_papers import parse_papers
from paramgolf.board.ledger.events import Event, History
from paramgolf.board.ledger.state import EntryState
from paramgolf.board.ranking.judgements import Judgement
from paramgolf.board.ranking.record_gate import Placed
from paramgolf.board.ranking.standings import EventLine, Row, Status
from paramgolf.challenge import BITS_PER_BYTE, OBJECTIVES
from paramgolf.common import folders
from paramgolf.common.printable import one_line
from paramgolf.judge.entry import LARGEST_README
from paramgolf.judge.verdict import Validity, Verdict

NOT_VERIFIED = "published by the public game, not verified here"
UNPUBLISHED = "a record folder of the public game that its table does not list, not verified here"


def entry_row(state: EntryState, judgement: Judgement | None, placed: Placed | None) -> Row:
    """The row of an entry that was handed in; without place, dispute, descendants, events, verdict and papers."""
    submission, judged = state.submission, state.judgement
    status, reason = _status(state, judgement, placed)
    scores = judgement.scores if judgement else ()
    decided = max(
        (e for e in (state.judged, state.ruling) if e), key=lambda event: event.number, default=None
    )
    return Row(
        entry=submission.entry,
        title=one_line(submission.title),
        authors=tuple(map(one_line, submission.authors)),
        challenge=submission.challenge,
        track=submission.track,
        entered_as_record=submission.record,
        status=status,
        status_reason=one_line(reason),
        place=None,
        objective=OBJECTIVES[judgement.objective_name] if judgement else BITS_PER_BYTE,
        score=judgement.mean if judgement else None,
        deviation=statistics.stdev(score for _, score in scores) if len(scores) > 1 else None,
        seed_scores=scores,
        artifact_bytes=judgement.artifact_bytes if judgement else None,
        submitted_at=submission.handed_in_at,
        decided_at=decided.at if decided else None,
        gate=placed.gate if placed else None,
        disputed=False,
        parents=submission.parents,
        descendants=(),
        link=submission.link,
        changed=submission.changed,
        verdict=None,
        verdict_sha256=judged.verdict_sha256 if judged else None,
        readme="",
        events=(),
    )


def with_papers(row: Row, state: EntryState, verdict: Verdict | None, read: Callable[[str], bytes]) -> Row:
    """The row of an entry that was handed in, with its verdict, its write-up and what its papers draw."""
    shown = parse_papers(read(state.submission.shown_sha256))
    return replace(
        row,
        verdict=verdict,
        readme=_readme(state, read),
        curves=shown.curves,
        byte_ledger=shown.byte_ledger,
    )


def history_row(state: EntryState) -> Row:
    """The row of an entry of the public game; without descendants and events."""
    assert state.history is not None
    body = state.history.body
    assert isinstance(body, History)
    return Row(
        entry=body.entry,
        title=one_line(body.title),
        authors=tuple(map(one_line, body.authors)),
        challenge=body.challenge,
        track=body.track,
        entered_as_record=body.record,
        status=Status.HISTORY,
        status_reason="; ".join((NOT_VERIFIED if body.published else UNPUBLISHED, *body.remarks)),
        place=None,
        objective=BITS_PER_BYTE,
        score=body.bits_per_byte,
        deviation=body.deviation,
        seed_scores=body.seed_scores,
        artifact_bytes=body.artifact_bytes,
        submitted_at=body.handed_in_at,
        decided_at=None,
        gate=None,
        disputed=False,
        parents=body.parents,
        descendants=(),
        link=body.link,
        changed=body.changed,
        verdict=None,
        verdict_sha256=None,
        readme="",
        events=(),
    )


def history_records(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The published records of each track of the public game: what bettered all before it, day by day."""
    records: dict[tuple[str, str], list[Row]] = {}
    listed = (row for row in rows if row.entered_as_record and row.score is not None)
    for row in sorted(listed, key=lambda row: (row.submitted_at, -(row.score or 0))):
        standing = records.setdefault((row.challenge, row.track), [])
        if not standing or (row.score or 0) < (standing[-1].score or 0):
            standing.append(row)
    return {track: tuple(row.entry for row in standing) for track, standing in records.items()}


def event_lines(events: Sequence[Event]) -> dict[str, tuple[EventLine, ...]]:
    """Each entry's events as they are shown."""
    lines: dict[str, list[EventLine]] = {}
    for event in events:
        line = EventLine(number=event.number, kind=event.body.kind, at=event.at, who=event.who, why=event.why)
        lines.setdefault(event.entry, []).append(line)
    return {entry: tuple(of_entry) for entry, of_entry in lines.items()}


def _status(state: EntryState, judgement: Judgement | None, placed: Placed | None) -> tuple[Status, str]:
    if state.ruling:
        return Status.INVALID, f"ruled invalid by {state.ruling.who}: {state.ruling.why}"
    if judgement is None:
        return Status.WAITING, "handed in, not judged yet"
    if judgement.standing is Validity.INVALID:
        return Status.INVALID, f"failed {judgement.failed}"
    if placed is None:
        return Status.UNDECIDED, f"not decided: {judgement.undecided}"
    if placed.beaten_by:
        return placed.status, f"a record until {placed.beaten_by} beat it"
    if placed.gate:
        return placed.status, "; ".join(placed.gate.reasons)
    return placed.status, "valid, and not entered as a record"


def _readme(state: EntryState, read: Callable[[str], bytes]) -> str:
    file = next((file for file in state.submission.files if file.path == folders.README), None)
    return read(file.sha256).decode("utf-8", "replace") if file and file.size <= LARGEST_README else ""
