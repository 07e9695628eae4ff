"""The public game's published table and record folders, as history: claims, with what contradicts them beside them.

Reads leaderboard.json (the table's rows) and records.json (the folders, with what their papers and logs say of each
seed). Nothing of it was run here, so nothing of it is ever ranked.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from paramgolf.board.ledger.events import Event, History
from paramgolf.board.ledger.ledger import Entered, Ledger
from paramgolf.challenge import load_challenge
from paramgolf.common.printable import one_line
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import EntryError, UsageError
from paramgolf.judge.public_game.examine import CHALLENGE
from paramgolf.judge.safe_files import read_regular_file

LARGEST_TABLE = 16 << 20
RECORD_TRACK = "10min_16mb"
RECORD_SECTION = "Leaderboard"
REPOSITORY = "https://github.com/openai/parameter-golf"
# the table gives four decimals
ROUNDING = 0.0001
MOST_REMARKS = 12
LONGEST_REMARK = 400
WHO = "the import"

Text = Annotated[str, StringConstraints(max_length=20_000)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d")]
Model = TypeVar("Model")


class _Read(BaseModel):
    """Keys that are not listed are passed over: these files have many, for other uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Quoted(_Read):
    p: FiniteFloat
    versus: Text | None = None


class _Published(_Read):
    section: Text
    name: Text
    score: FiniteFloat
    author: Text
    date: Day
    summary: Text = ""
    pr_number: int | None = None
    prs_mentioned: Annotated[list[int], Field(max_length=100)] = []
    folder: Text | None = None
    p_value_claims: Annotated[list[_Quoted], Field(max_length=100)] = []


class _Seed(_Read):
    seed: int
    val_bpb: FiniteFloat | None = None
    artifact_bytes: int | None = None
    train_seconds: FiniteFloat | None = None
    conflicts: dict[str, dict[str, Any]] = {}


class _Folder(_Read):
    folder: Text
    track: Text
    name: Text | None = None
    author: Text | None = None
    date: Text | None = None
    claimed_val_bpb: FiniteFloat | None = None
    claimed_bytes_total: int | None = None
    mean_val_bpb_from_seeds: FiniteFloat | None = None
    std_val_bpb_from_seeds: FiniteFloat | None = None
    seeds: Annotated[list[_Seed], Field(max_length=100)] = []
    flags: Annotated[list[Text], Field(max_length=200)] = []


_ROWS = TypeAdapter(Annotated[list[_Published], Field(max_length=10_000)])
_FOLDERS = TypeAdapter(Annotated[list[_Folder], Field(max_length=10_000)])


def import_history(ledger: Ledger, folder: Path, *, who: str = WHO) -> list[Event]:
    """Write every published row, and every folder that no row names, as history; the same again changes nothing.

    Raises:
        UsageError: a file is missing, too large, or not of that shape.
    """
    bodies = read_history(folder)
    why = f"imported from {len(bodies)} rows and folders of the public game"
    events = ledger.append_all([Entered(body=body, who=who, why=why) for body in bodies])
    assert events is not None
    return events


def read_history(folder: Path) -> list[History]:
    """What there is, in order of the date.

    Raises:
        UsageError: as `import_history`.
    """
    rows = _parsed(folder, "leaderboard.json", _ROWS)
    folders = {record.folder: record for record in _parsed(folder, "records.json", _FOLDERS)}
    names = {id(row): _name(row) for row in rows}
    pulls = _by_pull(rows, names)
    try:
        bodies = [_published(row, folders.get(row.folder or ""), names[id(row)], pulls) for row in rows]
        listed = {row.folder for row in rows}
        bodies += [_unpublished(record) for name, record in folders.items() if name not in listed]
    except ValidationError as error:
        raise UsageError(f"{folder} holds what is no history: {what_is_wrong(error)}.") from None
    twice = [name for name, count in Counter(body.entry for body in bodies).items() if count > 1]
    if twice:
        raise UsageError(
            f"{folder}: {', '.join(twice[:5])} would be there twice. Each row needs a folder of its own."
        )
    return sorted(bodies, key=lambda body: (body.handed_in_at, -(body.bits_per_byte or 0), body.entry))


def _published(row: _Published, record: _Folder | None, name: str, pulls: Mapping[int, str]) -> History:
    in_records = row.section == RECORD_SECTION
    compared = {int(n) for claim in row.p_value_claims for n in re.findall(r"#(\d+)", claim.versus or "")}
    bases = (pulls.get(number) for number in row.prs_mentioned if number not in compared)
    return History(
        entry=name,
        title=_line(row.name),
        authors=(_line(row.author),),
        challenge=CHALLENGE,
        track=_track(record.track) if record else (RECORD_TRACK if in_records else "non_record_16mb"),
        record=in_records,
        published=True,
        bits_per_byte=row.score,
        deviation=record.std_val_bpb_from_seeds if record else None,
        seed_scores=_seed_scores(record),
        artifact_bytes=_largest_artifact(record),
        handed_in_at=_instant(row.date),
        parents=tuple(dict.fromkeys(base for base in bases if base and base != name)),
        link=f"{REPOSITORY}/pull/{row.pr_number}"
        if name == pulls.get(row.pr_number or 0)
        else _folder_link(record),
        changed=_line(row.summary),
        remarks=_remarks(_against_the_table(row, record), record),
    )


