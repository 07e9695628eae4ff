"""Files by the SHA-256 of their bytes, beside the ledger: what an event names, word for word.

A file is written before the event that names it, and synced, so that no event ever names a missing one. What a crash
leaves without an event is harmless; the same bytes are stored once.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from paramgolf.common.files import sync_folder, write_atomic
from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError, LedgerError, UsageError
from paramgolf.judge.entry import LARGEST_FILE
from paramgolf.judge.safe_files import read_regular_file

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Store:
    """A folder of such files: FIRST-TWO-DIGITS/SHA256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """Keep `data`, safe on the disk when this returns; its SHA-256.

        Raises:
            UsageError: it is larger than `LARGEST_FILE`.
        """
        if len(data) > LARGEST_FILE:
            raise UsageError(
                f"A file has {len(data):,} bytes; the store takes {LARGEST_FILE:,}. Make it smaller."
            )
        name = hashlib.sha256(data).hexdigest()
        if not self._holds(name, data):
            folder = self._path(name).parent
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                sync_folder(self.folder)
                sync_folder(self.folder.parent)
            write_atomic(self._path(name), data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of that SHA-256.

        Raises:
            LedgerError: it is missing, or its bytes are others than its name says.
        """
        mend = "Bring it back from a copy of the store, then run: paramgolf board check"
        try:
            data = read_regular_file(self.folder, self._relative(name), LARGEST_FILE)
        except EntryError as error:
            raise LedgerError(f"The store does not give {name}: {error} {mend}") from None
        if hashlib.sha256(data).hexdigest() != name:
            raise LedgerError(f"The store's file {name} has other bytes than its name says. {mend}")
        return data

    def has(self, name: str) -> bool:
        """Whether a file of that name is there, and no link to one; its bytes are not read."""
        path = self._path(name)
        return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()

    def names(self) -> Iterator[str]:
        """Every file's SHA-256."""
        for path in sorted(self.folder.glob("*/*")):
            if _is_stored(path):
                yield path.name

    def others(self) -> list[str]:
        """Paths that are no store's, but for hidden ones."""
        found = [path for path in self.folder.glob("*") if not path.is_dir()]
        found += [path for path in self.folder.glob("*/*") if not _is_stored(path)]
        return sorted(str(path.relative_to(self.folder)) for path in found if not path.name.startswith("."))

    def unfinished(self) -> list[Path]:
        """Temporary files that a killed writer left: harmless, and safe to delete while no process writes."""
        return sorted(self.folder.glob("*/.*.tmp"))

    def _holds(self, name: str, data: bytes) -> bool:
        """A damaged file, and what is no file, is written anew, so it has to be read."""
        try:
            return read_regular_file(self.folder, self._relative(name), len(data)) == data
        except EntryError:
            return False

    def _path(self, name: str) -> Path:
        return self.folder / self._relative(name)

    def _relative(self, name: str) -> str:
        if not _SHA256.fullmatch(name):
            raise UsageError(f"{quoted(name)} is no SHA-256: expected 64 digits of 0-9a-f.")
        return os.path.join(name[:2], name)


def _is_stored(path: Path) -> bool:
    return bool(_SHA256.fullmatch(path.name)) and path.name[:2] == path.parent.name
