"""Which documents are validation where a corpus has no split: by a hash of the content, never by position."""

import heapq
from collections.abc import Iterable
from hashlib import blake2b

from paramgolf.errors import CorpusError

LARGEST_FRACTION = 10
"""Validation is at most one part in this many of the corpus."""


def fingerprint(document: bytes) -> bytes:
    """16 bytes that stand for the content of a document."""
    return blake2b(document, digest_size=16).digest()


def choose_validation(documents: Iterable[bytes], validation_bytes: int, source: str) -> frozenset[bytes]:
    """Fingerprints of the validation documents, chosen in one pass.

    The documents with the smallest fingerprints are chosen, up to `validation_bytes` and a tenth of the
    corpus. The choice depends on what the documents say alone: not on their order, and copies of a document
    go the same way. Memory is that of the fingerprints chosen, so a corpus may be of any size.

    Raises:
        CorpusError: the corpus is too small to split.
    """
    sizes: dict[int, int] = {}  # bytes of text under each fingerprint chosen so far, copies included
    largest: list[int] = []  # heap of the same fingerprints, negated: the largest first
    chosen = total = count = 0

    def drop_largest() -> int:
        return sizes.pop(-heapq.heappop(largest))

    for document in documents:
        total += len(document)
        count += 1
        key = int.from_bytes(fingerprint(document))
        if key in sizes:
            sizes[key] += len(document)
        elif chosen < validation_bytes or key < -largest[0]:
            heapq.heappush(largest, -key)
            sizes[key] = len(document)
        else:
            continue
        chosen += len(document)
        while chosen - sizes[-largest[0]] >= validation_bytes:
            chosen -= drop_largest()
    limit = min(validation_bytes, total // LARGEST_FRACTION)
    while chosen > limit:
        chosen -= drop_largest()
    if not sizes:
        raise CorpusError(
            f"{source}: got {count:,} documents of {total:,} bytes, too few to split: validation may be "
            f"{limit:,} bytes of them, and the document chosen first is longer. Give more and shorter "
            "documents, or a folder with train.* and validation.* files."
        )
    return frozenset(key.to_bytes(16) for key in sizes)
