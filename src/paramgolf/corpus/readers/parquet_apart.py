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
from paramgolf.corpus.source import at_site, site_of
from paramgolf.errors import CorpusError

# Each document follows its length and that of its site's name; the name comes last. DONE and ERROR in place of the
# first length end the stream; a message follows ERROR.
HEAD = struct.Struct("<QH")
DONE, ERROR = 2**64 - 1, 2**64 - 2
MEMORY_BYTES = 16 << 30
LARGEST_MESSAGE = 10_000
LARGEST_SITE = 1000


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
            while (head := _head(process.stdout)) and head[0] <= LARGEST_DOCUMENT:
                site = process.stdout.read(head[1]).decode("utf-8", "replace")
                yield at_site(process.stdout.read(head[0]), site or None)
            length = head[0] if head else None
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


def _head(stream: IO[bytes]) -> tuple[int, int] | None:
    data = stream.read(HEAD.size)
    return HEAD.unpack(data) if len(data) == HEAD.size else None


def main() -> None:
    """Write the documents of the file that the command line names to standard output."""
    from paramgolf.corpus.readers.parquet import read_parquet as read

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader may have had enough
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What the library prints must not come between the frames.
    with os.fdopen(os.dup(1), "wb", 1 << 20) as out:
        os.dup2(2, 1)
        try:
            for document in read(Path(sys.argv[1])):
                site = (site_of(document) or "").encode()[:LARGEST_SITE]
                out.write(HEAD.pack(len(document), len(site)) + site + document)
            out.write(HEAD.pack(DONE, 0))
        except CorpusError as error:
            out.write(HEAD.pack(ERROR, 0) + str(error).encode())


if __name__ == "__main__":
    main()
