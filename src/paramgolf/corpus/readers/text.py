"""One text file is one document."""

from collections.abc import Iterator
from pathlib import Path

from paramgolf.corpus.readers.limits import check_size, check_utf8


def read_text(path: Path) -> Iterator[bytes]:
    """The bytes of the file, exactly; nothing where it is empty.

    Raises:
        CorpusError: too large, or not UTF-8.
    """
    check_size(path.stat().st_size, path, "byte 0")
    document = path.read_bytes()
    check_utf8(document, path, "")
    if document:
        yield document
