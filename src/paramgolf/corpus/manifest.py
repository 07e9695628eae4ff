"""The manifest of a corpus: where it comes from, how large its splits are, and their SHA-256."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from paramgolf.common.files import atomic_writer, write_atomic
from paramgolf.common.schema import Sha256, what_is_wrong
from paramgolf.errors import CorpusError

LARGEST_MANIFEST = 2**20
_CONFIG = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class Split:
    """Size and hash of one split; `sha256` as `documents_sha256` gives it."""

    documents: NonNegativeInt
    bytes: NonNegativeInt
    sha256: Sha256


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class Splits:
    """The two splits of a corpus."""

    train: Split
    validation: Split


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class Manifest:
    """A corpus in one canonical form.

    `dropped_from_training` counts training documents of a ready split that validation holds too, so left out.
    """

    source: str
    canonical_form: str
    splits: Splits
    dropped_from_training: NonNegativeInt


class Tally:
    """Counts and hashes documents as they pass."""

    def __init__(self) -> None:
        self.documents = 0
        self.bytes = 0
        self._sha256 = hashlib.sha256()

    def add(self, document: bytes) -> None:
        """Take the next document in."""
        self.documents += 1
        self.bytes += len(document)
        self._sha256.update(len(document).to_bytes(8, "little"))
        self._sha256.update(document)

    def split(self) -> Split:
        """What was counted so far."""
        return Split(documents=self.documents, bytes=self.bytes, sha256=self._sha256.hexdigest())


def documents_sha256(documents: Iterable[bytes]) -> str:
    """SHA-256, as hex, over the documents in order, each after its length as 8 little-endian bytes."""
    tally = Tally()
    for document in documents:
        tally.add(document)
    return tally.split().sha256


def write_documents(path: Path, documents: Iterable[bytes]) -> Split:
    """Write documents (UTF-8) as .jsonl, all of it or nothing; `read_documents` gives the same bytes back."""
    tally = Tally()
    with atomic_writer(path) as handle:
        for document in documents:
            tally.add(document)
            handle.write(json.dumps({"text": document.decode()}, ensure_ascii=False).encode() + b"\n")
    return tally.split()


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest as JSON, all of it or nothing."""
    write_atomic(path, json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest back.

    Raises:
        CorpusError: there is no such file, or it is no manifest.
    """
    try:
        with path.open("rb") as handle:
            return TypeAdapter(Manifest).validate_json(handle.read(LARGEST_MANIFEST))
    except (OSError, ValidationError) as error:
        raise CorpusError(
            f"{path}: this is no manifest of a corpus: {what_is_wrong(error, Manifest)}. Prepare the corpus again."
        ) from None
