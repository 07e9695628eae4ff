"""`paramgolf board check`: everything that the ledger says, said again from its parts."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.ledger.acceptance import refuse_unfounded
from paramgolf.board.ledger.events import FIRST_CHAIN, Event, Judged, Submitted, body_json, chain_hash
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ledger.state import EntryState, refuse_impossible
from paramgolf.board.ranking.ranking import owed, rank
from paramgolf.errors import LedgerError, ParamgolfError, UsageError

BRING_BACK = (
    "Bring the ledger back from a copy (with git: git log, git checkout), and add what came after again."
)
BRING_FILE = "Bring that file of the store back from a copy: its name is the SHA-256 of its bytes."


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is not as it was written, and what to do."""

    what: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` went through. `unnamed` files of the store are named by no event: harmless."""

    events: int
    files: int
    unnamed: int
    head: str
    problems: tuple[Problem, ...]


def check(path: Path) -> Checked:
    """Check SQLite's own integrity, the chain, the order of events, every stored file; and if all are sound, verdicts
    and ranking. Writes nothing.

    Raises:
        UsageError: there is no ledger.
        LedgerError: it cannot be read at all.
    """
    with Ledger(path) as ledger:
        problems = list(_integrity(path))
        events = ledger.events()
        problems += _columns(path, events)
        named = {blob for event in events for blob in event.body.blobs}
        files = set(ledger.store.names())
        problems += [*_chain(events), *_order(events), *_files(ledger, named)]
        if not problems:
            problems += [*_verdicts(ledger, events), *_ranking(ledger, events)]
    return Checked(
        events=len(events),
        files=len(files),
        unnamed=len(files - named),
        head=events[-1].chain if events else FIRST_CHAIN,
        problems=tuple(problems),
    )


def _integrity(path: Path) -> Iterator[Problem]:
    connection = sqlite3.connect(path)
    try:
        for (line,) in connection.execute("PRAGMA integrity_check").fetchall():
            if line != "ok":
                yield Problem(what=f"SQLite finds its file damaged: {line}", mend=BRING_BACK)
    except sqlite3.Error as error:
        yield Problem(what=f"SQLite cannot read its file: {error}", mend=BRING_BACK)
    finally:
        connection.close()


def _columns(path: Path, events: tuple[Event, ...]) -> Iterator[Problem]:
    """The columns that events are found by are no part of the chain: each has to say what its event says."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT kind, entry, key FROM events ORDER BY number").fetchall()
    finally:
        connection.close()
    for event, row in zip(events, rows, strict=False):
        if row != (event.body.kind, event.entry, event.body.key):
            yield Problem(what=f"event {event.number}, on {event.entry}, is filed as {row}", mend=BRING_BACK)


def _chain(events: tuple[Event, ...]) -> Iterator[Problem]:
    before = FIRST_CHAIN
    for place, event in enumerate(events, 1):
        if event.number != place:
            yield Problem(
                what=f"event {place} is missing: event {event.number} is in its place", mend=BRING_BACK
            )
            return
        if event.chain != chain_hash(before, place, event.at, event.who, event.why, body_json(event.body)):
            yield Problem(
                what=f"event {place}, on {event.entry}, was changed after it was written", mend=BRING_BACK
            )
        before = event.chain


def _order(events: tuple[Event, ...]) -> Iterator[Problem]:
    states: dict[str, EntryState] = {}
    for event in events:
        state = states.get(event.entry, EntryState())
        try:
            refuse_impossible(state, event.body)
        except UsageError as error:
            yield Problem(what=f"event {event.number} could not happen: {error}", mend=BRING_BACK)
        states[event.entry] = state.after(event)


def _files(ledger: Ledger, named: set[str]) -> Iterator[Problem]:
    for blob in sorted(named):
        try:
            ledger.store.get(blob)
        except LedgerError as error:
            yield Problem(what=str(error), mend=BRING_FILE)


def _verdicts(ledger: Ledger, events: tuple[Event, ...]) -> Iterator[Problem]:
    submissions = {event.number: event.body for event in events if isinstance(event.body, Submitted)}
    for event in events:
        if isinstance(event.body, Judged) and event.body.submission in submissions:
            try:
                refuse_unfounded(event.body, submissions[event.body.submission], ledger.store)
            except UsageError as error:
                yield Problem(what=f"event {event.number}: {error}", mend=BRING_BACK)


def _ranking(ledger: Ledger, events: tuple[Event, ...]) -> Iterator[Problem]:
    try:
        due = owed(events, rank(events, ledger.store.get))
    except ParamgolfError as error:
        yield Problem(what=f"the ranking cannot be rebuilt: {error}", mend="Fix what is named above first.")
        return
    for one in due:
        yield Problem(
            what=f"the ranking as written does not say this of {one.body.entry}: {one.body.kind}, {one.why}",
            mend="Write it down: paramgolf board init",
        )
