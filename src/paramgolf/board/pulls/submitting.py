"""Hand in an entry: a branch with just its folder, made and pushed without touching the person's files or index."""

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.pulls.clone import MAIN
from paramgolf.board.pulls.git import Git, GitError, environment
from paramgolf.board.pulls.scope import (
    DEEPEST,
    ENTRIES,
    FILE_NAME,
    NAME,
)
from paramgolf.common import folders
from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError, PullError, UsageError
from paramgolf.judge.entry import (
    LARGEST_ENTRY,
    LARGEST_ENTRY_FILE,
    LARGEST_FILE,
    MOST_FILES,
    Entry,
    parse_entry,
    read_entry,
)
from paramgolf.judge.record_gate import verdict_at
from paramgolf.judge.safe_files import list_regular_files, read_regular_file
from paramgolf.judge.verdict import Validity, Verdict

_GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
# where the remote's branches are kept in the person's repository, so that none of theirs is touched
_KEPT = "refs/paramgolf"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A branch that was pushed. `changed` is False where the remote had all of it already."""

    entry: str
    branch: str
    commit: str
    remote: str
    changed: bool
    warnings: tuple[str, ...]
    next_step: str


def push_entry(
    folder: Path,
    repository: Path,
    *,
    remote: str,
    branch: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Submission:
    """Push the entry in `folder` as a branch of `remote`, a remote of the git repository that `repository` lies in.

    Raises:
        UsageError: the entry is not whole, or there is no repository.
        PullError: its name is another's on main, the branch holds something else, or the remote does not answer.
    """
    name = folder.resolve().name
    entry, files, warnings = check_entry(folder)
    git = Git(folder=_git_folder(repository))
    branch = branch or f"entry/{name}"
    target = f"refs/heads/{branch}"
    git("check-ref-format", target)
    base = _fetch(git, remote, f"refs/heads/{MAIN}")
    if base is None:
        raise PullError(
            f"{remote} has no branch {MAIN}. Give --remote the repository of the game, or your fork of it."
        )
    _refuse_taken(git, base, name, entry)
    tip = _fetch(git, remote, target)
    say(f"Reading {len(files)} files of {folder}")
    blobs = {path: git.write_blob(read_regular_file(folder, path, LARGEST_FILE)) for path in files}
    commit = _commit(git, tip or base, name, entry, blobs)
    if commit == base:
        raise PullError(
            f"{ENTRIES}/{name} is on {MAIN} already, just as it is here. There is nothing to hand in."
        )
    _refuse_other_work(git, base, commit, name, branch)
    if commit != tip:
        say(f"Pushing {branch} to {remote}")
        git("push", "-q", "--no-verify", "--", remote, f"{commit}:{target}")
    return Submission(
        entry=name,
        branch=branch,
        commit=commit,
        remote=remote,
        changed=commit != tip,
        warnings=warnings,
        next_step=_next_step(git, remote, branch),
    )


def check_entry(folder: Path) -> tuple[Entry, list[str], tuple[str, ...]]:
    """The entry's words, its files, and what an organiser will ask about.

    Raises:
        UsageError: something is missing, too large, or not what entry.toml says.
    """
    if not folder.is_dir():
        raise UsageError(
            f"There is no entry's folder at {folder}. Make one: paramgolf new entry NAME --from RUN"
        )
    name = folder.resolve().name
    if not NAME.fullmatch(name.encode()):
        raise UsageError(
            f"{quoted(name)} is no entry's name. Rename the folder: letters, digits, '-', '_' and '.', at most 100."
        )
    try:
        entry = read_entry(folder)
        files = _files(folder)
        for seed in entry.seeds:
            data = read_regular_file(folder, seed.artifact, LARGEST_FILE)
            if (sha256 := hashlib.sha256(data).hexdigest()) != seed.sha256:
                raise EntryError(
                    f"{seed.artifact} has SHA-256 {sha256}, entry.toml says {seed.sha256}. Correct entry.toml."
                )
    except EntryError as error:
        raise UsageError(f"{folder} cannot be handed in: {error}") from None
    named = {path for s in entry.seeds for path in (s.artifact, s.result, s.log, s.manifest) if path}
    named |= {folders.README, *([entry.recipe] if entry.recipe else [])}
    if missing := sorted(named - set(files)):
        raise UsageError(f"{folder} cannot be handed in: {', '.join(missing)} is missing. Put it there.")
    return entry, files, _warnings(folder, entry)


def _files(folder: Path) -> list[str]:
    listing = list_regular_files(folder, MOST_FILES)
    for path, why in listing.refused.items():
        raise EntryError(f"{quoted(path)} {why}. Put the file itself there, or leave it out.")
    for path, size in listing.files.items():
        if (
            not all(FILE_NAME.fullmatch(part.encode()) for part in path.split("/"))
            or path.count("/") > DEEPEST
        ):
            raise EntryError(
                f"{quoted(path)}: names have letters, digits, '-', '_' and '.', not '-' or '.' first, at most "
                f"{DEEPEST} folders deep. Rename it or leave it out."
            )
        if size > LARGEST_FILE:
            raise EntryError(
                f"{quoted(path)} has {size:,} bytes; a file may have {LARGEST_FILE:,}. Make it smaller."
            )
    if (total := sum(listing.files.values())) > LARGEST_ENTRY:
        raise EntryError(
            f"The folder has {total:,} bytes; an entry may have {LARGEST_ENTRY:,}. Leave something out."
        )
    return list(listing.files)


def _warnings(folder: Path, entry: Entry) -> tuple[str, ...]:
    judge_first = f"Judge it before: paramgolf verify {folder}"
    if not (folder / folders.VERDICT).is_file():
        return (
            f"It has no {folders.VERDICT}, so you do not know yet what the judge will say. {judge_first}",
        )
    try:
        verdict = verdict_at(folder)
    except UsageError:
        return (f"Its {folders.VERDICT} is no verdict. {judge_first}",)
    return tuple(_doubts(verdict, entry, judge_first))


def _doubts(verdict: Verdict, entry: Entry, judge_first: str) -> list[str]:
    doubts = []
    if verdict.standing is not Validity.VALID:
        failed = ", ".join(dict.fromkeys(f"{f.rule} {f.name}" for f in verdict.failed)) or "no rule failed"
        doubts.append(f"Its own verdict is {verdict.standing} ({failed}). It will hardly be accepted.")
    if verdict.depth != "full":
        doubts.append(f"Its verdict is of a {verdict.depth} look. {judge_first}")
    artifacts = {seed.sha256 for seed in entry.seeds}
    if {score.artifact_sha256 for score in verdict.scores} - artifacts:
        doubts.append(f"Its verdict is of other artifacts. {judge_first}")
    return doubts


def _git_folder(repository: Path) -> Path:
    # the person's own variables may say where it is
    found = subprocess.run(
        ["git", "rev-parse", "--absolute-git-dir"],
        cwd=repository,
        capture_output=True,
        text=True,
        env=environment(),
    )
    if found.returncode:
        raise UsageError(
            f"{repository.resolve()} lies in no git repository. Go to your clone of the game's repository."
        )
    return Path(found.stdout.strip())


def _fetch(git: Git, remote: str, ref: str) -> str | None:
    kept = f"{_KEPT}/{ref.removeprefix('refs/')}"
    options = ("-q", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    try:
        git("fetch", *options, "--", remote, f"+{ref}:{kept}")
    except GitError as error:
        if "couldn't find remote ref" in error.stderr:
            return None
        raise PullError(f"{error} Give --remote the name or the URL of the game's repository.") from None
    return git.line("rev-parse", kept)


def _refuse_taken(git: Git, base: str, name: str, entry: Entry) -> None:
    path = f"{base}:{ENTRIES}/{name}"
    if git.find(path) is None:
        return
    blob = git.find(f"{path}/{folders.ENTRY}")
    try:
        if blob is None or int(git.line("cat-file", "-s", blob)) > LARGEST_ENTRY_FILE:
            raise EntryError("")
        theirs = _people(parse_entry(git("cat-file", "blob", blob)))
    except EntryError:
        theirs = set()
    if not theirs & _people(entry):
        whom = f", by {', '.join(sorted(theirs))}" if theirs else ""
        raise PullError(f"The name {name} is taken on {MAIN}{whom}. Rename the folder.")


def _people(entry: Entry) -> set[str]:
    return {author.github or author.name for author in entry.authors}


def _commit(git: Git, parent: str, name: str, entry: Entry, blobs: dict[str, str]) -> str:
    """A commit with the folder as it is now; `parent` itself where that has it already."""
    prefix = f"{ENTRIES}/{name}/"
    with tempfile.TemporaryDirectory(prefix="paramgolf-submit-") as private:
        index = {"GIT_INDEX_FILE": os.path.join(private, "index")}
        git("read-tree", parent, extra=index)
        listed = git("ls-tree", "-r", "-z", "--full-tree", "--name-only", parent, prefix).split(b"\0")
        gone = b"".join(b"0 " + b"0" * 40 + b"\t" + path + b"\0" for path in listed if path)
        new = "".join(f"100644 {blob}\t{prefix}{path}\0" for path, blob in blobs.items())
        git("update-index", "-z", "--index-info", stdin=gone + new.encode(), extra=index)
        tree = git.line("write-tree", "--missing-ok", extra=index)
    if tree == git.line("rev-parse", f"{parent}^{{tree}}"):
        return parent
    return git.commit(tree, parent, f"Entry {name}: {entry.title}\n")


def _refuse_other_work(git: Git, base: str, commit: str, name: str, branch: str) -> None:
    """A branch that was there before may hold other work."""
    fork = git.line("merge-base", base, commit)
    paths = git("diff-tree", "-r", "-z", "--no-renames", "--name-only", fork, commit).split(b"\0")
    if other := [path for path in paths if path and not path.startswith(f"{ENTRIES}/{name}/".encode())]:
        raise PullError(
            f"The branch {branch} changes {quoted(other[0].decode('utf-8', 'replace'))} too. "
            "Give another: --branch NAME."
        )


def _next_step(git: Git, remote: str, branch: str) -> str:
    url = remote
    if "://" not in remote and "@" not in remote:
        url = git.line("config", "--default", remote, "--get", f"remote.{remote}.url")
    if found := _GITHUB.match(url):
        return f"Open the pull request: https://github.com/{found[1]}/pull/new/{branch}"
    return f"Open a pull request of the branch {branch} against {MAIN}, where {url} is hosted."
