"""Byte-level byte-pair encoding, lossless on any byte string.

Ids 0..255 are the bytes, 256 is the end of a document, ids from 257 are merges in the order they were learnt
(Sennrich et al. 2016, arXiv:1508.07909). No merges at all makes the byte-level tokenizer.
"""

import itertools
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

END_OF_DOCUMENT = 256
FIRST_MERGE = 257

# Merges never cross these pieces. Every byte belongs to exactly one; bytes from 0x80 count as letters. The
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
LONGEST_TOKEN = 64  # bytes, over that of any piece: a hostile file could double the length with every merge


class Tokenizer:
    """Merges (a, b): ids of the two parts, each smaller than the id that the merge makes."""

    def __init__(self, merges: Iterable[tuple[int, int]] = ()) -> None:
        self.merges = list(merges)
        self.vocab_size = FIRST_MERGE + len(self.merges)
        self.pieces: list[bytes] = [bytes([i]) for i in range(256)] + [b""]
        self._rank: dict[tuple[int, int], int] = {}
        for a, b in self.merges:
            if not (0 <= a < len(self.pieces) and 0 <= b < len(self.pieces)) or END_OF_DOCUMENT in (a, b):
                raise ValueError(
                    f"merge {len(self._rank)} is ({a}, {b}): a part must be a byte or an earlier merge"
                )
            if len(self.pieces[a] + self.pieces[b]) > LONGEST_TOKEN:
                raise ValueError(
                    f"merge {len(self._rank)} spells more than {LONGEST_TOKEN} bytes: no text needs it"
                )
            self._rank.setdefault((a, b), len(self.pieces))
            self.pieces.append(self.pieces[a] + self.pieces[b])
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
                ids = cache[piece] = self._merge(piece)
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

    def _merge(self, piece: bytes) -> list[int]:
        """Apply the earliest learnt merge of adjacent parts, leftmost first, until none applies."""
        ids, none = list(piece), self.vocab_size
        while len(ids) > 1:
            ranks = list(map(self._rank.get, itertools.pairwise(ids), itertools.repeat(none)))
            best = min(ranks)
            if best == none:
                break
            at = ranks.index(best)
            ids[at : at + 2] = [best]
        return ids

    def to_bytes(self) -> bytes:
        """The packed form: the parts as digits of one number in a mixed base, after the count of merges (2 bytes)."""
        number = 0
        for i, (a, b) in enumerate(self.merges):
            base = FIRST_MERGE + i
            number = (number * base + a) * base + b
        return len(self.merges).to_bytes(2, "little") + number.to_bytes(
            (number.bit_length() + 7) // 8, "little"
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tokenizer":
        """The tokenizer whose packed form is `data`. Raises ValueError where it is not one."""
        count = int.from_bytes(data[:2], "little")
        # Both parts of a merge together take less than 5 bytes.
        number = int.from_bytes(data[2 : 2 + 5 * count], "little")
        merges = []
        for i in reversed(range(count)):
            number, b = divmod(number, FIRST_MERGE + i)
            number, a = divmod(number, FIRST_MERGE + i)
            merges.append((a, b))
        if number or not 2 <= len(data) <= 2 + 5 * count:
            raise ValueError("the packed tokenizer is damaged: bytes are left over or missing")
        return cls(reversed(merges))
