"""A corpus for choosing settings: the training documents alone, some held back by a rule that anyone can repeat."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import takewhile
from pathlib import Path

from paramgolf.challenge import Challenge
from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.corpus import open_corpus, site_of, write_documents
from paramgolf.errors import CorpusError, UsageError
from paramgolf.lab.run.data import MADE_FROM

HELD_BACK_BYTES = 300_000
LARGEST_SHARE = 10
"""At most one part in this many of the training text is held back."""
LARGEST_GROUP = 4
"""No site makes up more than one part in this many of what is held back."""
MOST_TEXT = 1 << 30
"""Bytes of training text that are read: an ablation is short."""
RULE = (
    f"sites (documents, where the corpus names no site) in the order of the BLAKE2b-128 hash of their name (text), "
    f"none over a quarter of the slice, until it has {HELD_BACK_BYTES:,} bytes or a tenth of the training text"
)


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """What was held back of the training split; the challenge's validation text is in neither part."""

    documents: int
    bytes: int
    by_site: bool
    rule: str = RULE


def hold_back(corpus: str, challenge: Challenge, folder: Path, say: Callable[[str], None]) -> HeldBack:
    """Write `folder`/train.jsonl and `folder`/validation.jsonl, the slice, unless an earlier call did.

    Both come from the training split of `corpus`.

    Raises:
        UsageError, CorpusError: as open_corpus; UsageError where the folder holds another corpus, CorpusError
            where the documents are too few or too long to hold some back.
    """
    marker = folder / MADE_FROM
    key = [corpus, challenge.canonical_form, challenge.validation_bytes, HELD_BACK_BYTES]
    if marker.exists():
        made = json.loads(marker.read_text())
        if made["key"] != key:
            raise UsageError(
                f"{folder} holds another corpus ({made['key'][0]}; asked: {corpus}). Give another --out."
            )
        return HeldBack(**made["held_back"])
    say(f"corpus {corpus}: reading the training documents, to hold some back")
    opened = open_corpus(corpus, challenge)

    def documents() -> Iterator[bytes]:
        read = 0
        for document in opened.train():
            if read >= MOST_TEXT:
                return
            read += len(document)
            yield document

    chosen = _choose(_sizes(documents()))
    held = write_documents(folder / folders.VALIDATION, (d for d in documents() if _group(d) in chosen))
    train = write_documents(folder / "train.jsonl", (d for d in documents() if _group(d) not in chosen))
    by_site = any(site_of(document) for document in documents())
    held_back = HeldBack(documents=held.documents, bytes=held.bytes, by_site=by_site)
    write_atomic(marker, json.dumps({"key": key, "held_back": asdict(held_back)}, indent=2) + "\n")
    say(
        f"held back: {held.documents:,} documents of {len(chosen):,} {'sites' if by_site else 'texts'}, "
        f"{held.bytes:,} bytes; training: {train.documents:,} documents, {train.bytes:,} bytes"
    )
    return held_back


def _group(document: bytes) -> bytes:
    """What is held back together: a site, or a text where the site is not known."""
    site = site_of(document)
    return blake2b(document if site is None else site.encode(), digest_size=16).digest()


def _sizes(documents: Iterator[bytes]) -> Counter[bytes]:
    sizes: Counter[bytes] = Counter()
    for document in documents:
        sizes[_group(document)] += len(document)
    return sizes


def _choose(sizes: Counter[bytes]) -> frozenset[bytes]:
    """Groups by the rule; raises CorpusError where there is none."""
    wanted = min(HELD_BACK_BYTES, sizes.total() // LARGEST_SHARE)
    fitting = sorted(group for group, size in sizes.items() if size <= wanted // LARGEST_GROUP)
    taken = 0

    def short(group: bytes) -> bool:
        nonlocal taken
        before, taken = taken, taken + sizes[group]
        return before < wanted

    chosen = frozenset(takewhile(short, fitting))
    if not chosen:
        raise CorpusError(
            f"{len(sizes):,} training texts of {sizes.total():,} bytes are too few to hold some back: none has "
            f"{wanted // LARGEST_GROUP:,} bytes or less. Give a corpus of more and shorter documents."
        )
    return chosen
