"""Documents from files, one at a time. READERS is the table of the formats: suffix -> reader."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from paramgolf.corpus.readers.jsonl import read_jsonl
from paramgolf.corpus.readers.parquet_apart import read_parquet
from paramgolf.corpus.readers.text import read_text
from paramgolf.corpus.readers.token_shards import read_shard, read_shards
from paramgolf.errors import CorpusError, UsageError

READERS: dict[str, Callable[[Path], Iterator[bytes]]] = {
    ".txt": read_text,
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
    ".jsonl.xz": read_jsonl,
    ".jsonl.zst": read_jsonl,
    ".parquet": read_parquet,
    ".bin": read_shard,
}


def read_documents(path: Path) -> Iterator[bytes]:
    """The documents of one file, in order.

    Raises:
        UsageError: there is no such file, or no reader for its suffix; the message lists the suffixes read.
        CorpusError: the file is truncated, empty, mis-encoded or not what its suffix says.
    """
    return read_files([path])


def read_files(paths: Sequence[Path]) -> Iterator[bytes]:
    """The documents of several files, in order; neighbouring token shards are one stream.

    Raises:
        UsageError, CorpusError: as read_documents.
    """
    for path in paths:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file. Give a file of one of {', '.join(READERS)}.")
        if suffix_of(path) is None:
            raise UsageError(
                f"{path}: no reader for this suffix. Those read: {', '.join(READERS)}. Rename or convert it."
            )
    return _read_files(paths)


def suffix_of(path: Path) -> str | None:
    """The suffix in READERS that the file name ends with, or None."""
    return next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), None)


def _read_files(paths: Sequence[Path]) -> Iterator[bytes]:
    for suffix, group in groupby(paths, suffix_of):
        if suffix == ".bin":
            yield from read_shards(list(group))
            continue
        for path in group:
            yield from _read_file(path, READERS[str(suffix)])


def _read_file(path: Path, reader: Callable[[Path], Iterator[bytes]]) -> Iterator[bytes]:
    empty = True
    for document in reader(path):
        empty = False
        yield document
    if empty:
        raise CorpusError(f"{path}: holds no document: empty at byte 0. Remove it, or get it again.")
