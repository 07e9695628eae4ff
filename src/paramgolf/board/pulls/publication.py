"""What the board publishes: ledger and store on main as a new commit, and the site as a branch of its own.

A commit of main is made of files and the newest main alone, never by merging: who comes second begins again on what the
first one pushed. The site follows from the ledger and changes in every page, so its history is not kept: its branch is
one commit without a parent, replaced each time. Main grows by what an entry has.
"""

import tempfile
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from paramgolf.board.ledger.events import Submitted
from paramgolf.board.ledger.journal import LARGEST_JOURNAL
from paramgolf.board.ledger.ledger import OF_THIS_MACHINE, STORE, Ledger
from paramgolf.board.pulls.clone import LARGE_FILE, MAIN, Clone
from paramgolf.board.pulls.git import BOARD, GitError
from paramgolf.common.printable import quoted
from paramgolf.errors import PullError

LEDGER = "board"
_STORE = f"{LEDGER}/{STORE}"
SITE = "site"
# a file that every site has
SITE_DATA = "board.json"
_REJECTED = ("rejected", "fetch first", "cannot lock ref", "failed to update ref", "stale info")


@dataclass(frozen=True, kw_only=True)
class Published:
    """The newest commits of main and of the site's branch, and whether they are new."""

    main: str
    site: str
    changed: bool


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Main at `main`, the branch `site_branch` at `site` (None where there is none), and `folder` for their files."""

    clone: Clone
    main: str
    site: str | None
    site_branch: str
    folder: Path

    @classmethod
    def begin(cls, clone: Clone, site_branch: str, folder: Path) -> "Publication":
        """On the newest main and site.

        Raises:
            PullError: the remote does not answer or has no main, or `site_branch` is no name for the site's branch.
        """
        if site_branch == MAIN or not clone.git.is_branch_name(site_branch):
            raise PullError(
                f"{quoted(site_branch)} cannot be the site's branch. Give another name: --site site"
            )
        return cls(
            clone=clone,
            main=clone.fetch_main(),
            site=clone.fetch_branch(site_branch),
            site_branch=site_branch,
            folder=folder,
        )

    @property
    def site_folder(self) -> Path:
        """Where the site is built."""
        return self.folder / SITE

    def read(self) -> Ledger:
        """Write ledger and site as they are on main, and what the ranking reads of the store; the ledger.

        Artifacts and logs stay in git: nothing that is done here opens them.

        Raises:
            PullError, LedgerError: as `read_ledger`.
        """
        ledger = read_ledger(self.clone, self.main, self.folder)
        large = _large_files(ledger)
        store = self.clone.files(self.main, _STORE)
        wanted = {path: blob for path, blob in store.items() if PurePosixPath(path).name not in large}
        _write(self.clone, self.folder / _STORE, wanted)
        _write(self.clone, self.site_folder, self._old_site())
        return ledger

    def push(self, message: str) -> Published | None:
        """Make what the folder has the newest main and the newest site, both or none; None where one moved meanwhile.

        Where nothing differs, nothing is pushed.

        Raises:
            PullError: the remote does not answer, or does not allow it.
        """
        published = Published(main=self._main_commit(message), site=self._site_commit(message), changed=True)
        refs = [f"{published.main}:refs/heads/{MAIN}"] if published.main != self.main else []
        branch = f"refs/heads/{self.site_branch}"
        refs += [f"{published.site}:{branch}"] if published.site != self.site else []
        if not refs:
            return replace(published, changed=False)
        lease = f"--force-with-lease={branch}:{self.site or ''}"
        try:
            self.clone.git("push", "-q", "--no-verify", "--atomic", lease, "origin", *refs)
        except GitError as error:
            if any(word in error.stderr for word in _REJECTED) and "hook declined" not in error.stderr:
                return None
            raise PullError(
                f"{error} See that you may push to {MAIN} and {self.site_branch} of {self.clone.remote}."
            ) from None
        return published

    def _main_commit(self, message: str) -> str:
        """A commit with the folder's ledger and store on main; main itself where nothing differs."""
        git = self.clone.git
        new = self._objects(self._unknown(_STORE, self.clone.files(self.main, _STORE)), self.folder)
        kept = [path for path in self._unknown(LEDGER, {}) if self._is_kept(path)]
        new |= self._objects(kept, self.folder)
        old = [f"{LEDGER}/{path}" for path in _ledger_files(self.clone, self.main)]
        gone = [path for path in old if not (self.folder / path).is_file()]
        gone += [f"{SITE}/{path}" for path in self._site_on_main()]
        tree = self._tree(new, gone=gone, base=self.main)
        if tree == git.line("rev-parse", f"{self.main}^{{tree}}"):
            return self.main
        return git.commit(tree, self.main, message, signature=BOARD)

    def _site_commit(self, message: str) -> str:
        """A commit of the site without a parent; the one that is there where nothing differs."""
        git = self.clone.git
        tree = self._tree(self._objects(self._unknown(SITE, {}), self.site_folder))
        if self.site and tree == git.line("rev-parse", f"{self.site}^{{tree}}"):
            return self.site
        return git.commit(tree, None, message, signature=BOARD)

    def _old_site(self) -> dict[str, str]:
        """The site as it is: path in it -> object. It may have files of others, which stay."""
        return self.clone.files(self.site, "") if self.site else self._site_on_main()

    def _site_on_main(self) -> dict[str, str]:
        """The site where versions before the branch kept it, a folder of main."""
        files = self.clone.files(self.main, SITE)
        return files if SITE_DATA in files else {}

    def _tree(self, new: dict[str, str], *, gone: Sequence[str] = (), base: str | None = None) -> str:
        """A tree of `base` with new objects by their paths, and without those that are gone."""
        git = self.clone.git
        lines = [f"0 {'0' * 40}\t{path}\0" for path in gone]
        lines += [f"100644 {blob}\t{path}\0" for path, blob in new.items()]
        with tempfile.TemporaryDirectory(prefix="paramgolf-index-") as private:
            index = {"GIT_INDEX_FILE": f"{private}/index"}
            if base:
                git("read-tree", base, extra=index)
            git("update-index", "-z", "--index-info", stdin="".join(lines).encode(), extra=index)
            return git.line("write-tree", "--missing-ok", extra=index)

    def _unknown(self, folder: str, known: Container[str]) -> list[Path]:
        """The plain files below `folder` whose path in it is not `known`."""
        root = self.folder / folder
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return [path for path in files if path.relative_to(root).as_posix() not in known]

    def _is_kept(self, path: Path) -> bool:
        """Whether git keeps that file of the ledger; those of the store are looked at apart."""
        parts = path.relative_to(self.folder / LEDGER).parts
        return parts[0] != STORE and parts[-1] not in OF_THIS_MACHINE

    def _objects(self, files: list[Path], root: Path) -> dict[str, str]:
        """Path below `root` -> object of each file, which is written into the clone."""
        names = "".join(f"{path}\n" for path in files).encode()
        blobs = self.clone.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names)
        paths = [path.relative_to(root).as_posix() for path in files]
        return dict(zip(paths, blobs.decode().split(), strict=True))


