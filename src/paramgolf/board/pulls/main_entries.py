"""The entries of main: which are there since when, which the ledger knows, and judging those that it does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.comment import refusal_comment, verdict_comment
from paramgolf.board.pulls.judging import Judge, describe, judge_files, state_of
from paramgolf.board.pulls.publication import read_ledger
from paramgolf.board.pulls.pull_state import PullFolder, PullStatus, State, cut, now
from paramgolf.board.pulls.scope import ENTRIES, NAME, list_files
from paramgolf.errors import RefusedPullError
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Verdict

# in the folder of the pull requests, beside their numbers
FOLDER = "merged"


@dataclass(frozen=True, kw_only=True)
class Merged:
    """An entry of main: its folder's tree, since which commit it is there, and when that was made."""

    name: str
    tree: str
    commit: str
    at: str


def merged_entries(clone: Clone, main: str) -> list[Merged]:
    """The entries of main as they are now, in the order in which they came there."""
    entries = clone.folder(main, ENTRIES)
    trees = {item.name: item.object for item in clone.tree(entries) if item.is_folder} if entries else {}
    found = []
    # --no-renames: to look for them, git would read files that the clone has left out
    options = (
        "--first-parent",
        "--diff-merges=first-parent",
        "--no-renames",
        "--name-only",
        "--format=%x01%H %ct",
    )
    for record in clone.git("log", *options, main, "--", ENTRIES).split(b"\x01")[1:]:
        line, *paths = record.splitlines()
        commit, seconds = line.split()
        # a clock that is ahead must not put off what follows
        at = datetime.fromtimestamp(min(int(seconds), int(time.time())), UTC).isoformat(timespec="seconds")
        for name in dict.fromkeys(path.split(b"/")[1] for path in paths if path.count(b"/") > 1):
            tree = trees.pop(name, None)
            if tree and NAME.fullmatch(name):
                found.append(Merged(name=name.decode(), tree=tree, commit=commit.decode(), at=at))
    found.reverse()
    found.sort(key=lambda entry: entry.at)
    return found


def waits_for_verdict(clone: Clone, main: str) -> list[Merged]:
    """The entries of main that the ledger of main has no verdict on."""
    with private_folder() as private:
        ledger = read_ledger(clone, main, private)
        return [one for one in merged_entries(clone, main) if not is_judged(clone, ledger, one)]


def judged_trees(folder: Path) -> dict[tuple[str, str], tuple[PullStatus, Verdict]]:
    """What was judged below `folder`: (entry, tree) -> status and verdict; of several the newest."""
    found: dict[tuple[str, str], tuple[PullStatus, Verdict]] = {}
    for path in folder.glob("**/status.json"):
        left = PullFolder(folder=path.parent)
        status, verdict = left.read(), left.read_verdict()
        if status and verdict and status.entry == verdict.entry and status.tree:
            key = (verdict.entry, status.tree)
            if key not in found or found[key][0].at < status.at:
                found[key] = (status, verdict)
    return found


def judge_merged(
    clone: Clone, out: Path, judge: Judge, say: Callable[[str], None], *, reproduce: bool = False
) -> list[PullStatus]:
    """Judge each entry of main that has no verdict, neither in the ledger nor below `out`; the result of each.

    With `reproduce` a verdict below `out` counts only where a seed was trained again.

    Raises:
        PullError: the remote does not answer, or another process is at it.
        SandboxError: the sandbox is missing or broke.
    """
    main = clone.fetch_main()
    done = {
        key
        for key, (_, verdict) in judged_trees(out).items()
        if verdict.trained_again is not None or not reproduce
    }
    waiting = [one for one in waits_for_verdict(clone, main) if (one.name, one.tree) not in done]
    return [
        _judge(clone, one, main, PullFolder(folder=out / FOLDER / one.name), judge, say) for one in waiting
    ]


def _judge(
    clone: Clone, merged: Merged, main: str, folder: PullFolder, judge: Judge, say: Callable[[str], None]
) -> PullStatus:
    status = PullStatus(
        pull=0,
        state=State.PENDING,
        description="Being judged",
        sha=main,
        entry=merged.name,
        tree=merged.tree,
        at=now(),
    )
    with folder.at_work():
        folder.begin(status)
        say(f"Judging {ENTRIES}/{merged.name} of {main}")
        try:
            verdict = judge_files(clone, merged.name, list_files(clone, merged.tree), judge)
        except RefusedPullError as refusal:
            failed = {"state": State.FAILURE, "description": cut(f"Refused: {refusal}"), "at": now()}
            return folder.finish(
                status.model_copy(update=failed), refusal_comment(str(refusal), sha=main), None
            )
        found = {"state": state_of(verdict), "description": describe(verdict), "at": now()}
        return folder.finish(
            status.model_copy(update=found), verdict_comment(verdict, pull=0, sha=main), verdict
        )


def is_judged(clone: Clone, ledger: Ledger, merged: Merged) -> bool:
    """Whether the ledger's last submission of it is what main has, and was judged."""
    state = ledger.state_of(merged.name)
    return state.judged is not None and is_submitted(clone, ledger, merged)


def is_submitted(clone: Clone, ledger: Ledger, merged: Merged) -> bool:
    """Whether the ledger's last submission of it is what main has."""
    state = ledger.state_of(merged.name)
    if state.submitted is None or state.submission.commit is None:
        return False
    if state.submission.commit == merged.commit:
        return True
    return clone.folder(state.submission.commit, f"{ENTRIES}/{merged.name}") == merged.tree
