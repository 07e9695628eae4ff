"""Whether an artifact holds the text that it is to predict: a search, in everything that unpacks by itself.

A model that has memorised text in its weights is not found so; that is what the comparison with fresh text is for.
"""

import bz2
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paramgolf.judge.archive import UNREADABLE

WINDOW = 48
"""Bytes that must agree: long enough that no common phrase counts."""
UNPACKED_LIMIT = 64 << 20
_OPENERS = (
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(memlimit=256 << 20)),
    (b"]\x00\x00", lambda: lzma.LZMADecompressor(memlimit=256 << 20)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\x78\xda", zlib.decompressobj),
    (b"\x78\x9c", zlib.decompressobj),
    (b"\x1f\x8b", lambda: zlib.decompressobj(31)),
)
_PIECE = 1 << 20
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class StoredText:
    """`bytes` of the documents' text lie word for word in the artifact; `searched` bytes were looked through."""

    bytes: int
    text_bytes: int
    searched: int
    member: str


def find_stored_text(artifact: Path, documents: Sequence[bytes]) -> StoredText:
    """Search every member, unpacked, for pieces of WINDOW bytes of the documents."""
    text = b"\0".join(documents)
    known = _piece_hashes(text)
    wanted = np.unique(known)
    if not len(wanted):
        return StoredText(bytes=0, text_bytes=len(text), searched=0, member="")
    found, searched, where = np.zeros(0, np.uint64), 0, ""
    for name, data in _contents(artifact):
        searched += len(data)
        hits = _hits(data, wanted)
        if len(hits) > len(found):
            where = name
        found = np.union1d(found, hits)
    count = int(np.isin(known, found).sum()) if len(found) else 0
    return StoredText(bytes=count * WINDOW, text_bytes=len(text), searched=searched, member=where)


def _hits(data: bytes, wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Which of the sorted hashes `wanted` occur in `data`; a piece at a time, so that memory stays small."""
    found = [np.zeros(0, np.uint64)]
    for start in range(0, len(data), _PIECE):
        hashes = _hashes(data[start : start + _PIECE + WINDOW - 1])
        at = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
        found.append(np.unique(hashes[wanted[at] == hashes]))
    return np.unique(np.concatenate(found))


def _contents(artifact: Path) -> Iterator[tuple[str, bytes]]:
    left = UNPACKED_LIMIT
    with zipfile.ZipFile(artifact) as archive:
        for member in archive.infolist():
            try:
                with archive.open(member) as handle:
                    data = handle.read(left)
            except UNREADABLE:
                continue  # the worker will say what is wrong with it
            left -= len(data)
            yield member.filename, data
            for inner in _inside(data, left):
                left -= len(inner)
                yield member.filename, inner
            if left <= 0:
                return


def _inside(data: bytes, limit: int) -> Iterator[bytes]:
    """What begins anywhere in `data` as a compressed stream."""
    for magic, opener in _OPENERS:
        at = data.find(magic)
        for _ in range(16):
            if at < 0 or limit <= 0:
                break
            try:
                inner = opener().decompress(data[at:], limit)
            except (lzma.LZMAError, OSError, zlib.error, EOFError, MemoryError, ValueError):
                inner = b""
            if len(inner) >= WINDOW:
                limit -= len(inner)
                yield inner
            at = data.find(magic, at + 1)


def _piece_hashes(text: bytes) -> npt.NDArray[np.uint64]:
    """A hash of each WINDOW bytes, one after the other."""
    words = np.frombuffer(text, "<u8", len(text) // WINDOW * WINDOW // 8).reshape(-1, WINDOW // 8)
    hashes = np.zeros(len(words), np.uint64)
    for column in words.T:
        hashes = _mixed(hashes, column)
    return hashes


def _hashes(data: bytes) -> npt.NDArray[np.uint64]:
    """The same hash of the WINDOW bytes after every place."""
    if len(data) < WINDOW:
        return np.zeros(0, np.uint64)
    array = np.frombuffer(data, np.uint8)
    words = np.zeros(len(data) - 7, np.uint64)
    for i in range(8):
        words |= array[i : len(data) - 7 + i].astype(np.uint64) << np.uint64(8 * i)
    count = len(data) - WINDOW + 1
    hashes = np.zeros(count, np.uint64)
    for i in range(0, WINDOW, 8):
        hashes = _mixed(hashes, words[i : i + count])
    return hashes


def _mixed(hashes: npt.NDArray[np.uint64], words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    hashes = (hashes ^ words) * _MULTIPLIER
    mixed: npt.NDArray[np.uint64] = hashes ^ (hashes >> np.uint64(29))
    return mixed
