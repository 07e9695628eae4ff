"""An entry: the folder that a person hands in. Its papers are read as hostile bytes; nothing of it is run here.

entry.toml   who, what, and the seeds with their artifacts (this schema)
README.md    the write-up
recipe.toml  what was trained
seeds/N/     model.pyz, and the papers of its run: result.json, log.jsonl, manifest.json
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

from paramgolf.challenge import TargetReached
from paramgolf.common import folders
from paramgolf.common.schema import Sha256, what_is_wrong
from paramgolf.common.toml import parse_toml
from paramgolf.errors import EntryError
from paramgolf.judge.safe_files import read_regular_file

LARGEST_ENTRY_FILE = 1 << 16
LARGEST_README = 1 << 20
# Of a result or a manifest.
LARGEST_JSON = 1 << 24
LARGEST_LOG = 64 << 20
# What an entry's folder may hold, wherever it is taken in.
LARGEST_FILE = LARGEST_LOG
LARGEST_ENTRY = 1 << 30
MOST_FILES = 500
LONGEST_NAME = 100
MOST_SEEDS = 32
LARGEST_SEED = 2**63 - 1

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
RelativePath = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$")
]


class _Paper(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Author(_Paper):
    """Who made it."""

    name: Line
    github: Line | None = None


class EnteredSeed(_Paper):
    """One trained artifact; paths are relative to the entry's folder."""

    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)]
    artifact: RelativePath
    sha256: Sha256
    bits_per_byte: Annotated[FiniteFloat, Field(gt=0)]
    target: TargetReached | None = None
    result: RelativePath | None = None
    log: RelativePath | None = None
    manifest: RelativePath | None = None


class Entry(_Paper):
    """entry.toml. `parents` are the entries that it builds on, so that descendants of a bad one are found."""

    title: Line
    authors: Annotated[list[Author], Field(min_length=1, max_length=50)]
    challenge: Line
    track: Literal["fixed", "adaptive"]
    record: bool
    document_isolation: bool
    parents: Annotated[list[Line], Field(max_length=50)]
    hardware: Line
    licence: Line
    recipe: RelativePath | None = None
    seeds: Annotated[list[EnteredSeed], Field(min_length=1, max_length=MOST_SEEDS)]


def read_entry(folder: Path) -> Entry:
    """The entry's own words.

    Raises:
        EntryError: entry.toml is missing, is no TOML, or has a wrong key or value; the message names each.
    """
    return parse_entry(read_regular_file(folder, folders.ENTRY, LARGEST_ENTRY_FILE))


def parse_entry(data: bytes) -> Entry:
    """The words of an entry.toml of at most LARGEST_ENTRY_FILE bytes.

    Raises:
        EntryError: it is no TOML, or has a wrong key or value; the message names each.
    """
    try:
        table = parse_toml(data)
    except ValueError as error:
        raise EntryError(f"entry.toml is no TOML: {str(error)[:300]}. Fix that place.") from None
    try:
        return Entry.model_validate(table)
    except ValidationError as error:
        raise EntryError(f"entry.toml: {what_is_wrong(error, Entry)}.") from None
