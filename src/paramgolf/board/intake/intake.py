"""The desk: takes entries and verdicts from outside, reads them strictly, and writes what happened into the ledger."""

from pathlib import Path

from pydantic import ValidationError

from paramgolf.board.ledger.entry_papers import papers_json, papers_of
from paramgolf.board.ledger.events import (
    Event,
    Invalidated,
    Judged,
    Reinstated,
    StoredFile,
    Submitted,
)
from paramgolf.board.ledger.ledger import Ledger, now
from paramgolf.board.ledger.store import Store
from paramgolf.challenge import Challenge, challenge_json
from paramgolf.common import folders
from paramgolf.common.printable import quoted
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import EntryError, UsageError
from paramgolf.judge.entry import (
    LARGEST_ENTRY,
    LARGEST_ENTRY_FILE,
    LARGEST_FILE,
    MOST_FILES,
    Entry,
    parse_entry,
)
from paramgolf.judge.safe_files import list_regular_files, read_regular_file
from paramgolf.judge.verdict import LARGEST_VERDICT_FILE, Verdict, parse_verdict, verdict_json

# the judge leaves these in an entry's folder; they are no part of it
OF_THE_JUDGE = frozenset({folders.VERDICT, folders.VERDICT_PAGE})


def hand_in(
    ledger: Ledger,
    folder: Path,
    *,
    who: str,
    why: str = "handed in",
    name: str | None = None,
    link: str | None = None,
    changed: str = "",
    commit: str | None = None,
    handed_in_at: str | None = None,
) -> Event:
    """Store every regular file of an entry's folder and write that it was handed in; the same again changes nothing.

    `name` is the folder's own by default; `handed_in_at` ("2026-11-22T09:00:00+00:00") is now by default, and
    decides the order of submission.

    Raises:
        EntryError: entry.toml cannot be read, or the folder holds a link, a device, too many files or too large ones.
        UsageError: the name or another value is invalid, or the name is taken.
    """
    files = _stored(ledger.store, folder)
    entry = parse_entry(_read(ledger.store, files, folders.ENTRY) or b"")
    shown_blob = papers_json(papers_of(entry, lambda path: _read(ledger.store, files, path)))
    try:
        body = Submitted(
            entry=name or folder.resolve().name,
            title=entry.title,
            authors=_authors(entry),
            challenge=entry.challenge,
            track=entry.track,
            record=entry.record,
            parents=tuple(entry.parents),
            files=files,
            shown_sha256=ledger.store.put(shown_blob.encode()),
            handed_in_at=handed_in_at or now(),
            link=link,
            changed=changed,
            commit=commit,
        )
    except ValidationError as error:
        raise UsageError(f"{quoted(str(folder))} cannot be handed in: {what_is_wrong(error)}.") from None
    if body.handed_in_at > now():
        raise UsageError(
            f"Handed in at {body.handed_in_at}, which is not yet. Give the time as it was, in UTC."
        )
    return ledger.append(body, who=who, why=why)


def add_verdict(
    ledger: Ledger, verdict: Verdict, challenge: Challenge, *, who: str, why: str = "judged"
) -> Event:
    """Write the judge's verdict on the entry that it names, as last handed in; the same again changes nothing.

    Raises:
        UsageError: the entry was not handed in, or the verdict is not a whole one on its files.
    """
    state = ledger.submitted(verdict.entry)
    assert state.submitted is not None
    body = Judged(
        entry=verdict.entry,
        submission=state.submitted.number,
        verdict_sha256=ledger.store.put(verdict_json(verdict).encode()),
        challenge_sha256=ledger.store.put(challenge_json(challenge).encode()),
        standing=verdict.standing,
    )
    if verdict.trained_again is not None:
        why = f"{why}, seed {verdict.trained_again} trained again"
    return ledger.append(body, who=who, why=why)


def verdict_in(path: Path) -> Verdict:
    """A verdict.json from anywhere: a plain file of at most 16 MiB.

    Raises:
        UsageError: it is no verdict.
    """
    try:
        return parse_verdict(read_regular_file(path.parent, path.name, LARGEST_VERDICT_FILE))
    except (EntryError, UsageError) as error:
        raise UsageError(
            f"{quoted(str(path))} is no verdict: {error} Make it with: paramgolf verify"
        ) from None


def rule_invalid(ledger: Ledger, entry: str, *, who: str, why: str) -> Event:
    """Write an organiser's ruling that an entry is invalid.

    Raises:
        UsageError: it was not handed in, or is ruled so already.
    """
    ledger.submitted(entry)
    return ledger.append(Invalidated(entry=entry), who=who, why=why)


def reinstate(ledger: Ledger, entry: str, *, who: str, why: str) -> Event:
    """Write that the ruling is taken back: its verdict counts again.

    Raises:
        UsageError: it was not handed in, or no ruling stands.
    """
    ledger.submitted(entry)
    return ledger.append(Reinstated(entry=entry), who=who, why=why)


def _stored(store: Store, folder: Path) -> tuple[StoredFile, ...]:
    listing = list_regular_files(folder, MOST_FILES)
    if listing.refused:
        problems = [f"{quoted(path)} {why}" for path, why in list(listing.refused.items())[:6]]
        raise EntryError(f"{'; '.join(problems)}. Leave out what is no plain file.")
    wanted = {path: size for path, size in listing.files.items() if path not in OF_THE_JUDGE}
    if (total := sum(wanted.values())) > LARGEST_ENTRY:
        raise EntryError(
            f"The folder has {total:,} bytes, at most {LARGEST_ENTRY:,} are taken. Leave files out."
        )
    if folders.ENTRY not in wanted:
        raise EntryError(
            f"There is no {folders.ENTRY} in {quoted(str(folder))}. Start from: paramgolf new entry NAME"
        )
    files = []
    for path in wanted:
        data = read_regular_file(folder, path, LARGEST_ENTRY_FILE if path == folders.ENTRY else LARGEST_FILE)
        try:
            files.append(StoredFile(path=path, sha256=store.put(data), size=len(data)))
        except ValidationError as error:
            raise EntryError(f"{quoted(path)} cannot be taken: {what_is_wrong(error)}. Rename it.") from None
    return tuple(files)


def _authors(entry: Entry) -> tuple[str, ...]:
    return tuple(author.name for author in entry.authors)


def _read(store: Store, files: tuple[StoredFile, ...], path: str) -> bytes | None:
    found = next((file for file in files if file.path == path), None)
    return store.get(found.sha256) if found else None
