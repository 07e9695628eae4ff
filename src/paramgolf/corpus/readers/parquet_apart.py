"""Parquet files, read in a process of their own: on damaged ones the library may end the process it is in."""

import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from paramgolf.corpus.readers.limits import LARGEST_DOCUMENT
from paramgolf.errors import CorpusError

# In front of each document its length; DONE and ERROR in its place end the stream, ERROR with a message behind it.
LENGTH = struct.Struct("<Q")
DONE, ERROR = 2**64 - 1, 2**64 - 2
MEMORY_BYTES = 16 << 30
LARGEST_MESSAGE = 10_000


def read_parquet(path: Path) -> Iterator[bytes]:
    """The documents of a Parquet file, as parquet.py reads them.

    Raises:
        CorpusError: as parquet.py, or the file made the library crash.
    """
    return documents_from([sys.executable, "-m", __name__, str(path)], path)


def documents_from(command: list[str], path: Path) -> Iterator[bytes]:
    """The documents that `command` writes in frames.

    Raises:
        CorpusError: what it says is wrong with `path`, or how it died.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, bufsize=1 << 20
        )
        assert process.stdout is not None
        try:
            while (length := _length(process.stdout)) is not None and length <= LARGEST_DOCUMENT:
                yield process.stdout.read(length)
            message = process.stdout.read(LARGEST_MESSAGE) if length == ERROR else b""
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
        if length == ERROR:
            raise CorpusError(message.decode("utf-8", "replace"))
        if length != DONE:
            errors.seek(0)
            said = errors.read(LARGEST_MESSAGE).decode("utf-8", "replace").strip().splitlines()
            last = ascii(said[-1][:200]) if said else f"signal or status {process.returncode}"
            raise CorpusError(
                f"{path}: the Parquet library crashed on it ({last}): it is damaged. Get the file again."
            )


def _length(stream: IO[bytes]) -> int | None:
    head = stream.read(LENGTH.size)
    return int(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


def main() -> None:
    """Write the documents of the file that the command line names to standard output."""
    from paramgolf.corpus.readers.parquet import read_parquet as read

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # who reads may have enough
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What the library prints must not come between the frames.
    with os.fdopen(os.dup(1), "wb", 1 << 20) as out:
        os.dup2(2, 1)
        try:
            for document in read(Path(sys.argv[1])):
                out.write(LENGTH.pack(len(document)) + document)
            out.write(LENGTH.pack(DONE))
        except CorpusError as error:
            out.write(LENGTH.pack(ERROR) + str(error).encode())


if __name__ == "__main__":
    main()
