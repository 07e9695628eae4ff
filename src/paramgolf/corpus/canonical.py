"""Canonical forms: what is done to a document once, before anything else sees it."""

from collections.abc import Callable

from paramgolf.common.names import look_up
from paramgolf.errors import UsageError

Canonicalise = Callable[[bytes], bytes]


def canonical_form(name: str) -> Canonicalise:
    """The function that brings a document (UTF-8) into the form of that name; the result may be empty.

    raw        the exact bytes
    nmt_nfkc   what the public game's tokenizers make of a text before they count it: NFKC, every run of
               spaces, tabs and newlines one space, most other control characters gone, stripped; U+2581 is
               a space too. This is SentencePiece's own normaliser, not unicodedata: its NFKC table is of
               another Unicode version and its treatment of control characters its own, and only the same
               bytes give scores that compare.

    Raises:
        UnknownNameError: no such form.
        UsageError: nmt_nfkc, and the package sentencepiece is not installed.
    """
    return look_up("canonical form", name, {"raw": lambda: _raw, "nmt_nfkc": _nmt_nfkc})()


def _raw(document: bytes) -> bytes:
    return document


def _nmt_nfkc() -> Canonicalise:
    try:
        from sentencepiece import SentencePieceNormalizer
    except ImportError:
        raise UsageError(
            "The canonical form nmt_nfkc needs sentencepiece. Install it: pip install sentencepiece"
        ) from None
    normalizer = SentencePieceNormalizer(
        rule_name="nmt_nfkc", add_dummy_prefix=False, escape_whitespaces=False, remove_extra_whitespaces=True
    )

    def canonicalise(document: bytes) -> bytes:
        text: str = normalizer.normalize(document.decode())
        return text.encode()

    return canonicalise
