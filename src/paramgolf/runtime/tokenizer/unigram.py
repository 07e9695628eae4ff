"""Unigram tokenizer: pieces with costs, and the cheapest way to spell a text (Kudo 2018, arXiv:1804.10959)."""

import lzma
from os.path import commonprefix
from typing import Any

from .base import FIRST_LEARNT, UNIGRAM, Tokenizer

BITS = 2  # steps of a cost in a bit
DEAREST = 255
LONGEST = 16  # bytes of a piece
LARGEST = 1 << 21  # bytes of a vocabulary unpacked
FILTERS: Any = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 4, "pb": 0}]


class Unigram(Tokenizer):
    """`learnt`: pieces in ascending order, each once; `costs`: of the 256 bytes, then of those, 0 to DEAREST."""

    kind = UNIGRAM

    def __init__(self, learnt: list[bytes], costs: list[int]) -> None:
        if len(costs) != 256 + len(learnt) or any(not 1 < len(p) <= LONGEST for p in learnt):
            raise ValueError(f"pieces have 2 to {LONGEST} bytes and a cost each")
        super().__init__(learnt)
        self.costs = costs
        ids = [*range(256), *range(FIRST_LEARNT, self.vocab_size)]
        self._priced = {self.pieces[i]: (cost, i) for i, cost in zip(ids, costs, strict=True)}

    def split(self, piece: bytes) -> list[int]:
        """The cheapest ids, by dynamic programming (Viterbi 1967); of equal ones, the last token is the longest."""
        paths: list[tuple[int, int, int]] = [(0, 0, 0)]
        for end in range(1, len(piece) + 1):
            best = (1 << 30, 0, 0)
            for start in range(max(0, end - LONGEST), end):
                found = self._priced.get(piece[start:end])
                if found and paths[start][0] + found[0] < best[0]:
                    best = (paths[start][0] + found[0], start, found[1])
            paths.append(best)
        ids, end = [], len(piece)
        while end:
            _, end, token = paths[end]
            ids.append(token)
        return ids[::-1]

    def pack(self) -> bytes:
        """The count of pieces (2 bytes), then, compressed together: how many bytes each shares with the one before,
        how many it adds, these bytes, and all costs.
        """
        learnt = self.pieces[FIRST_LEARNT:]
        shared = [len(commonprefix(pair)) for pair in zip([b"", *learnt], learnt, strict=False)]  # noqa: RUF071
        added = [piece[n:] for n, piece in zip(shared, learnt, strict=True)]
        columns = bytes(shared) + bytes(map(len, added)) + b"".join(added) + bytes(self.costs)
        return len(learnt).to_bytes(2, "little") + lzma.compress(columns, lzma.FORMAT_RAW, filters=FILTERS)

    @classmethod
    def unpack(cls, data: bytes) -> "Unigram":
        """The tokenizer that `pack` gave `data` for. Raises ValueError where none did."""
        count = int.from_bytes(data[:2], "little")
        try:
            columns = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS).decompress(data[2:], LARGEST)
        except (lzma.LZMAError, EOFError):
            columns = b""
        learnt, at, piece = list[bytes](), 2 * count, b""
        for shared, added in zip(columns[:count], columns[count:at], strict=False):
            before, piece = piece, piece[:shared] + columns[at : at + added]
            at += added
            if not before < piece:
                break
            learnt.append(piece)
        if len(learnt) < count or len(columns) != at + 256 + count:
            raise ValueError("the packed tokenizer is damaged: its columns do not fit together")
        return cls(learnt, list(columns[at:]))
