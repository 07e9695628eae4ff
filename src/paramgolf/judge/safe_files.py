"""Read a stranger's folder so that nothing outside it is ever opened, waited for, or read without a limit.

Every path is walked one name at a time from an open folder (openat with O_NOFOLLOW), so that a link, wherever it
stands, is refused, and a name that is swapped for another while it is read changes nothing: the descriptor that was
checked is the one that is read.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError

DEEPEST_FOLDER = 16
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK = 2**20
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFDIR: "a folder",
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What lies in a folder, by path relative to it: files with their bytes; what is refused, with why."""

    files: dict[str, int]
    refused: dict[str, str]


def read_regular_file(root: Path, relative: str, limit: int) -> bytes:
    """All bytes of the regular file `relative` inside `root`; at most `limit` bytes.

    Raises:
        EntryError: it is missing, larger than `limit`, no regular file, reached through a link, or not inside `root`.
    """
    *folders, name = _parts(relative)
    try:
        with _open_folder(root, folders, relative) as folder:
            _check_regular(os.stat(name, dir_fd=folder, follow_symlinks=False), relative)
            descriptor = os.open(name, _FILE_FLAGS, dir_fd=folder)
            try:
                found = os.fstat(descriptor)
                _check_regular(found, relative)
                return _read_within(descriptor, found.st_size, relative, limit)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise EntryError(
            f"{quoted(relative)} cannot be read: {os.strerror(error.errno or 0)}. Put a regular file there."
        ) from None


def list_regular_files(root: Path, limit: int) -> Listing:
    """All regular files under `root`, sorted; links, devices, FIFOs and sockets are refused, never opened.

    Raises:
        EntryError: more than `limit` names, or folders deeper than `DEEPEST_FOLDER`, or `root` is no folder.
    """
    files: dict[str, int] = {}
    refused: dict[str, str] = {}
    try:
        with _open_folder(root, [], str(root)) as folder:
            for count, (path, found) in enumerate(_walk(folder, "", 0)):
                if count >= limit:
                    raise EntryError(
                        f"The folder holds more than {limit:,} names. Leave out what is no part of the entry."
                    )
                if stat.S_ISREG(found.st_mode):
                    files[path] = found.st_size
                elif not stat.S_ISDIR(found.st_mode):
                    refused[path] = f"is {_kind(found)}, expected a regular file"
    except OSError as error:
        raise EntryError(
            f"{quoted(str(root))} cannot be listed: {os.strerror(error.errno or 0)}. Give a folder that can be read."
        ) from None
    return Listing(files=dict(sorted(files.items())), refused=dict(sorted(refused.items())))


def _parts(relative: str) -> list[str]:
    parts = relative.split("/")
    if "\0" in relative or not all(parts) or {".", ".."} & set(parts) or len(parts) > DEEPEST_FOLDER + 1:
        raise EntryError(
            f"{quoted(relative)} is no path inside the folder: give it relative to the folder, with '/', without "
            f"'.' and '..', at most {DEEPEST_FOLDER} folders deep."
        )
    return parts


@contextmanager
def _open_folder(root: Path, folders: list[str], relative: str) -> Iterator[int]:
    """Descriptor of root/folders...; `root` itself is the caller's own word and may be a link."""
    current = os.open(root, _FOLDER_FLAGS & ~os.O_NOFOLLOW)
    try:
        for name in folders:
            found = os.stat(name, dir_fd=current, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                raise EntryError(
                    f"{quoted(relative)}: {quoted(name)} on the way is {_kind(found)}, expected a folder. "
                    "Put the folder itself there."
                )
            inner = os.open(name, _FOLDER_FLAGS, dir_fd=current)
            os.close(current)
            current = inner
        yield current
    finally:
        os.close(current)


def _walk(folder: int, prefix: str, depth: int) -> Iterator[tuple[str, os.stat_result]]:
    """Every name below the open `folder`, folders too, links not followed."""
    if depth > DEEPEST_FOLDER:
        raise EntryError(
            f"{quoted(prefix)} is deeper than {DEEPEST_FOLDER} folders. Put the files higher up."
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            yield prefix + entry.name, found
            if stat.S_ISDIR(found.st_mode):
                inner = os.open(entry.name, _FOLDER_FLAGS, dir_fd=folder)
                try:
                    yield from _walk(inner, f"{prefix}{entry.name}/", depth + 1)
                finally:
                    os.close(inner)


def _check_regular(found: os.stat_result, relative: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise EntryError(
            f"{quoted(relative)} is {_kind(found)}, expected a regular file. Put the file itself there."
        )


def _kind(found: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(found.st_mode), "a regular file")


def _read_within(descriptor: int, size: int, relative: str, limit: int) -> bytes:
    """Reads at most one byte more than `limit`, whatever the size said: a file can grow while it is read."""
    data = bytearray()
    while size <= limit and len(data) <= limit:
        block = os.read(descriptor, min(_CHUNK, limit + 1 - len(data)))
        if not block:
            return bytes(data)
        data += block
    raise EntryError(
        f"{quoted(relative)} has {max(size, len(data)):,} bytes, at most {limit:,} are read. "
        "Make it smaller or leave it out."
    )
