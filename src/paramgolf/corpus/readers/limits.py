"""What the readers check alike: the size of a document, and that it is UTF-8."""

from pathlib import Path

from paramgolf.errors import CorpusError

LARGEST_DOCUMENT = 64 * 2**20
"""Bytes. A longer document (or line of JSON) is refused before it is held in memory."""


def check_size(size: int, path: Path, where: str) -> None:
    """Raise CorpusError where `size` bytes are too many for one document."""
    if size > LARGEST_DOCUMENT:
        raise CorpusError(
            f"{path}: {where}: {size:,} bytes or more in one document; at most {LARGEST_DOCUMENT:,} are "
            "read. Split it into several documents."
        )


def check_utf8(document: bytes, path: Path, where: str, start: int = 0) -> str:
    """`document` as text. `start` is the byte of `where` at which it begins.

    Raises:
        CorpusError: it is not UTF-8; the message names file and offset.
    """
    try:
        return document.decode()
    except UnicodeDecodeError as error:
        got = document[error.start]
        raise CorpusError(
            f"{path}: {where}byte {start + error.start:,}: 0x{got:02x} is not valid UTF-8 here. "
            "Convert the text to UTF-8."
        ) from None