def read_ledger(clone: Clone, commit: str, folder: Path) -> Ledger:
    """The ledger of a commit of main, written into `folder` without its store: an empty one where it has none.

    Raises:
        PullError: it is too large.
        LedgerError: it is not as it was written.
    """
    files = _ledger_files(clone, commit)
    if (size := sum(clone.sizes(list(files.values())))) > LARGEST_JOURNAL:
        raise PullError(f"{LEDGER} of {MAIN} has {size:,} bytes, at most {LARGEST_JOURNAL:,} are read.")
    _write(clone, folder / LEDGER, files)
    return Ledger(folder / LEDGER, create=True)


def _ledger_files(clone: Clone, commit: str) -> dict[str, str]:
    """What a commit has of the ledger but for its store: path in the ledger's folder -> object."""
    files = clone.files(commit, LEDGER)
    return {path: blob for path, blob in files.items() if not path.startswith(f"{STORE}/")}


def _write(clone: Clone, folder: Path, files: dict[str, str]) -> None:
    for path, data in zip(files, clone.blobs(list(files.values())), strict=True):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _large_files(ledger: Ledger) -> set[str]:
    """SHA-256 of every file of an entry that the clone has left out, and the ranking never opens."""
    bodies = [event.body for event in ledger.events()]
    files = [file for body in bodies if isinstance(body, Submitted) for file in body.files]
    return {file.sha256 for file in files if file.size >= LARGE_FILE}
