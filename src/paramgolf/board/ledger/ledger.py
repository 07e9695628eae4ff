"""The ledger: an append-only list of events in a journal, with the files that they name in a store beside it.

It is a folder: `journal/` and `store/`, which git keeps, and what this machine keeps for itself. Opening it reads the
journal, checks its chain, and writes nothing at all, so that it can be read where nothing can be written. What `append`
returned is on the disk, and so are the files. Two writers take turns, by a lock that a killed one lets go.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from paramgolf.board.ledger.acceptance import refuse_unfounded
from paramgolf.board.ledger.events import FIRST_CHAIN, Body, Event, Judged, chained
from paramgolf.board.ledger.index import Index
from paramgolf.board.ledger.journal import EVENTS_A_FILE, Journal
from paramgolf.board.ledger.sqlite_ledger import SQLITE_LEDGER, TAKEN_OVER, read_sqlite_ledger
from paramgolf.board.ledger.state import EntryState, refuse_impossible
from paramgolf.board.ledger.store import Store
from paramgolf.common.files import write_atomic
from paramgolf.common.locks import locked
from paramgolf.common.printable import quoted
from paramgolf.errors import LedgerError, UsageError

BUSY_SECONDS = 60
JOURNAL = "journal"
STORE = "store"
LOCK = "writing.lock"
# what ranking keeps between two runs; disposable
RANKING_CACHE = "ranking-cache.json"
# what git does not keep
OF_THIS_MACHINE = frozenset({LOCK, RANKING_CACHE, TAKEN_OVER})
GIT_IGNORE = "".join(f"{name}\n" for name in sorted(OF_THIS_MACHINE)) + ".*.tmp\n"


@dataclass(frozen=True, kw_only=True)
class Entered:
    """An event to append."""

    body: Body
    who: str
    why: str


class Ledger:
    """The events as they were when it was opened, and as they are after each append. It holds nothing open."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Read the ledger in `folder`. With `create`: make it where there is none, take one in SQLite over.

        Raises:
            UsageError: there is none, or one in SQLite that was not taken over.
            LedgerError: it is not as it was written, or a newer paramgolf wrote it.
        """
        if not create:
            refuse_no_ledger(folder)
        elif folder.is_file():
            raise _a_file(folder)
        self.folder = folder
        self.store = Store(folder / STORE)
        self.journal = Journal(folder / JOURNAL)
        self._index = Index()
        if create:
            self._create()
        self._read_on()

    def append(self, body: Body, *, who: str, why: str) -> Event:
        """Write one event; where the same was written before (by its key), that one is given back.

        Raises:
            UsageError: it cannot happen in the entry's present state, or a verdict is not what is ranked.
            LedgerError: a file that it names is not in the store, or the ledger cannot be written.
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
            self._read_on()
            if after is not None and after != len(self._index.events):
                return None
            known = len(self._index.events)
            try:
                events = [self._entered(one) for one in entered]
                if new := self._index.events[known:]:
                    self.journal.append(new)
            except BaseException:
                self._index = Index(self._index.events[:known])
                raise
        return events

    def events(self) -> tuple[Event, ...]:
        """All of them, in order."""
        return tuple(self._index.events)

    def events_of(self, entry: str) -> tuple[Event, ...]:
        """Those of one entry, in order."""
        return tuple(self._index.of_entry.get(entry, ()))

    def state_of(self, entry: str) -> EntryState:
        """Where that entry is."""
        return self._index.states.get(entry, EntryState())

    def submitted(self, entry: str) -> EntryState:
        """Where an entry is that was handed in.

        Raises:
            UsageError: it was not; the message lists near matches.
        """
        state = self.state_of(entry)
        if state.submitted is None:
            raise no_entry(entry, [name for name, known in self._index.states.items() if known.submitted])
        return state

    def _create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._writing():
            self.journal.create()
            if not (self.folder / ".gitignore").is_file():
                write_atomic(self.folder / ".gitignore", GIT_IGNORE)
            if (self.folder / SQLITE_LEDGER).exists():
                self._take_over()

    def _take_over(self) -> None:
        """Every event keeps its number and its chain hash; what a killed take-over has left is gone on with."""
        self._read_on()
        old = list(read_sqlite_ledger(self.folder / SQLITE_LEDGER))
        known = len(self._index.events)
        if old[:known] != self._index.events:
            raise LedgerError(
                f"{self.folder / SQLITE_LEDGER} and the journal beside it have different events. Keep the one that is "
                "right, and move the other away."
            )
        for start in range(known, len(old), EVENTS_A_FILE):
            self.journal.append(old[start : start + EVENTS_A_FILE])
        os.replace(self.folder / SQLITE_LEDGER, self.folder / TAKEN_OVER)

    def _read_on(self) -> None:
        for event in self.journal.after(self._index.events):
            self._index.add(event)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with locked(self.folder / LOCK, seconds=BUSY_SECONDS):
                yield
        except OSError as error:
            raise LedgerError(
                f"The ledger in {self.folder} cannot be written: {error}. See that you may write there, that no "
                "other process holds its lock and that the disk has room, then try again: nothing is written twice."
            ) from None

    def _entered(self, one: Entered) -> Event:
        """The event, among those known from now on: the one that is there already, or the next one."""
        same = self._index.by_key.get(one.body.key)
        if same and self.state_of(same.entry).repeats(same, one.body):
            return same
        self._refuse(one.body)
        last = self._index.events[-1] if self._index.events else None
        event = chained(
            one.body,
            number=last.number + 1 if last else 1,
            at=max(last.at, now()) if last else now(),
            who=one.who,
            why=one.why,
            before=last.chain if last else FIRST_CHAIN,
        )
        self._index.add(event)
        return event

    def _refuse(self, body: Body) -> None:
        state = self.state_of(body.entry)
        refuse_impossible(state, body)
        # Two names that differ in case alone would be one file on some disks.
        spelt = self._index.spelling.get(body.entry.lower(), body.entry)
        if spelt != body.entry:
            raise UsageError(
                f"{body.entry!r} differs from {spelt!r} in upper and lower case alone. Take another name."
            )
        for blob in body.blobs:
            if not self.store.has(blob):
                raise LedgerError(
                    f"The store has no {blob}, which the event names. Store it first, then append."
                )
        if isinstance(body, Judged):
            refuse_unfounded(body, state.submission, self.store)


def refuse_no_ledger(folder: Path) -> None:
    """Refuse a folder that holds no ledger, or one in SQLite alone.

    Raises:
        UsageError: so it is; the message says how to make it, or to take it over.
    """
    if folder.is_file():
        raise _a_file(folder)
    if (folder / SQLITE_LEDGER).exists():
        raise UsageError(
            f"{folder / SQLITE_LEDGER} is a ledger of an older paramgolf. Take it over: "
            f"paramgolf board init --ledger {folder}"
        )
    if not (folder / JOURNAL).is_dir():
        raise UsageError(
            f"There is no ledger in the folder {folder}. Make it: paramgolf board init --ledger {folder}"
        )


def _a_file(path: Path) -> UsageError:
    return UsageError(f"{path} is a file, a ledger is a folder. Give that: --ledger {path.parent}")


def no_entry(name: str, known: Iterable[str]) -> UsageError:
    """An error for a name that no entry has; a ledger has too many to list them all."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return UsageError(f"No entry {quoted(name)} was handed in.{hint} See: paramgolf board list")


def now() -> str:
    """This second, as events have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
