"""The queue: which pull requests wait, which are being judged, and why one stopped."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.pull_state import PullFolder, PullStatus, State, described
from paramgolf.board.pulls.scope import ENTRIES
from paramgolf.common.printable import quoted


class Place(StrEnum):
    """Where a pull request is on the road."""

    WAITING = "waiting"
    JUDGING = "being judged"
    STOPPED = "stopped"
    PASSED = "passed"
    FAILED = "failed"
    MERGED = "merged"


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One pull request of the queue. `why` says in words what is known."""

    pull: int
    sha: str
    place: Place
    entry: str | None
    why: str
    since: str | None


_PLACES = {State.SUCCESS: Place.PASSED, State.FAILURE: Place.FAILED, State.ERROR: Place.STOPPED}
_STYLES = {
    Place.WAITING: "yellow",
    Place.JUDGING: "bold cyan",
    Place.STOPPED: "bold red",
    Place.PASSED: "green",
    Place.FAILED: "red",
    Place.MERGED: "dim",
}


def queue(clone: Clone, pulls: Path, only: Collection[int] = ()) -> list[Waiting]:
    """Every pull request that the remote names, or `only` those; `pulls` is the folder in which they are judged.

    A remote names closed ones too: by git alone, only those that were merged can be told.

    Raises:
        PullError: the remote does not answer.
    """
    main = clone.fetch_main()
    heads = {pull: sha for pull, sha in clone.heads().items() if not only or pull in only}
    return [_of(clone, main, pull, sha, PullFolder(folder=pulls / str(pull))) for pull, sha in heads.items()]


def print_queue(waiting: list[Waiting], console: Console) -> None:
    """The queue as a table."""
    table = Table(title="Pull requests", title_justify="left")
    for name in ("pull", "entry", "", "head", "since", "why"):
        table.add_column(name, overflow="fold")
    for one in waiting:
        where = Text(one.place, _STYLES[one.place])
        since = (one.since or "")[:16].replace("T", " ")
        table.add_row(str(one.pull), Text(one.entry or ""), where, one.sha[:10], since, Text(one.why))
    console.print(table)


def _of(clone: Clone, main: str, pull: int, sha: str, folder: PullFolder) -> Waiting:
    status = folder.read()
    who, alive = folder.worker()
    entry, since = (status.entry, status.at) if status else (None, None)
    if who and alive:
        place, why, since = Place.JUDGING, f"by {described(who)}", who.since
    elif _is_merged(clone, main, sha, status):
        place, why = Place.MERGED, status.description if status else "It is on the main branch."
    elif status is None:
        place, why = Place.WAITING, "It was not looked at here."
    elif who or (status.state is State.PENDING and status.sha == sha):
        gone = f"{described(who)} is gone" if who else status.description
        place, why = Place.STOPPED, f"{gone}. Judge it again: paramgolf judge-pr --pull {pull}"
    elif status.sha != sha:
        place, why = Place.WAITING, f"The branch moved; {status.sha[:10]} was: {status.description}"
    else:
        place, why = _PLACES[status.state], status.description
    return Waiting(pull=pull, sha=sha, place=place, entry=entry, why=_plain(why), since=since)


def _is_merged(clone: Clone, main: str, sha: str, status: PullStatus | None) -> bool:
    """By its head, or, where the merge made another commit of it, by the entry's folder."""
    if status and status.sha == sha and status.entry and status.tree:
        return clone.folder(main, f"{ENTRIES}/{status.entry}") == status.tree
    return clone.contains(main, sha)


def _plain(text: str) -> str:
    return text if text.isprintable() else quoted(text)
