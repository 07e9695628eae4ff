"""Byte-pair encoding: ids from 257 are merges as they were learnt (Sennrich et al. 2016, arXiv:1508.07909)."""

import itertools
from collections.abc import Iterable

from .tokenizer import BPE, END_OF_DOCUMENT, FIRST_LEARNT, LONGEST_TOKEN, Tokenizer


class BytePairs(Tokenizer):
    """Merges (a, b): ids of the two parts, each smaller than the id that the merge makes."""

    kind = BPE

    def __init__(self, merges: Iterable[tuple[int, int]] = ()) -> None:
        self.merges = list(merges)
        super().__init__()
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
        self.vocab_size = len(self.pieces)

    def split(self, piece: bytes) -> list[int]:
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

    def pack(self) -> bytes:
        """The count of merges (2 bytes), then their parts as digits of one number in a mixed base."""
        number = 0
        for i, (a, b) in enumerate(self.merges):
            base = FIRST_LEARNT + i
            number = (number * base + a) * base + b
        return len(self.merges).to_bytes(2, "little") + number.to_bytes(
            (number.bit_length() + 7) // 8, "little"
        )

    @classmethod
    def unpack(cls, data: bytes) -> "BytePairs":
        """The tokenizer that `pack` gave `data` for. Raises ValueError where none did."""
        count = int.from_bytes(data[:2], "little")
        # Both parts of a merge together take less than 5 bytes.
        number = int.from_bytes(data[2 : 2 + 5 * count], "little")
        merges = []
        for i in reversed(range(count)):
            number, b = divmod(number, FIRST_LEARNT + i)
            number, a = divmod(number, FIRST_LEARNT + i)
            merges.append((a, b))
        if number or not 2 <= len(data) <= 2 + 5 * count:
            raise ValueError("the packed tokenizer is damaged: bytes are left over or missing")
        return cls(reversed(merges))
