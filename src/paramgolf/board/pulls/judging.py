"""Judge a pull request: fetch its head, find its one entry, verify that, say so, and notice when it moved meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.pulls.clone import MAIN_REF, Clone
from paramgolf.board.pulls.comment import refusal_comment, stopped_comment, verdict_comment
from paramgolf.board.pulls.extract import extract
from paramgolf.board.pulls.pull_state import PullFolder, PullStatus, State, cut, now
from paramgolf.board.pulls.scope import ENTRIES, Change, EntryFile, find_change
from paramgolf.common import folders
from paramgolf.errors import EntryError, ParamgolfError, PullError, RefusedPullError
from paramgolf.judge.entry import LARGEST_ENTRY_FILE, Entry, parse_entry
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Validity, Verdict

# a branch that moves whenever it is judged is left alone then
MOST_ROUNDS = 3
Judge = Callable[[Path], Verdict]
_STATES = {Validity.VALID: State.SUCCESS, Validity.INVALID: State.FAILURE}


@dataclass(frozen=True, kw_only=True)
class PullJob:
    """Which pull request, where to leave what is found, and by whom it is judged.

    `author` is who opened it, as the host says: only whom main names as an author may change an entry of main.
    `again`: also where this very head was judged before; `reproduce`: where it was, but no seed was trained again.
    """

    clone: Clone
    pull: int
    out: Path
    judge: Judge
    author: str | None = None
    again: bool = False
    reproduce: bool = False
    say: Callable[[str], None] = lambda line: None


@dataclass(frozen=True, kw_only=True)
class _Result:
    status: PullStatus
    comment: str
    verdict: Verdict | None = None


def judge_pull(job: PullJob) -> PullStatus:
    """Judge a pull request, and leave status.json, comment.md and verdict.json. Again: goes on, or finds it done.

    Raises:
        PullError: the remote does not answer, has no such pull request, or another process is at it.
        SandboxError: the sandbox is missing or broke; the status says so.
    """
    folder = PullFolder(folder=job.out)
    with folder.at_work():
        head = ""
        for _ in range(MOST_ROUNDS):
            result = _judge_newest(job, folder)
            if isinstance(result, PullStatus):
                return result
            head = _newest(job.clone, job.pull)
            if head == result.status.sha:
                return folder.finish(result.status, result.comment, result.verdict)
            job.say(f"The branch moved to {head} while {result.status.sha} was judged: once more.")
        status = _status(
            job.pull, State.PENDING, head, "The branch moves faster than it is judged. Let it rest."
        )
        return folder.finish(status, refusal_comment(status.description, sha=head), None)


def check_pull(clone: Clone, pull: int, author: str | None = None) -> Change:
    """The one entry that a pull request brings; nothing of it is run.

    Raises:
        RefusedPullError: it touches anything else, or its folder holds what no entry may hold.
        PullError: the remote does not answer, or has no such pull request.
    """
    main = clone.fetch_main()
    change = find_change(clone, main, clone.fetch_pull(pull))
    if change.base is not None:
        _require_author(clone, change, author)
    return change


def refuse_pull(clone: Clone, pull: int, out: Path, refusal: RefusedPullError) -> PullStatus:
    """Leave status.json and comment.md in `out` that say why it is not judged.

    Raises:
        PullError: the remote does not answer, or another process is at it.
    """
    folder = PullFolder(folder=out)
    with folder.at_work():
        head = _newest(clone, pull)
        folder.begin(_status(pull, State.PENDING, head, "Being looked at"))
        refused = _refused(pull, head, str(refusal))
        return folder.finish(refused.status, refused.comment, None)


def _judge_newest(job: PullJob, folder: PullFolder) -> _Result | PullStatus:
    """What the newest head deserves; a status where that was said already."""
    head = _newest(job.clone, job.pull)
    try:
        change = check_pull(job.clone, job.pull, job.author)
    except RefusedPullError as refusal:
        if (done := folder.read()) and done.sha == head and _is_merged(job.clone, done):
            return done
        folder.begin(_status(job.pull, State.PENDING, head, "Being looked at"))
        return _refused(job.pull, head, str(refusal))
    done, verdict = folder.read(), folder.read_verdict()
    enough = verdict is not None and (verdict.trained_again is not None or not job.reproduce)
    if done and enough and not job.again and done.sha == change.head and folder.comment.is_file():
        job.say(f"{change.head} was judged before: {done.description}")
        return done
    status = _status(job.pull, State.PENDING, change.head, "Being judged", change)
    folder.begin(status)
    job.say(f"Judging {ENTRIES}/{change.name} of {change.head}")
    try:
        verdict = judge_files(job.clone, change.name, change.files, job.judge)
    except ParamgolfError as error:
        status = _status(job.pull, State.ERROR, change.head, f"The judge stopped: {error}", change)
        folder.finish(status, stopped_comment(str(error), sha=change.head), None)
        raise
    return _judged(job, change, verdict)


def judge_files(clone: Clone, name: str, files: tuple[EntryFile, ...], judge: Judge) -> Verdict:
    """The verdict on files in git, judged from a private copy that bears the entry's name."""
    with private_folder() as private:
        extract(clone, files, private / name)
        return judge(private / name)


