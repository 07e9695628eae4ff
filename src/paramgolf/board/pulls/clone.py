"""A private bare clone: what the board knows of a remote, fetched with limits and read as plain objects."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.pulls.git import Git, GitError
from paramgolf.common.locks import locked
from paramgolf.errors import PullError, RefusedPullError

# what a pull request may bring, packed: 32 artifacts of 16 MB, and their logs
LARGEST_FETCH = 1 << 30
# the branch that entries are merged to, and that holds the ledger
MAIN = "main"
# ... and where a clone has it
MAIN_REF = "refs/remote/main"
# artifacts stay where they are; papers, verdicts and the ledger come along
LARGE_FILE = 1 << 20
_FILTER = f"blob:limit={LARGE_FILE}"
_AT_ONCE = 500
LARGEST_TREE = 4 << 20
LARGEST_PULL = 10**9
_TREE_LINE = re.compile(rb"([0-7]{6}) (blob|tree|commit) ([0-9a-f]{40,64})\t(.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of a tree."""

    mode: str
    object: str
    name: bytes

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree itself."""
        return self.mode == "040000"


@dataclass(frozen=True, kw_only=True)
class Clone:
    """The clone in `git.folder` of `remote`, a repository of a game.

    Of its main branch, files of LARGE_FILE bytes and more are left out where the remote can do that; one of them comes
    when it is read. Several processes may use one clone: fetches wait for one another.
    """

    git: Git
    remote: str

    @classmethod
    def open(cls, folder: Path, remote: str) -> "Clone":
        """Make it, or go on with the one that is there.

        Raises:
            PullError: `folder` holds the clone of another remote.
        """
        remote = str(Path(remote).resolve()) if Path(remote).is_dir() else remote
        if remote.startswith("-"):
            raise PullError(f"{remote!r} is no remote. Give the URL of a repository, or the path of one.")
        folder = folder.resolve()
        clone = cls(git=Git(folder=folder), remote=remote)
        folder.mkdir(parents=True, exist_ok=True)
        with clone._alone():
            known = clone._known_remote()
            if known is None:
                clone.git("init", "-q", "--bare", "--template=", str(folder))
                # the URL last: by it a clone is known to be whole
                for key, value in (("promisor", "true"), ("partialclonefilter", _FILTER), ("url", remote)):
                    clone.git("config", f"remote.origin.{key}", value)
            elif known != remote:
                raise PullError(
                    f"{folder} is the clone of {known}, not of {remote}. Give --out another folder, or remove it."
                )
        return clone

    def fetch_main(self) -> str:
        """The newest commit of the main branch.

        Raises:
            PullError: the remote does not answer, or has no such branch.
        """
        self._fetch(f"+refs/heads/{MAIN}:{MAIN_REF}", f"--filter={_FILTER}")
        return self.git.line("rev-parse", MAIN_REF)

    def fetch_branch(self, branch: str) -> str | None:
        """The newest commit of another branch that the board writes; None where there is none yet.

        Raises:
            PullError: the remote does not answer.
        """
        target = f"refs/published/{branch}"
        try:
            self._fetch(f"+refs/heads/{branch}:{target}", f"--filter={_FILTER}")
        except GitError as error:
            if "couldn't find remote ref" in error.stderr:
                return None
            raise
        return self.git.line("rev-parse", target)

    def fetch_pull(self, pull: int) -> str:
        """The newest head of a pull request, with all that it brings.

        Raises:
            RefusedPullError: it brings more than LARGEST_FETCH bytes.
            PullError: there is no such pull request, or the remote does not answer.
        """
        if not 0 < pull <= LARGEST_PULL:
            raise PullError(f"{pull} is no pull request's number: they begin with 1.")
        target = f"refs/pulls/{pull}"
        try:
            self._fetch(f"+refs/pull/{pull}/head:{target}", "--no-filter", largest_file=LARGEST_FETCH)
        except GitError as error:
            if "couldn't find remote ref" in error.stderr:
                raise PullError(
                    f"{self.remote} has no pull request {pull}. Give the number of one that is there."
                ) from None
            if "File too large" in error.stderr or "out of memory" in error.stderr.lower():
                raise RefusedPullError(
                    f"The pull request brings more than {LARGEST_FETCH:,} bytes (packed, its whole history). "
                    "Leave out what is no part of the entry, also from earlier commits of the branch."
                ) from None
            raise
        return self.git.line("rev-parse", target)

    def heads(self, pull: str = "*") -> dict[int, str]:
        """The head of each pull request that the remote names, or of that one, by number; nothing is fetched."""
        heads = {}
        listed = self.git("ls-remote", "--refs", "--", self.remote, f"refs/pull/{pull}/head").decode()
        for commit, ref in (line.split("\t") for line in listed.splitlines()):
            if (number := ref.split("/")[2]).isdecimal():
                heads[int(number)] = commit
        return dict(sorted(heads.items()))

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        try:
            self.git("merge-base", "--is-ancestor", ancestor, commit)
        except GitError:
            return False
        return True

    def tree(self, tree: str) -> list[Item]:
        """The lines of one tree, not of those below it, in git's order.

        Raises:
            RefusedPullError: it is larger than LARGEST_TREE.
        """
        if self.sizes([tree])[0] > LARGEST_TREE:
            raise RefusedPullError(
                f"A folder has more than {LARGEST_TREE:,} bytes of names. Leave files out."
            )
        lines = [line for line in self.git("ls-tree", "-z", tree).split(b"\0") if line]
        matches = [_TREE_LINE.fullmatch(line) for line in lines]
        return [Item(mode=m[1].decode(), object=m[3].decode(), name=m[4]) for m in matches if m is not None]

    def folder(self, commit: str, path: str) -> str | None:
        """The tree of a folder in a commit, or None."""
        found = self.git.find(f"{commit}:{path}")
        return found if found and self.git.line("cat-file", "-t", found) == "tree" else None

    def sizes(self, names: Sequence[str]) -> list[int]:
        """Bytes of each object, unpacked; nothing is read.

        Raises:
            PullError: one is missing.
        """
        asked = "".join(f"{name}\n" for name in names).encode()
        answers = (
            self.git("cat-file", "--batch-check=%(objecttype) %(objectsize)", stdin=asked)
            .decode()
            .splitlines()
        )
        for name, answer in zip(names, answers, strict=True):
            if answer.endswith("missing"):
                raise PullError(f"{self.remote} does not give {name}. Fix that repository: git fsck.")
        return [int(answer.split()[1]) for answer in answers]

    def blob(self, name: str, limit: int) -> bytes:
        """A blob's bytes, as they were committed.

        Raises:
            PullError: there is none, or it has more than `limit` bytes.
        """
        if (size := self.sizes([name])[0]) > limit:
            raise PullError(f"{name} has {size:,} bytes, at most {limit:,} are read. Make it smaller.")
        return self.git("cat-file", "blob", name)

    def blobs(self, names: Sequence[str]) -> Iterator[bytes]:
        """The bytes of many blobs of our own, in order, without a process for each.

        Raises:
            PullError: one is missing.
        """
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            data = self.git("cat-file", "--batch", stdin="".join(f"{name}\n" for name in some).encode())
            at = 0
            for name in some:
                head, _, _ = data[at : at + 200].partition(b"\n")
                parts = head.split()
                if len(parts) != 3:
                    raise PullError(f"{self.remote} does not give {name}. Fix that repository: git fsck.")
                begin = at + len(head) + 1
                at = begin + int(parts[2]) + 1
                yield data[begin : at - 1]

    def files(self, commit: str, folder: str) -> dict[str, str]:
        """Every file below a folder of our own ("": all): path relative to it -> object. Empty where there is none."""
        tree = self.folder(commit, folder) if folder else f"{commit}^{{tree}}"
        lines = self.git("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0") if tree else []
        pairs = (line.split(b"\t", 1) for line in lines if line)
        return {path.decode(): head.split()[2].decode() for head, path in pairs}

    def _known_remote(self) -> str | None:
        try:
            return self.git.line("config", "--local", "--get", "remote.origin.url")
        except GitError:
            return None

    def _fetch(self, refspec: str, *options: str, largest_file: int | None = None) -> None:
        with self._alone():
            self.git(
                *("fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"),
                *(*options, "origin", refspec),
                largest_file=largest_file,
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Fetches one at a time; what one that was killed has left is cleared away."""
        ours = self.git.folder / "paramgolf.lock"
        with locked(ours):
            left = [*self.git.folder.glob("*.lock"), *self.git.folder.glob("refs/**/*.lock")]
            for path in [*left, *self.git.folder.glob("objects/pack/tmp_*")]:
                if path != ours:
                    path.unlink(missing_ok=True)
            yield
