"""What a model's predictions of a text cost, by document, token and byte."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class DocumentScore:
    """The cost of one document of n bytes and T tokens, in bits.

    text        the document's bytes
    tokens      int32 [T]: the artifact's tokens; of a model whose vocabulary is a tree, its yes and no decisions
    token_bits  float64 [T]: -log2 of each token's probability, given those before it
    token_ends  int64 [T]: how many bytes of `text` are spelled once that token is there
    byte_bits   float64 [n]: the bits of the tokens that spell a byte, spread evenly over the bytes that they spell
                together. Tokens that spell nothing yet count with those after them.
    end_bits    of the end of the document, and of tokens at the very end that spell nothing
    bits        of the whole document: the sum of token_bits and of the end, as `paramgolf score` has it
    """

    text: bytes
    tokens: npt.NDArray[np.int32]
    token_bits: Bits
    token_ends: npt.NDArray[np.int64]
    byte_bits: Bits
    end_bits: float
    bits: float

    @property
    def bits_per_byte(self) -> float:
        """`bits` for each byte; not a number where the document is empty."""
        return self.bits / len(self.text) if self.text else math.nan

    @property
    def pieces(self) -> list[tuple[bytes, float]]:
        """The text in the smallest pieces that tokens spell, each with its bits; joined, they are the text."""
        ends = np.unique(self.token_ends[self.token_ends > 0]).tolist()
        if self.text and (not ends or ends[-1] < len(self.text)):
            ends.append(len(self.text))  # spelled by no token
        starts = [0, *ends][: len(ends)]
        return [(self.text[a:b], math.fsum(self.byte_bits[a:b])) for a, b in zip(starts, ends, strict=True)]


@dataclass(frozen=True, kw_only=True, eq=False)
class TextScore:
    """The cost of all documents that were given, in their order; `bits` counts each one's end."""

    documents: tuple[DocumentScore, ...]
    bits: float
    text_bytes: int

    @property
    def bits_per_byte(self) -> float:
        """The score: `bits` for each byte of all documents."""
        return self.bits / self.text_bytes


def document_score(
    text: bytes, tokens: npt.NDArray[np.int32], nats: Bits, groups: Sequence[tuple[int, int]]
) -> DocumentScore:
    """Spread the cost of T+1 predictions, the last that of the end, over the bytes that groups of tokens spell.

    groups: where each ends, in tokens and in bytes; the last ends with the text.
    """
    bits = nats / math.log(2)
    token_ends = np.zeros(len(tokens), np.int64)
    byte_bits = np.zeros(len(text))
    at = said = 0
    for stop, end in groups:
        byte_bits[said:end] = bits[at:stop].sum() / (end - said)
        token_ends[at:stop] = said
        token_ends[stop - 1 : stop] = end  # of no token at all where the artifact has none for the text
        at, said = stop, end
    token_ends[at:] = said
    return DocumentScore(
        text=text,
        tokens=tokens,
        token_bits=bits[:-1],
        token_ends=token_ends,
        byte_bits=byte_bits,
        end_bits=math.fsum(bits[at:]),
        # As score/scorer.py rounds it, to the last bit.
        bits=math.fsum(nats.tolist()) / math.log(2),
    )
