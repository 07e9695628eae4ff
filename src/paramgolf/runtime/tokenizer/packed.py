"""A tokenizer from its packed form, whatever its kind."""

from .base import BPE, BYTES, CASE, UNIGRAM, Tokenizer


def read_tokenizer(data: bytes) -> Tokenizer:
    """The tokenizer whose packed form is `data`. Raises ValueError where it is not one."""
    kind, rest = data[0] if data else -1, data[1:]
    # Only what this tokenizer needs is imported: the rest does not ship with it.
    if kind & ~CASE == UNIGRAM:
        from .unigram import Unigram

        tokenizer: Tokenizer = Unigram.unpack(rest)
    elif kind & ~CASE == BPE:
        from .bpe import BytePairs

        tokenizer = BytePairs.unpack(rest)
    elif kind & ~CASE == BYTES and not rest:
        tokenizer = Tokenizer()
    else:
        raise ValueError("the packed tokenizer is damaged, or of an unknown kind")
    if kind & CASE:
        from .case import CaseFolding

        return CaseFolding(tokenizer)
    return tokenizer
