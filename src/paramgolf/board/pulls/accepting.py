"""After the merge: what main has and the ledger has not is entered, ranked and published, in one push."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.intake import intake
from paramgolf.board.ledger.ledger import RANKING_CACHE, Ledger
from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.extract import extract
from paramgolf.board.pulls.main_entries import Merged, is_judged, is_submitted, judged_trees, merged_entries
from paramgolf.board.pulls.publication import LEDGER, Publication
from paramgolf.board.pulls.pull_state import PullStatus
from paramgolf.board.pulls.scope import ENTRIES, list_files
from paramgolf.board.ranking.ranking import read_standings, settle
from paramgolf.board.site import build_site
from paramgolf.challenge import Challenge
from paramgolf.common import folders
from paramgolf.common.printable import one_line
from paramgolf.errors import EntryError, ParamgolfError, PullError
from paramgolf.judge.entry import LARGEST_README
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Verdict

# others push to main too
MOST_ROUNDS = 20
LONGEST_CHANGE = 300
JUDGE = "the judge"


@dataclass(frozen=True, kw_only=True)
class AcceptJob:
    """`judged` is the folder in which pull requests were judged; `only` limits it to the entries of those.

    `site` is the branch that the site is published on.
    """

    clone: Clone
    judged: Path
    challenge: Callable[[str], Challenge]
    site: str
    title: str
    base_url: str | None = None
    only: frozenset[int] = frozenset()
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The result: the newest commit of main, the entries with new events, and why some have none."""

    commit: str
    changed: bool
    entries: tuple[str, ...]
    problems: tuple[str, ...]


def accept(job: AcceptJob) -> Accepted:
    """Enter what was merged and judged, rank, build the site, commit, push; where main moved meanwhile, once more.

    Raises:
        PullError: main cannot be fetched or pushed to, or moves faster than it can be published.
    """
    for _ in range(MOST_ROUNDS):
        with private_folder() as private:
            publication = Publication.begin(job.clone, job.site, private)
            entries, problems = _enter(job, publication)
            ledger, kept = Ledger(publication.folder / LEDGER), job.judged / RANKING_CACHE
            settle(ledger, kept)
            standings = read_standings(ledger, kept)
            build_site(standings, publication.site_folder, title=job.title, base_url=job.base_url)
            if published := publication.push(f"Board: {', '.join(entries) or 'the site'}\n"):
                return Accepted(
                    commit=published.main,
                    changed=published.changed,
                    entries=tuple(entries),
                    problems=tuple(problems),
                )
        job.say("Main moved meanwhile: once more, on the newest.")
        time.sleep(random.uniform(0, 0.5))  # noqa: S311 - so that two do not keep step
    raise PullError(f"Main moved {MOST_ROUNDS} times while it was published. Try again when it rests.")


def _enter(job: AcceptJob, publication: Publication) -> tuple[list[str], list[str]]:
    """Append the events that are missing; the entries that got one, and what hinders others."""
    judged = judged_trees(job.judged)
    entries, problems = [], []
    ledger = publication.read()
    for merged in _wanted(job, judged, merged_entries(job.clone, publication.main)):
        if is_judged(job.clone, ledger, merged):
            continue
        before = len(ledger.events_of(merged.name))
        try:
            status, verdict = judged.get((merged.name, merged.tree), (None, None))
            _hand_in(job, ledger, merged, status)
            if verdict is None:
                problems.append(f"{merged.name} has no verdict yet: paramgolf judge-merged")
            else:
                intake.add_verdict(ledger, verdict, job.challenge(verdict.challenge), who=JUDGE)
        except ParamgolfError as error:
            problems.append(f"{merged.name}: {error}")
        if len(ledger.events_of(merged.name)) > before:
            entries.append(merged.name)
    return entries, problems


def _wanted(
    job: AcceptJob, judged: dict[tuple[str, str], tuple[PullStatus, Verdict]], merged: list[Merged]
) -> Iterator[Merged]:
    names = {name for (name, _), (status, _) in judged.items() if status.pull in job.only}
    trees = {(one.name, one.tree) for one in merged}
    for pull in sorted(job.only):
        if not any(status.pull == pull and key in trees for key, (status, _) in judged.items()):
            raise PullError(
                f"Pull request {pull} is not on the main branch as it was judged here. Judge it, merge it, then accept."
            )
    yield from (one for one in merged if not job.only or one.name in names)


def _hand_in(job: AcceptJob, ledger: Ledger, merged: Merged, status: PullStatus | None) -> None:
    if is_submitted(job.clone, ledger, merged):
        return
    with private_folder() as private:
        folder = private / merged.name
        extract(job.clone, list_files(job.clone, merged.tree), folder)
        intake.hand_in(
            ledger,
            folder,
            who=f"pull request {status.pull}" if status and status.pull else "the main branch",
            why=f"merged with {merged.commit[:10]}",
            link=_link(job.clone.remote, merged, status),
            changed=what_is_new(folder),
            commit=merged.commit,
            handed_in_at=merged.at,
        )


def what_is_new(folder: Path) -> str:
    """The first paragraph of the write-up, which says it in a sentence."""
    try:
        text = read_regular_file(folder, folders.README, LARGEST_README).decode("utf-8", "replace")
    except EntryError:
        return ""
    for paragraph in text.replace("\r\n", "\n").split("\n\n"):
        line = " ".join(part for part in paragraph.split("\n") if not part.startswith("#"))
        if line := one_line(line, LONGEST_CHANGE):
            return line
    return ""


def _link(remote: str, merged: Merged, status: PullStatus | None) -> str | None:
    if not remote.startswith("https://"):
        return None
    base = remote.removesuffix("/").removesuffix(".git")
    if status and status.pull:
        return f"{base}/pull/{status.pull}"
    return f"{base}/tree/{merged.commit}/{ENTRIES}/{merged.name}"
