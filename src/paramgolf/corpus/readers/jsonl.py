"""One JSON object a line, its "text" the document; plain or compressed with gzip, xz or Zstandard."""

import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow

from paramgolf.corpus.readers.limits import LARGEST_DOCUMENT, check_size, check_utf8
from paramgolf.corpus.source import at_site, host_of
from paramgolf.errors import CorpusError


def read_jsonl(path: Path) -> Iterator[bytes]:
    """The "text" of each line as UTF-8; lines of white space are passed over. A "url" tells a document's site.

    Raises:
        CorpusError: a line is too long, not UTF-8, not JSON, or has no "text" string that UTF-8 can hold; or
            the compressed file is truncated or damaged. The message names the line and the byte of the
            decompressed stream.
    """
    number = offset = 0
    with _open(path) as stream:
        while line := _read_line(stream, path, number, offset):
            number += 1
            check_size(len(line), path, f"line {number:,}, byte {offset:,}")
            if not line.isspace():
                yield _document(line, path, number, offset)
            offset += len(line)


def _open(path: Path) -> io.BufferedIOBase:
    match path.suffix.lower():
        case ".gz":
            return gzip.open(path, "rb")
        case ".xz":
            return lzma.open(path, "rb")
        case ".zst":
            # pyarrow notices a truncated stream; zstandard's own reader takes it for the end
            stream: Any = pyarrow.input_stream(str(path), compression="zstd")
            return io.BufferedReader(stream)
        case _:
            return path.open("rb")


def _read_line(stream: io.BufferedIOBase, path: Path, lines: int, offset: int) -> bytes:
    try:
        return stream.readline(LARGEST_DOCUMENT + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise CorpusError(
            f"{path}: cannot be decompressed after line {lines:,}, byte {offset:,} of the text: {error}. "
            "It is truncated, damaged or of another format; get it again."
        ) from None


def _document(line: bytes, path: Path, number: int, offset: int) -> bytes:
    text = check_utf8(line, path, f"line {number:,}, ", offset)
    where = f"{path}: line {number:,}, byte "
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        at = offset + len(text[: error.pos].encode())
        raise CorpusError(
            f"{where}{at:,}: not a whole JSON value: {error.msg}. Each line is one JSON object."
        ) from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(
            f"{where}{offset:,}: this JSON cannot be read: {error}. Fix or remove the line."
        ) from None
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        got = f"an object with {sorted(record)[:8]}" if isinstance(record, dict) else type(record).__name__
        raise CorpusError(
            f'{where}{offset:,}: got {got}, expected an object with a string "text". Name the field so.'
        )
    try:
        return at_site(str(record["text"]).encode(), host_of(record.get("url")))
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{where}{offset:,}: character {error.start:,} of the text is a lone surrogate, which UTF-8 "
            "cannot hold. Export the text again without it."
        ) from None
