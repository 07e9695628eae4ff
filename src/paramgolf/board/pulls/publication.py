"""What the board keeps on the main branch (ledger, store, site): read into a private folder, written as a new commit.

A commit is made of files and the newest main alone, never by merging: who comes second begins again on what the first
one pushed.
"""

import tempfile
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paramgolf.board.ledger.events import Submitted
from paramgolf.board.ledger.journal import LARGEST_JOURNAL
from paramgolf.board.ledger.ledger import OF_THIS_MACHINE, STORE, Ledger
from paramgolf.board.pulls.clone import LARGE_FILE, MAIN, Clone
from paramgolf.board.pulls.git import BOARD, GitError
from paramgolf.errors import PullError

LEDGER = "board"
_STORE = f"{LEDGER}/{STORE}"
_REJECTED = ("rejected", "fetch first", "cannot lock ref", "failed to update ref", "stale info")


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Main at `commit`, with `folder` for its ledger, its store and its site."""

    clone: Clone
    commit: str
    folder: Path
    site: str

    @property
    def site_folder(self) -> Path:
        """Where the site is built."""
        return self.folder / self.site

    def read(self) -> Ledger:
        """Write ledger and site as they are on main, and what the ranking reads of the store; the ledger.

        Artifacts and logs stay in git: nothing that is done here opens them.

        Raises:
            PullError, LedgerError: as `read_ledger`.
        """
        ledger = self.read_ledger()
        large = _large_files(ledger)
        store = self.clone.files(self.commit, _STORE)
        self._write(
            _STORE, {path: blob for path, blob in store.items() if PurePosixPath(path).name not in large}
        )
        self._write(self.site, self.clone.files(self.commit, self.site))
        return ledger

    def read_ledger(self) -> Ledger:
        """Write the ledger without its store as it is on main, and open it: an empty one where main has none.

        Raises:
            PullError: it is too large.
            LedgerError: it is not as it was written.
        """
        files = self._journal()
        if (size := sum(self.clone.sizes(list(files.values())))) > LARGEST_JOURNAL:
            raise PullError(f"{LEDGER} of {MAIN} has {size:,} bytes, at most {LARGEST_JOURNAL:,} are read.")
        self._write(LEDGER, files)
        return Ledger(self.folder / LEDGER, create=True)

    def make_commit(self, message: str) -> str:
        """A commit with the folder's ledger, store and site on main; main itself where nothing differs."""
        git = self.clone.git
        new = self._objects(self._unknown(_STORE, self.clone.files(self.commit, _STORE)))
        new |= self._objects([path for path in self._unknown(LEDGER, {}) if self._is_kept(path)])
        new |= self._objects(self._unknown(self.site, {}))
        old = [f"{self.site}/{path}" for path in self.clone.files(self.commit, self.site)]
        old += [f"{LEDGER}/{path}" for path in self._journal()]
        lines = [f"0 {'0' * 40}\t{path}\0" for path in old if not (self.folder / path).is_file()]
        lines += [f"100644 {blob}\t{path}\0" for path, blob in new.items()]
        with tempfile.TemporaryDirectory(prefix="paramgolf-index-") as private:
            index = {"GIT_INDEX_FILE": f"{private}/index"}
            git("read-tree", self.commit, extra=index)
            git("update-index", "-z", "--index-info", stdin="".join(lines).encode(), extra=index)
            tree = git.line("write-tree", "--missing-ok", extra=index)
        if tree == git.line("rev-parse", f"{self.commit}^{{tree}}"):
            return self.commit
        return git.commit(tree, self.commit, message, signature=BOARD)

    def push(self, commit: str) -> bool:
        """Make it the newest main; False where main has moved meanwhile.

        Raises:
            PullError: the remote does not answer, or does not allow it.
        """
        try:
            self.clone.git("push", "-q", "--no-verify", "origin", f"{commit}:refs/heads/{MAIN}")
        except GitError as error:
            if any(word in error.stderr for word in _REJECTED) and "hook declined" not in error.stderr:
                return False
            raise PullError(f"{error} See that you may push to {MAIN} of {self.clone.remote}.") from None
        return True

    def _write(self, folder: str, files: dict[str, str]) -> None:
        for path, data in zip(files, self.clone.blobs(list(files.values())), strict=True):
            target = self.folder / folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def _journal(self) -> dict[str, str]:
        """What main has of the ledger but for its store: path in the ledger's folder -> object."""
        files = self.clone.files(self.commit, LEDGER)
        return {path: blob for path, blob in files.items() if not path.startswith(f"{STORE}/")}

    def _unknown(self, folder: str, known: Container[str]) -> list[Path]:
        """The plain files below `folder` whose path in it is not `known`."""
        root = self.folder / folder
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return [path for path in files if path.relative_to(root).as_posix() not in known]

    def _is_kept(self, path: Path) -> bool:
        """Whether git keeps that file of the ledger; those of the store are looked at apart."""
        parts = path.relative_to(self.folder / LEDGER).parts
        return parts[0] != STORE and parts[-1] not in OF_THIS_MACHINE

    def _objects(self, files: list[Path]) -> dict[str, str]:
        """Path in the repository -> object of each file, which is written into the clone."""
        names = "".join(f"{path}\n" for path in files).encode()
        blobs = self.clone.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names)
        paths = [path.relative_to(self.folder).as_posix() for path in files]
        return dict(zip(paths, blobs.decode().split(), strict=True))


def _large_files(ledger: Ledger) -> set[str]:
    """SHA-256 of every file of an entry that the clone has left out, and the ranking never opens."""
    bodies = [event.body for event in ledger.events()]
    files = [file for body in bodies if isinstance(body, Submitted) for file in body.files]
    return {file.sha256 for file in files if file.size >= LARGE_FILE}
