"""Byte-pair encoding: ids from 257 are merges as they were learnt (Sennrich et al. 2016, arXiv:1508.07909)."""

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .base import BPE, END_OF_DOCUMENT, FIRST_LEARNT, LONGEST_TOKEN, Tokenizer

USED = 3  # what a use adds to an id's weight of 1 when merges are packed


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
        """The count of merges (2 bytes), then their parts as one number (asymmetric numeral systems, Duda 2009,
        arXiv:0902.0271), the likelier the oftener they were parts before.
        """
        steps, sides = [], _weights(len(self.merges))
        for known, parts in enumerate(self.merges, FIRST_LEARNT):
            for weights, part in zip(sides, parts, strict=True):
                steps.append([int(weights[part]), int(weights[:part].sum()), int(weights[:known].sum())])
                weights[part] += USED
        number = 0
        for weight, below, total in reversed(steps):
            number = number // weight * total + below + number % weight
        return len(self.merges).to_bytes(2, "little") + number.to_bytes(
            (number.bit_length() + 7) // 8, "little"
        )

    @classmethod
    def unpack(cls, data: bytes) -> "BytePairs":
        """The tokenizer that `pack` gave `data` for. Raises ValueError where none did."""
        count = int.from_bytes(data[:2], "little")
        # Both parts of a merge together take less than 5 bytes.
        number = int.from_bytes(data[2 : 2 + 5 * count], "little")
        merges, sides = [], _weights(count)
        for known in range(FIRST_LEARNT, FIRST_LEARNT + count):
            parts = []
            for weights in sides:
                ends = weights[:known].cumsum()
                number, place = divmod(number, int(ends[-1]))
                part = int(ends.searchsorted(place, "right"))
                number = number * int(weights[part]) + place - int(ends[part] - weights[part])
                weights[part] += USED
                parts.append(part)
            merges.append((parts[0], parts[1]))
        if number or not 2 <= len(data) <= 2 + 5 * count:
            raise ValueError("the packed tokenizer is damaged: bytes are left over or missing")
        return cls(merges)


def _weights(merges: int) -> NDArray[np.int64]:
    """How likely each id is as a left part and as a right part, before any was."""
    return np.ones((2, FIRST_LEARNT + merges), np.int64)
