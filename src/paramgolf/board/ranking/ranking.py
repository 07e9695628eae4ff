"""The ranking: a pure function of what was submitted, judged, invalidated and reinstated, and of history.

Events of the kinds ranked and superseded say what it came to; they are never read for it, so that `board check` can
hold the two against one another.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from paramgolf.board.ledger.events import Body, Event, History, Ranked, Submitted, Superseded
from paramgolf.board.ledger.ledger import RANKING_CACHE, Entered, Ledger
from paramgolf.board.ledger.state import EntryState, states_of
from paramgolf.board.ranking.cache import RankingCache
from paramgolf.board.ranking.judgements import Judgement, Judgements, Read
from paramgolf.board.ranking.lineage import Lineage
from paramgolf.board.ranking.record_gate import Candidate, Placed, run_gate
from paramgolf.board.ranking.rows import entry_row, event_lines, history_records, history_row, with_papers
from paramgolf.board.ranking.standings import Row, Standings, Status
from paramgolf.errors import LedgerError
from paramgolf.judge.verdict import Validity

# the author of events that follow from other events
RANKING = "the ranking"
_VALID = (Status.RECORD, Status.FORMER_RECORD, Status.SHORT_OF_RECORD, Status.NON_RECORD)


def read_standings(ledger: Ledger, kept: Path | None = None) -> Standings:
    """The ranking of a ledger, with verdicts and papers; `kept` as in `settle`.

    Raises:
        LedgerError: a stored file cannot be read.
    """
    return rank(ledger.events(), ledger.store.get, _cache(ledger, kept))


def read_places(ledger: Ledger) -> Standings:
    """The same without verdicts and papers, of which only those are read that no ranking has read before.

    Raises:
        LedgerError: a stored file cannot be read.
    """
    return place(ledger.events(), Judgements(ledger.store.get, _cache(ledger, None)))


def rank(events: Sequence[Event], read: Read, cache: RankingCache | None = None) -> Standings:
    """The ranking that `events` give; `read` gives a stored file by its SHA-256."""
    judgements = Judgements(read, cache or RankingCache())
    standings, states = place(events, judgements), states_of(events)
    rows = []
    for row in standings.rows:
        state = states[row.entry]
        if state.submitted:
            verdict = judgements.verdict(state.judgement) if state.judgement else None
            row = with_papers(row, state, verdict, read)
        rows.append(row)
    return replace(standings, rows=tuple(rows))


def place(events: Sequence[Event], judgements: Judgements) -> Standings:
    """The ranking without verdicts and papers: all that follows from `events` and the scores."""
    states = states_of(events)
    entries = [
        name for name in sorted(states, key=lambda name: _order(states[name])) if states[name].submitted
    ]
    judged = {name: judgements.of(judgement) for name in entries if (judgement := states[name].judgement)}
    placed, records = _gates(states, entries, judged, judgements)
    lines = event_lines(events)
    history = [history_row(state) for state in states.values() if state.history]
    rows = [entry_row(states[name], judged.get(name), placed.get(name)) for name in entries]
    rows = sorted([*rows, *history], key=lambda row: _order(states[row.entry]))
    lineage = Lineage({row.entry: row.parents for row in rows})
    rows = [
        replace(row, descendants=lineage.descendants(row.entry), events=lines[row.entry])
        for row in _disputed(_with_places(rows), states, lineage)
    ]
    return Standings(
        rows=tuple(rows),
        records=history_records(history) | records,
        made_at=events[-1].at if events else "",
    )


def settle(ledger: Ledger, kept: Path | None = None) -> tuple[Event, ...]:
    """Write down where the ranking now differs from what was last written of it; the events that this took.

    What it reads of verdicts it keeps in the file `kept`, by default beside the journal, and reads only new ones.

    Raises:
        LedgerError: a stored file cannot be read, or the ledger cannot be written.
    """
    while True:
        events, cache = ledger.events(), _cache(ledger, kept)
        due = owed(events, place(events, Judgements(ledger.store.get, cache)))
        cache.save()
        if not due:
            return ()
        written = ledger.append_all(due, after=events[-1].number)
        if written is not None:
            return tuple(written)


def _cache(ledger: Ledger, kept: Path | None) -> RankingCache:
    return RankingCache(kept or ledger.folder / RANKING_CACHE)


def owed(events: Iterable[Event], standings: Standings) -> list[Entered]:
    """The ranked and superseded events that are missing."""
    last: dict[str, Body] = {e.entry: e.body for e in events if isinstance(e.body, Ranked | Superseded)}
    after = {
        before: following
        for names in standings.records.values()
        for before, following in itertools.pairwise(names)
    }
    due = []
    for row in standings.rows:
        if row.status in (Status.WAITING, Status.HISTORY):
            continue
        body = _outcome(row, after.get(row.entry))
        if last.get(row.entry) != body:
            due.append(Entered(body=body, who=RANKING, why=row.status_reason[:2000]))
    return due


def _outcome(row: Row, beaten_by: str | None) -> Ranked | Superseded:
    if row.status is Status.FORMER_RECORD:
        assert beaten_by is not None
        return Superseded(
            entry=row.entry, verdict_sha256=row.verdict_sha256, by=beaten_by, disputed=row.disputed
        )
    return Ranked(
        entry=row.entry,
        status=row.status.value,
        verdict_sha256=row.verdict_sha256,
        compared_with=row.gate.compared_with if row.gate else None,
        disputed=row.disputed,
    )


def _order(state: EntryState) -> tuple[str, int]:
    event = state.submitted or state.history
    if event is None:
        raise LedgerError(
            "An entry has events and was never handed in. See what is wrong: paramgolf board check"
        )
    assert isinstance(event.body, Submitted | History)
    return event.body.handed_in_at, event.number


def _gates(
    states: dict[str, EntryState],
    entries: list[str],
    judged: dict[str, Judgement],
    judgements: Judgements,
) -> tuple[dict[str, Placed], dict[tuple[str, str], tuple[str, ...]]]:
    """The gate of each track over its entries, in the order of submission."""
    tracks: dict[tuple[str, str], list[Candidate]] = {}
    for name in entries:
        state = states[name]
        valid = name in judged and judged[name].standing is Validity.VALID and state.ruling is None
        candidate = Candidate(
            entry=name,
            record=state.submission.record,
            waiting=state.judged is None and state.ruling is None,
            valid=state.judgement if valid else None,
        )
        tracks.setdefault((state.submission.challenge, state.submission.track), []).append(candidate)
    placed: dict[str, Placed] = {}
    records = {}
    for track, candidates in tracks.items():
        of_track, set_there = run_gate(candidates, judgements.gate)
        placed |= of_track
        if set_there:
            records[track] = set_there
    return placed, records


def _with_places(rows: list[Row]) -> list[Row]:
    """Places by score among the valid entries of a track; equal scores share one, and each says with whom."""
    scores: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
    for row in rows:
        if row.status in _VALID and row.score is not None:
            of_game = scores.setdefault((row.challenge, row.track, row.objective.name), [])
            of_game.append((row.objective.cost(row.score), row.entry))
    places: dict[str, tuple[int, tuple[str, ...]]] = {}
    for track in scores.values():
        first: dict[float, int] = {}
        level: dict[float, list[str]] = {}
        for place, (score, name) in enumerate(sorted(track), 1):
            first.setdefault(score, place)
            level.setdefault(score, []).append(name)
        for score, name in track:
            places[name] = first[score], tuple(other for other in level[score] if other != name)
    return [_at_place(row, *places[row.entry]) if row.entry in places else row for row in rows]


def _at_place(row: Row, place: int, level_with: tuple[str, ...]) -> Row:
    tie = f"; level with {', '.join(level_with[:5])}" if level_with else ""
    return replace(row, place=place, status_reason=row.status_reason + tie)


def _disputed(rows: list[Row], states: dict[str, EntryState], lineage: Lineage) -> list[Row]:
    """Mark what builds on an entry that was found invalid after it was judged itself."""
    marked = []
    for row in rows:
        judged = states[row.entry].judged
        bad = [
            name
            for name in lineage.ancestors(row.entry)
            if judged and (states[name].invalid_since or 0) > judged.number
        ]
        if bad and row.status in (*_VALID, Status.UNDECIDED):
            reason = f"disputed: it builds on {', '.join(bad[:5])}, found invalid after it was judged: judge it again"
            row = replace(row, disputed=True, status_reason=f"{row.status_reason}; {reason}")
        marked.append(row)
    return marked
