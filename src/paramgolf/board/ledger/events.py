"""What can happen to an entry, as strict data; each event is chained to the one before it, so that tampering shows."""

import hashlib
import json
from dataclasses import field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass

from paramgolf.common.schema import Sha256, what_is_wrong
from paramgolf.errors import LedgerError, UsageError
from paramgolf.judge.entry import LONGEST_NAME, MOST_FILES, Line
from paramgolf.judge.verdict import Validity

FIRST_CHAIN = "0" * 64
_STRICT = ConfigDict(strict=True, extra="forbid")


def _an_instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _a_path_inside(text: str) -> str:
    if {"", ".", ".."} & set(text.split("/")) or not text.isprintable() or "\\" in text:
        raise ValueError("no plain path relative to the entry's folder")
    return text


EntryName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=LONGEST_NAME)
]
Instant = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"),
    AfterValidator(_an_instant),
]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[!#-;=?-~]+$", max_length=500)]
Sentence = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=2000)]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")]
PathInside = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_a_path_inside)]
Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class StoredFile:
    """One file of an entry's folder; its bytes are in the store."""

    path: PathInside
    sha256: Sha256
    size: Count


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Submitted:
    """An entry was handed in: what its entry.toml declared, and its files.

    `handed_in_at` decides the order of submission; `shown_sha256` names what an entry's page draws of its papers.
    """

    kind: Literal["submitted"] = "submitted"
    entry: EntryName
    title: Line
    authors: tuple[Line, ...]
    challenge: Line
    track: Line
    record: bool
    parents: tuple[Line, ...]
    files: Annotated[tuple[StoredFile, ...], Field(max_length=MOST_FILES)]
    shown_sha256: Sha256
    handed_in_at: Instant
    link: Link | None = None
    changed: Sentence = ""
    commit: Commit | None = None

    @property
    def manifest_sha256(self) -> str:
        """One hash over path, size and bytes of every file."""
        lines = [[file.path, file.size, file.sha256] for file in sorted(self.files, key=lambda f: f.path)]
        return _sha256(canonical_json(lines))

    @property
    def key(self) -> str | None:
        return f"submitted {self.entry} {self.manifest_sha256}"

    @property
    def blobs(self) -> tuple[str, ...]:
        return (*(file.sha256 for file in self.files), self.shown_sha256)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Judged:
    """A whole verdict on what was handed in by the event number `submission`, under the challenge as it was then."""

    kind: Literal["judged"] = "judged"
    entry: EntryName
    submission: Count
    verdict_sha256: Sha256
    challenge_sha256: Sha256
    standing: Validity

    @property
    def key(self) -> str | None:
        return f"judged {self.entry} {self.verdict_sha256}"

    @property
    def blobs(self) -> tuple[str, ...]:
        return (self.verdict_sha256, self.challenge_sha256)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class _OfAnEntry:
    """Of an entry alone; it may happen again."""

    entry: EntryName

    @property
    def key(self) -> str | None:
        return None

    @property
    def blobs(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Ranked(_OfAnEntry):
    """Where the entry came to stand: a value of `standings.Status`, earned by that verdict."""

    kind: Literal["ranked"] = "ranked"
    status: Line
    verdict_sha256: Sha256 | None
    compared_with: EntryName | None
    disputed: bool


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Superseded(_OfAnEntry):
    """A record that the record `by` came after."""

    kind: Literal["superseded"] = "superseded"
    verdict_sha256: Sha256 | None
    by: EntryName
    disputed: bool


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Invalidated(_OfAnEntry):
    """An organiser ruled it invalid, whatever the judge says."""

    kind: Literal["invalidated"] = "invalidated"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Reinstated(_OfAnEntry):
    """An organiser took the ruling back."""

    kind: Literal["reinstated"] = "reinstated"


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class History:
    """A row or a folder of the public game, as it says itself; nothing of it is verified here. Bits per byte, bytes.

    `record`: it stands in the table of records. `published`: it stands in a table at all. `remarks` say where its
    table, its papers and its logs contradict one another.
    """

    kind: Literal["history"] = "history"
    entry: EntryName
    title: Sentence
    authors: tuple[Sentence, ...]
    challenge: Line
    track: Line
    record: bool
    published: bool
    bits_per_byte: FiniteFloat | None
    deviation: FiniteFloat | None
    seed_scores: tuple[tuple[int, FiniteFloat], ...]
    artifact_bytes: Count | None
    handed_in_at: Instant
    parents: tuple[EntryName, ...] = ()
    link: Link | None = None
    changed: Sentence = ""
    remarks: tuple[Sentence, ...] = ()

    @property
    def key(self) -> str | None:
        return f"history {self.entry} {_sha256(body_json(self))}"

    @property
    def blobs(self) -> tuple[str, ...]:
        return ()


Body = Submitted | Judged | Ranked | Superseded | Invalidated | Reinstated | History
_BODY: TypeAdapter[Body] = TypeAdapter(Annotated[Body, Field(discriminator="kind")])


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Event:
    """One event in its place: `number` counts from 1, `chain` is the SHA-256 over it and the chain before it."""

    number: Annotated[int, Field(ge=1)]
    at: Instant
    who: Annotated[Sentence, Field(min_length=1)]
    why: Annotated[Sentence, Field(min_length=1)]
    body: Body = field(repr=False)
    chain: Sha256

    @property
    def entry(self) -> str:
        return self.body.entry


def chained(body: Body, *, number: int, at: str, who: str, why: str, before: str) -> Event:
    """The event that follows the one with the chain hash `before`.

    Raises:
        UsageError: a field is not what it must be; the message names it.
    """
    try:
        chain = chain_hash(before, number, at, who, why, body_json(body))
        return Event(number=number, at=at, who=who, why=why, body=body, chain=chain)
    except ValidationError as error:
        raise UsageError(f"The event cannot be written: {what_is_wrong(error)}.") from None
    except UnicodeEncodeError:
        raise UsageError(
            "The event cannot be written: its author or its reason is no Unicode text. Give it in UTF-8."
        ) from None


def chain_hash(before: str, number: int, at: str, who: str, why: str, body: str) -> str:
    """What ties an event to all those before it."""
    return _sha256(canonical_json([before, number, at, who, why, body]))


def body_json(body: Body) -> str:
    """Canonical JSON: the same body gives the same bytes."""
    return canonical_json(_BODY.dump_python(body, mode="json"))


def parse_body(text: str) -> Body:
    """The body back.

    Raises:
        LedgerError: the text is no event.
    """
    try:
        return _BODY.validate_json(text)
    except ValidationError as error:
        raise LedgerError(f"The ledger holds what is no event: {what_is_wrong(error, _BODY)}.") from None


def canonical_json(value: Any) -> str:
    """JSON that is the same for the same value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
