"""The journal: the ledger as text, one event a line, in files of some fifty events each.

It is the one truth, and it is what git keeps: an event more changes one small file. Every line carries the hash that
chains it to the line before, and is checked against it whenever it is read. A file is never written in place: its
new bytes go to a temporary name, are synced and renamed, so that a writer killed at any moment leaves whole lines, and
of events that are appended together all or none.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from paramgolf.board.ledger.events import (
    FIRST_CHAIN,
    Event,
    body_json,
    canonical_json,
    chain_hash,
)
from paramgolf.common.files import write_atomic
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import EntryError, LedgerError, UsageError
from paramgolf.judge.safe_files import read_regular_file

# an event more rewrites one file and, in git, the list of files: with 6,000 events both have some 7 kB then
EVENTS_A_FILE = 50
# ... of which fewer begin a new file where they are long
BYTES_A_FILE = 1 << 18
LARGEST_FILE = 64 << 20
LARGEST_JOURNAL = 1 << 30
# Line endings stay as they are hashed, and git never joins two journals, whose chains would not fit.
GIT_ATTRIBUTES = "*.jsonl -text -merge\n"
BRING_BACK = (
    "Bring the journal back from a copy (with git: git log, git checkout), and add what came after again."
)
# \d would take any script's digits, and a renamed file would pass
_FILE = re.compile(r"[0-9]{8}\.jsonl")
_EVENT = TypeAdapter(Event)


class Journal:
    """Files FIRST-EVENT.jsonl in `folder`; the caller sees to it that one process at a time appends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        """Make the folder where there is none, and tell git how to treat it."""
        attributes = self.folder / ".gitattributes"
        if not attributes.is_file():
            write_atomic(attributes, GIT_ATTRIBUTES)

    def kept_from_git(self) -> bool:
        """Whether git is told to leave its files as they are."""
        try:
            return read_regular_file(self.folder, ".gitattributes", LARGEST_FILE) == GIT_ATTRIBUTES.encode()
        except EntryError:
            return False

    def files(self) -> list[str]:
        """The names of its files, in order."""
        return sorted(path.name for path in self.folder.iterdir() if _FILE.fullmatch(path.name))

    def others(self) -> list[str]:
        """Names that are no journal's, but for hidden ones."""
        names = (path.name for path in self.folder.iterdir())
        return sorted(name for name in names if not _FILE.fullmatch(name) and not name.startswith("."))

    def after(self, known: Sequence[Event]) -> Iterator[Event]:
        """The events that follow the `known` ones, checked line by line.

        Raises:
            LedgerError: a file or a line is not as it was written, or the known events are not its first ones.
        """
        files = self._files_from(len(known))
        number = min(max(int(files[0][:8]) - 1, 0), len(known)) if files else 0
        chain, read = known[number - 1].chain if number else FIRST_CHAIN, 0
        for name in files:
            if int(name[:8]) != number + 1:
                raise LedgerError(f"event {number + 1} is missing: {name} is in its place. {BRING_BACK}")
            data = self._bytes(name)
            read += len(data)
            if read > LARGEST_JOURNAL:
                raise LedgerError(f"The journal has more than {LARGEST_JOURNAL:,} bytes. {BRING_BACK}")
            for event in _events(name, data, number + 1, chain):
                number, chain = event.number, event.chain
                if number > len(known):
                    yield event
                elif number == len(known) and chain != known[-1].chain:
                    raise LedgerError(f"Event {number} was rewritten while the ledger was open. {BRING_BACK}")
        if number < len(known):
            raise LedgerError(f"event {number + 1} is missing: it was there before. {BRING_BACK}")

    def append(self, events: Sequence[Event]) -> None:
        """Write events that follow the last one, all or none; they are on the disk when this returns.

        Raises:
            UsageError: they are too large for one file.
            LedgerError: the last file is not as it was written.
        """
        name, old = f"{events[0].number:08}.jsonl", b""
        if files := self.files():
            last = self._bytes(files[-1])
            if last.count(b"\n") < EVENTS_A_FILE and len(last) < BYTES_A_FILE:
                name, old = files[-1], last
        data = old + b"".join(event_line(event) for event in events)
        if len(data) > LARGEST_FILE:
            raise UsageError(
                f"{len(events):,} events at once have {len(data):,} bytes, a file takes {LARGEST_FILE:,}. Write fewer."
            )
        for left in self.folder.glob(".*.tmp"):
            left.unlink(missing_ok=True)
        write_atomic(self.folder / name, data)

    def _files_from(self, number: int) -> list[str]:
        """The file that holds event `number`, and those that follow it."""
        files = self.files()
        start = sum(1 for name in files if int(name[:8]) <= number)
        return files[max(0, start - 1) :]

    def _bytes(self, name: str) -> bytes:
        try:
            return read_regular_file(self.folder, name, LARGEST_FILE)
        except EntryError as error:
            raise LedgerError(f"The journal cannot be read: {error} {BRING_BACK}") from None


def event_line(event: Event) -> bytes:
    """An event as its line of the journal, the end of the line included."""
    table = {
        "number": event.number,
        "at": event.at,
        "who": event.who,
        "why": event.why,
        "body": json.loads(body_json(event.body)),
        "chain": event.chain,
    }
    return f"{canonical_json(table)}\n".encode()


def _events(name: str, data: bytes, first: int, before: str) -> Iterator[Event]:
    """The events of one file, of which the first has the number `first` and follows the chain hash `before`."""
    *lines, rest = data.split(b"\n")
    if rest or not lines:
        raise LedgerError(
            f"{name} ends in half a line, after event {first + len(lines) - 1}: it was cut off. {BRING_BACK}"
        )
    for number, line in enumerate(lines, first):
        event = _event(f"{name}, line {number - first + 1}", line, number, before)
        before = event.chain
        yield event


def _event(place: str, line: bytes, number: int, before: str) -> Event:
    if line.endswith(b"\r"):
        raise LedgerError(
            f"{place} ends in a carriage return: something turned the line endings. With git: keep the journal's "
            ".gitattributes, and check it out again."
        )
    try:
        event = _EVENT.validate_json(line)
        table = json.loads(line)
    except ValidationError as error:
        raise LedgerError(
            f"{place} is no event: {what_is_wrong(error, _EVENT)}. If a newer paramgolf wrote it, upgrade. "
            f"If none did: {BRING_BACK}"
        ) from None
    except (ValueError, RecursionError):
        raise LedgerError(f"{place} is no JSON as it was written. {BRING_BACK}") from None
    if event.number != number:
        raise LedgerError(
            f"{place}: event {number} is missing: event {event.number} is in its place. {BRING_BACK}"
        )
    hashed = chain_hash(before, number, event.at, event.who, event.why, canonical_json(table["body"]))
    if hashed != event.chain or canonical_json(table).encode() != line:
        raise LedgerError(
            f"{place}: event {number}, on {event.entry}, was changed after it was written. {BRING_BACK}"
        )
    return event