def _unpublished(record: _Folder) -> History:
    score = record.claimed_val_bpb if record.claimed_val_bpb is not None else record.mean_val_bpb_from_seeds
    return History(
        entry=_slug(record.folder),
        title=_line(record.name or record.folder),
        authors=(_line(record.author),) if record.author else (),
        challenge=CHALLENGE,
        track=_track(record.track),
        record=False,
        published=False,
        bits_per_byte=score,
        deviation=record.std_val_bpb_from_seeds,
        seed_scores=_seed_scores(record),
        artifact_bytes=_largest_artifact(record),
        handed_in_at=_instant(record.date or record.folder),
        link=_folder_link(record),
        remarks=_remarks([], record),
    )


def _against_the_table(row: _Published, record: _Folder | None) -> list[str]:
    """Where the published row says other than its folder, and what it quotes of its significance."""
    remarks = [
        f"the table quotes p = {claim.p:g}" + (f" against {claim.versus}" if claim.versus else "")
        for claim in row.p_value_claims
    ]
    if record is None:
        return [*remarks, "the table names no record folder of its own"]
    for what, score in (
        ("its folder claims", record.claimed_val_bpb),
        ("its seeds average", record.mean_val_bpb_from_seeds),
    ):
        said = score is None or any(
            f"claimed val_bpb {score}" in f or f"seed mean {score}" in f for f in record.flags
        )
        if score is not None and not said and abs(score - row.score) > ROUNDING:
            remarks.append(f"published as {row.score:.4f}, {what} {score:.5f}")
    if row.section == RECORD_SECTION and _track(record.track) != RECORD_TRACK:
        remarks.append(f"published among the records, its folder is in {_track(record.track)}")
    return remarks


def _remarks(first: list[str], record: _Folder | None) -> tuple[str, ...]:
    """At most `MOST_REMARKS`, so that a row stays readable; how many more there are is said."""
    remarks = [*first]
    if record is not None:
        remarks += [re.sub(r"[\[\]']", "", flag.removeprefix("NOTE: ")) for flag in record.flags]
        remarks += [
            f"seed {seed.seed}: {what} is given as {' and as '.join(sorted({str(v) for v in said.values()}))}"
            for seed in record.seeds
            for what, said in seed.conflicts.items()
            if not any(flag.startswith(f"seed {seed.seed}: sources differ") for flag in record.flags)
        ]
        limit = load_challenge(CHALLENGE).artifact_bytes
        over = [seed.seed for seed in record.seeds if (seed.artifact_bytes or 0) > limit]
        if over and not any(f"{limit:,}" in flag for flag in record.flags):
            remarks.append(f"over {limit:,} bytes with seed {', '.join(map(str, over))}")
        if not record.seeds:
            remarks.append("no seed's score can be told from its papers and logs")
    lines = [_line(remark)[:LONGEST_REMARK] for remark in remarks]
    more = len(lines) - MOST_REMARKS
    return tuple(lines if more <= 0 else [*lines[:MOST_REMARKS], f"and {more} more"])


def _by_pull(rows: Sequence[_Published], names: Mapping[int, str]) -> dict[int, str]:
    """Entry of each pull request. A number that several rows give is that of a base, of which it is not known."""
    count = Counter(row.pr_number for row in rows)
    return {
        row.pr_number: names[id(row)]
        for row in rows
        if row.pr_number is not None and count[row.pr_number] == 1
    }


def _name(row: _Published) -> str:
    if row.folder:
        return _slug(row.folder)
    return f"pull-{row.pr_number}" if row.pr_number is not None else _slug(f"{row.date[:10]}_{row.name}")


def _folder_link(record: _Folder | None) -> str | None:
    return f"{REPOSITORY}/tree/main/records/{quote(record.track)}/{quote(record.folder)}" if record else None


def _seed_scores(record: _Folder | None) -> tuple[tuple[int, float], ...]:
    seeds = record.seeds if record else []
    return tuple((seed.seed, seed.val_bpb) for seed in seeds if seed.val_bpb is not None)


def _largest_artifact(record: _Folder | None) -> int | None:
    if record is None:
        return None
    of_seeds = [seed.artifact_bytes for seed in record.seeds if seed.artifact_bytes is not None]
    return max(of_seeds, default=record.claimed_bytes_total)


def _track(track: str) -> str:
    return _slug(track.removeprefix("track_"))


def _instant(date: str) -> str:
    return f"{date[:10]}T00:00:00+00:00"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:100]


def _line(text: str) -> str:
    return one_line(text)[:2000]


def _parsed(folder: Path, name: str, adapter: TypeAdapter[Model]) -> Model:
    try:
        return adapter.validate_json(read_regular_file(folder, name, LARGEST_TABLE))
    except EntryError as error:
        raise UsageError(
            f"{folder}: {error} Give the folder with leaderboard.json and records.json."
        ) from None
    except ValidationError as error:
        raise UsageError(
            f"{folder / name} is not of the shape expected: {what_is_wrong(error, adapter)}."
        ) from None
