"""Capital letters as operators in front of lower-case words, lossless on any bytes, around any tokenizer.

"The HTML of McDonald" becomes "^the= html of^ mc^donald", ^ and = two control bytes that are charged like all others:
a word is the same tokens wherever in a sentence it stands (the idea of the record folder
2026-04-18_PR1626_CaseOps_Taper).
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import CASE, Tokenizer

# The next letter, or all letters of the next word, are capital; a space may stand between. ESCAPE: the next byte
# stands for itself, as these three do where a document holds them.
CAPITAL, CAPITALS, ESCAPE = b"\x0e", b"\x0f", b"\x10"

# A word with a capital begins with the space before it. Possessive, and only where a word begins: linear time.
_FOLD = re.compile(rb"[\x0e-\x10]|(?: |(?<![A-Za-z]))[a-z]*+[A-Z][A-Za-z]*+").sub
_UNFOLD = re.compile(rb"\x10(.?)|\x0e( ?[a-z]?)|\x0f( ?[a-z]*)", re.DOTALL).sub
# Words whose capitals each get an operator; what has two in a row, yet is not all capital, stays as it is.
_CAMEL = re.compile(rb" ?[a-z]*(?:[A-Z][a-z]+)*[A-Z]?[a-z]*").fullmatch
_CAPITAL = re.compile(rb" ?[A-Z]").sub


def fold(document: bytes) -> bytes:
    """`document` with operators instead of capitals, the same bytes for the same document."""
    return _FOLD(_folded, document)


def unfold(text: bytes) -> bytes:
    """The document that `fold` made `text` of; other text gives something too."""
    return _UNFOLD(_unfolded, text)


def _folded(match: Any) -> bytes:
    word: bytes = match[0]
    if word[0] in b"\x0e\x0f\x10":
        return ESCAPE + word
    letters = word.lstrip(b" ")
    if len(letters) > 1 and letters.isupper():
        return CAPITALS + word.lower()
    if _CAMEL(word):
        return _CAPITAL(lambda m: CAPITAL + m[0].lower(), word)
    return word


def _unfolded(match: Any) -> bytes:
    literal, one, all_ = match.groups()
    return literal if literal is not None else (all_ if one is None else one).upper()


class CaseFolding(Tokenizer):
    """`inner` on folded text. `pieces` are of that text: only `decode` knows what they spell in a document."""

    growth = 2

    def __init__(self, inner: Tokenizer) -> None:
        self.inner, self.kind = inner, inner.kind | CASE
        self.pieces, self.vocab_size = inner.pieces, inner.vocab_size

    def encode(self, document: bytes) -> NDArray[np.int32]:
        """Tokens of `document`, folded, int32 [T]."""
        return self.inner.encode(fold(document))

    def decode(self, tokens: Iterable[int]) -> bytes:
        """The document that `tokens` spell. Raises ValueError on an id that spells nothing."""
        return unfold(self.inner.decode(tokens))

    def pack(self) -> bytes:
        """What the tokenizer inside has learnt."""
        return self.inner.pack()
