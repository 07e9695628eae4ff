"""The column "text" of a Parquet file, a document a row."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.parquet

from paramgolf.corpus.readers.limits import check_size, check_utf8
from paramgolf.corpus.source import at_site, host_of
from paramgolf.errors import CorpusError

MAGIC = b"PAR1"
ROWS_AT_ONCE = 256
BUFFER_BYTES = 2**20


def read_parquet(path: Path) -> Iterator[bytes]:
    """The documents, row group by row group, streamed page by page. A null is an empty document.

    A column "url" of strings tells a document's site.

    Raises:
        CorpusError: not a whole Parquet file, no column "text" of strings, or a text that is not UTF-8.
    """
    _check_frame(path)
    try:
        # without pre_buffer and with a buffer size a row group is read page by page, however large it is
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            _check_column(file, path)
            yield from _rows(file, path)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: the footer cannot be read: {error}. Get the file again.") from None


def _rows(file: pyarrow.parquet.ParquetFile, path: Path) -> Iterator[bytes]:
    row = 0
    columns = ["text", "url"] if _is_string(file.schema_arrow, "url") else ["text"]
    for group in range(file.metadata.num_row_groups):
        try:
            for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=columns):
                column: Any = batch.column("text").cast(pyarrow.large_binary())
                for index, size in enumerate(pyarrow.compute.binary_length(column).to_pylist()):
                    check_size(size or 0, path, f"row {row + index:,}")
                urls = batch.column("url").to_pylist() if len(columns) > 1 else [None] * len(batch)
                for document, url in zip(column.to_pylist(), urls, strict=True):
                    check_utf8(document or b"", path, f"row {row:,}, ")
                    yield at_site(document or b"", host_of(url))
                    row += 1
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise CorpusError(
                f"{path}: row group {group} (byte {_start(file, group):,}) is damaged at or after row "
                f"{row:,}: {error}. Get the file again."
            ) from None


def _check_frame(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as handle:
        head = handle.read(len(MAGIC))
        if head != MAGIC:
            raise CorpusError(
                f"{path}: byte 0: got {head!r}, a Parquet file begins with {MAGIC!r}. It is another format."
            )
        handle.seek(max(0, size - 8))
        tail = handle.read(8)
    if size < 12 or tail[4:] != MAGIC or struct.unpack("<I", tail[:4])[0] > size - 12:
        raise CorpusError(
            f"{path}: byte {max(0, size - 4):,}: got {tail[4:]!r} after {size:,} bytes, a whole Parquet file "
            f"ends with its footer and {MAGIC!r}. It is truncated; get it again."
        )


def _check_column(file: pyarrow.parquet.ParquetFile, path: Path) -> None:
    schema = file.schema_arrow
    if not _is_string(schema, "text"):
        columns = ", ".join(f"{field.name} ({field.type})" for field in list(schema)[:20])
        raise CorpusError(
            f'{path}: expected one column "text" of strings; got columns {columns}. Rename or convert it.'
        )


def _is_string(schema: pyarrow.Schema, name: str) -> bool:
    index = schema.get_field_index(name)  # -1 where there is none, or more than one
    kind = schema.field(index).type if index >= 0 else None
    return kind is not None and (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _start(file: pyarrow.parquet.ParquetFile, group: int) -> int:
    """Byte of the file at which the text of a row group begins."""
    columns = file.metadata.row_group(group)
    for index in range(columns.num_columns):
        column = columns.column(index)
        if column.path_in_schema == "text":
            return int(column.dictionary_page_offset or column.data_page_offset)
    return 0
