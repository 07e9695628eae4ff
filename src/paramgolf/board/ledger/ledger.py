"""The ledger: an append-only list of events in SQLite, with the files that they name in a store beside it.

What `append` returned is on the disk (write-ahead log, synchronous=FULL), and so are the files. Two writers take turns.
"""

import difflib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from paramgolf.board.ledger.acceptance import refuse_unfounded
from paramgolf.board.ledger.events import FIRST_CHAIN, Body, Event, Judged, body_json, chained, parse_body
from paramgolf.board.ledger.migrations import migrate
from paramgolf.board.ledger.state import EntryState, refuse_impossible
from paramgolf.board.ledger.store import Store
from paramgolf.common.printable import quoted
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import LedgerError, UsageError

BUSY_SECONDS = 60
_COLUMNS = "number, at, who, why, body, chain"


@dataclass(frozen=True, kw_only=True)
class Entered:
    """An event to append."""

    body: Body
    who: str
    why: str


class Ledger:
    """Use it in a `with` block; one process may hold it open while others write."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the ledger at `path`, or with `create` make it where it is missing. An older one is migrated.

        Raises:
            UsageError: there is none.
            LedgerError: it is no ledger, or a newer paramgolf wrote it.
        """
        if not create and not path.is_file():
            raise UsageError(f"There is no ledger at {path}. Make it: paramgolf board init --ledger {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.store = Store(path.parent / "store")
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            # before the journal is changed: another program's database is left as it is
            migrate(self._connection)
            self._connection.execute("PRAGMA journal_mode = WAL")
        except (sqlite3.Error, LedgerError) as error:
            self._connection.close()
            raise LedgerError(f"{path} cannot be opened as a ledger: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Also folds the write-ahead log back into the one file, where no other process has it open."""
        self._connection.close()

    def append(self, body: Body, *, who: str, why: str) -> Event:
        """Write one event; where the same was written before (by its key), that one is given back.

        Raises:
            UsageError: it cannot happen in the entry's present state, or a verdict is not what is ranked.
            LedgerError: a file that it names is not in the store.
        """
        appended = self.append_all([Entered(body=body, who=who, why=why)])
        assert appended is not None
        return appended[0]

    def append_all(self, entered: Sequence[Entered], *, after: int | None = None) -> list[Event] | None:
        """Write all or none. With `after`, only if that is still the last event's number; else None.

        Raises:
            UsageError, LedgerError: as `append`.
        """
        with self._writing():
            number, chain, last = self._head()
            if after is not None and after != number:
                return None
            events = []
            for one in entered:
                event = self._known(one.body.key)
                if event is None:
                    self._refuse(one.body)
                    number, at = number + 1, max(last, now())
                    event = chained(one.body, number=number, at=at, who=one.who, why=one.why, before=chain)
                    self._insert(event)
                    chain, last = event.chain, event.at
                events.append(event)
        return events

    def events(self) -> tuple[Event, ...]:
        """All of them, in order.

        Raises:
            LedgerError: what is written is no event.
        """
        return tuple(self._select("ORDER BY number"))

    def events_of(self, entry: str) -> tuple[Event, ...]:
        """Those of one entry, in order."""
        return tuple(
            self._select("WHERE entry = ? COLLATE NOCASE AND entry = ? ORDER BY number", entry, entry)
        )

    def state_of(self, entry: str) -> EntryState:
        """Where that entry is."""
        state = EntryState()
        for event in self.events_of(entry):
            state = state.after(event)
        return state

    def submitted(self, entry: str) -> EntryState:
        """Where an entry is that was handed in.

        Raises:
            UsageError: it was not; the message lists near matches.
        """
        state = self.state_of(entry)
        if state.submitted is None:
            rows = self._connection.execute("SELECT DISTINCT entry FROM events WHERE kind = 'submitted'")
            raise no_entry(entry, [name for (name,) in rows])
        return state

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise LedgerError(
                f"{self.path} cannot be written: {error}. Nothing was written. See that no other process holds it and "
                "that the disk has room, then try again."
            ) from None

    def _head(self) -> tuple[int, str, str]:
        row = self._connection.execute(
            "SELECT number, chain, at FROM events ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return row or (0, FIRST_CHAIN, "")

    def _known(self, key: str | None) -> Event | None:
        return next(self._select("WHERE key = ?", key), None) if key else None

    def _refuse(self, body: Body) -> None:
        state = self.state_of(body.entry)
        refuse_impossible(state, body)
        self._refuse_lookalike(body.entry)
        for blob in body.blobs:
            if not self.store.has(blob):
                raise LedgerError(
                    f"The store has no {blob}, which the event names. Store it first, then append."
                )
        if isinstance(body, Judged):
            refuse_unfounded(body, state.submission, self.store)

    def _refuse_lookalike(self, entry: str) -> None:
        """Two names that differ in case alone would be one file on some disks."""
        query = "SELECT entry FROM events WHERE entry = ? COLLATE NOCASE AND entry <> ? LIMIT 1"
        if row := self._connection.execute(query, (entry, entry)).fetchone():
            raise UsageError(
                f"{entry!r} differs from {row[0]!r} in upper and lower case alone. Take another name."
            )

    def _insert(self, event: Event) -> None:
        body = event.body
        values = (event.number, body.kind, body.entry, body.key, event.at, event.who, event.why)
        self._connection.execute(
            "INSERT INTO events (number, kind, entry, key, at, who, why, body, chain) VALUES (?,?,?,?,?,?,?,?,?)",
            (*values, body_json(body), event.chain),
        )

    def _select(self, where: str, *values: object) -> Iterator[Event]:
        try:
            for number, at, who, why, body, chain in self._connection.execute(
                f"SELECT {_COLUMNS} FROM events {where}",  # noqa: S608 - `where` is this file's own text
                values,
            ):
                yield Event(number=number, at=at, who=who, why=why, body=parse_body(body), chain=chain)
        except (sqlite3.Error, ValidationError) as error:
            raise LedgerError(
                f"{self.path} cannot be read: {what_is_wrong(error)}. See: paramgolf board check"
            ) from None


def no_entry(name: str, known: Iterable[str]) -> UsageError:
    """An error for a name that no entry has; a ledger has too many to list them all."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return UsageError(f"No entry {quoted(name)} was handed in.{hint} See: paramgolf board list")


def now() -> str:
    """This second, as events have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