def describe(verdict: Verdict) -> str:
    """A verdict in one line."""
    score = f", {verdict.mean_in_words}" if verdict.mean_in_words else ""
    rules = ", ".join(dict.fromkeys(f"{f.rule} {f.name}" for f in verdict.failed))
    return cut(f"{verdict.standing}{score}" + (f"; failed: {rules}" if rules else ""))


def state_of(verdict: Verdict) -> State:
    """SUCCESS only where it is valid; ERROR where a person has to look."""
    return _STATES.get(verdict.standing, State.ERROR)


def _newest(clone: Clone, pull: int) -> str:
    heads = clone.heads(str(pull))
    if pull not in heads:
        raise PullError(f"{clone.remote} has no pull request {pull}. Give the number of one that is there.")
    return heads[pull]


def _is_merged(clone: Clone, status: PullStatus) -> bool:
    """Whether main has the entry as it was judged: then its verdict stays, though nothing is left to judge."""
    return status.tree is not None and clone.folder(MAIN_REF, f"{ENTRIES}/{status.entry}") == status.tree


def _judged(job: PullJob, change: Change, verdict: Verdict) -> _Result:
    return _Result(
        status=_status(job.pull, state_of(verdict), change.head, describe(verdict), change),
        comment=verdict_comment(verdict, pull=job.pull, sha=change.head),
        verdict=verdict,
    )


def _refused(pull: int, head: str, reason: str) -> _Result:
    status = _status(pull, State.FAILURE, head, f"Refused: {reason}")
    return _Result(status=status, comment=refusal_comment(reason, sha=head))


def _status(pull: int, state: State, sha: str, description: str, change: Change | None = None) -> PullStatus:
    return PullStatus(
        pull=pull,
        state=state,
        description=cut(description),
        sha=sha,
        entry=change.name if change else None,
        tree=change.tree if change else None,
        at=now(),
    )


def _require_author(clone: Clone, change: Change, author: str | None) -> None:
    """Only an author whom main names may change an entry of main."""
    names = _authors(clone, change)
    if author is None or author.lower() not in names:
        raise RefusedPullError(
            f"{ENTRIES}/{change.name} is on the main branch already, and {author or 'an unknown author'} is none of "
            f"its authors ({', '.join(sorted(names)) or 'it names no github account'}). Take another name for yours."
        )


def _authors(clone: Clone, change: Change) -> set[str]:
    entry = entry_in(clone, change.base or change.tree)
    return {author.github.lower() for author in entry.authors if author.github} if entry else set()


def entry_in(clone: Clone, tree: str) -> Entry | None:
    """What an entry's folder in git says of itself; None where it cannot be read."""
    blob = clone.git.find(f"{tree}:{folders.ENTRY}")
    try:
        return None if blob is None else parse_entry(clone.blob(blob, LARGEST_ENTRY_FILE))
    except (EntryError, PullError):
        return None
