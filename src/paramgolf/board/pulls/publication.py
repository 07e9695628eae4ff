"""What the board keeps on the main branch (ledger, store, site): read into a private folder, written as a new commit.

A commit is made of files and the newest main alone, never by merging: who comes second begins again on what the first
one pushed.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paramgolf.board.ledger.events import Submitted
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.pulls.clone import LARGE_FILE, MAIN, Clone
from paramgolf.board.pulls.git import BOARD, GitError
from paramgolf.errors import PullError

LEDGER = "board/ledger.sqlite"
STORE = "board/store"
LARGEST_LEDGER = 1 << 30
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

    def read(self) -> Path:
        """Write ledger and site as they are on main, and what the ranking reads of the store; the ledger's path.

        Artifacts and logs stay in git: nothing that is done here opens them.
        """
        ledger = self.read_ledger()
        large = _large_files(ledger) if ledger.is_file() else set()
        store = self.clone.files(self.commit, STORE)
        self._write(
            STORE, {path: blob for path, blob in store.items() if PurePosixPath(path).name not in large}
        )
        self._write(self.site, self.clone.files(self.commit, self.site))
        return ledger

    def read_ledger(self) -> Path:
        """Write the ledger alone as it is on main; its path, where nothing is if main has none."""
        ledger = self.folder / LEDGER
        ledger.parent.mkdir(parents=True, exist_ok=True)
        if blob := self.clone.git.find(f"{self.commit}:{LEDGER}"):
            ledger.write_bytes(self.clone.blob(blob, LARGEST_LEDGER))
        return ledger

    def make_commit(self, message: str) -> str:
        """A commit with the folder's ledger, store and site on main; main itself where nothing differs."""
        git = self.clone.git
        stored = self._changed(STORE, self.clone.files(self.commit, STORE))
        ledger = self._changed("board", {}, only=self.folder / LEDGER)
        built = self._changed(self.site, {})
        old = set(self.clone.files(self.commit, self.site))
        gone = [f"{self.site}/{path}" for path in old if not (self.site_folder / path).is_file()]
        lines = [f"0 {'0' * 40}\t{path}\0" for path in gone]
        lines += [f"100644 {blob}\t{path}\0" for path, blob in {**stored, **ledger, **built}.items()]
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

    def _changed(self, folder: str, known: dict[str, str], *, only: Path | None = None) -> dict[str, str]:
        """Path in the repository -> object of each plain file below `folder` that is not `known`."""
        root = self.folder / folder
        found = [only] if only else sorted(path for path in root.rglob("*") if path.is_file())
        new = [path for path in found if path.relative_to(root).as_posix() not in known and path.is_file()]
        names = "".join(f"{path}\n" for path in new).encode()
        blobs = (
            self.clone.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names).decode().split()
        )
        paths = [path.relative_to(self.folder).as_posix() for path in new]
        return dict(zip(paths, blobs, strict=True))


def _large_files(ledger: Path) -> set[str]:
    """SHA-256 of every file of an entry that the clone has left out, and the ranking never opens."""
    with Ledger(ledger) as opened:
        bodies = [event.body for event in opened.events()]
    files = [file for body in bodies if isinstance(body, Submitted) for file in body.files]
    return {file.sha256 for file in files if file.size >= LARGE_FILE}
