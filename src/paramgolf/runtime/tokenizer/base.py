"""Bytes to tokens and back, lossless on any byte string.

Ids 0..255 are the bytes, 256 is the end of a document; ids from 257 stand for the longer pieces that a kind of
tokenizer has learnt: bpe.py, unigram.py. Without any this is the byte-level tokenizer. case.py wraps any of them.
"""

import re
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

END_OF_DOCUMENT = 256
FIRST_LEARNT = 257

# Tokens never cross these pieces. Every byte belongs to exactly one; bytes from 0x80 count as letters. The
# bounds keep the work on a piece small whatever the text is. No raw strings: the library that learns the merges
# would read the escapes of bytes from 0x80 on differently.
PIECES = (
    " ?[A-Za-z\x80-\xff]{1,24}(?:'[A-Za-z]{1,2}(?![A-Za-z]))?"
    "| ?[0-9]{1,4}"
    "| ?[^ \t-\rA-Za-z0-9\x80-\xff]{1,16}"
    "|[ \t-\r]{1,16}(?![^ \t-\r])"
    "|[ \t-\r]{1,16}"
)
CACHED_PIECES = 1 << 19
HEADER = 16  # bytes in front of compressed documents
LONGEST_TOKEN = 64  # bytes, over that of any piece: a hostile file could double the length with every merge

# The first byte of the packed form: the kind, and CASE where case.py wraps it.
BYTES, BPE, UNIGRAM, CASE = 0, 1, 2, 4


class Tokenizer:
    """`learnt`: the bytes that ids from 257 spell."""

    kind = BYTES
    # Bytes of text that tokens spell, at most so many times those of the document.
    growth = 1

    def __init__(self, learnt: Iterable[bytes] = ()) -> None:
        self.pieces: list[bytes] = [bytes([i]) for i in range(256)] + [b"", *learnt]
        self.vocab_size = len(self.pieces)
        self._find = re.compile(PIECES.encode("latin-1"), re.DOTALL).findall
        self._cache: dict[bytes, list[int]] = {}

    def encode(self, document: bytes) -> NDArray[np.int32]:
        """Tokens of `document`, int32 [T], without the end of the document."""
        tokens: list[int] = []
        cache = self._cache
        for piece in self._find(document):
            ids = cache.get(piece)
            if ids is None:
                if len(cache) >= CACHED_PIECES:
                    cache.clear()
                ids = cache[piece] = self.split(piece)
            tokens += ids
        return np.array(tokens, dtype=np.int32)

    def decode(self, tokens: Iterable[int]) -> bytes:
        """The bytes that `tokens` spell. Raises ValueError on an id that spells nothing."""
        ids = np.asarray(tokens, dtype=np.int64)
        if ids.size and (ids.min() < 0 or ids.max() >= self.vocab_size or (ids == END_OF_DOCUMENT).any()):
            raise ValueError(
                f"tokens must be ids below {self.vocab_size} and not the end of a document ({END_OF_DOCUMENT})"
            )
        return b"".join(map(self.pieces.__getitem__, ids.tolist()))

    def split(self, piece: bytes) -> list[int]:
        """The ids of one of PIECES."""
        return list(piece)

    def pack(self) -> bytes:
        """What was learnt, in few bytes."""
        return b""

    def to_bytes(self) -> bytes:
        """The packed form: the kind, then what was learnt."""
        return bytes([self.kind]) + self.pack()


def header(documents: list[bytes]) -> bytes:
    """What stands in front of compressed documents: number and checksum (4 bytes each), bytes of all (8)."""
    checksum = 0
    for document in documents:
        checksum = zlib.crc32(document, zlib.crc32(len(document).to_bytes(8, "little"), checksum))
    size = sum(map(len, documents))
    return len(documents).to_bytes(4, "little") + checksum.to_bytes(4, "little") + size.to_bytes(8, "little")
