"""git, as plumbing only: nothing is checked out, so that no hook, filter or attribute of a stranger's ever runs."""

import os
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paramgolf.common.printable import printable
from paramgolf.errors import PullError

SECONDS = 600
# git may need more than a pack has: deltas are resolved in memory
MEMORY_BYTES = 8 << 30
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.logAllRefUpdates=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "transfer.bundleURI=false",
    "protocol.version=2",
    # No transfer.fsckObjects: it misses the files that a partial clone leaves out. scope.py trusts no tree instead.
    # A pack is one file, so that the limit of a file's size is the limit of a fetch
    "fetch.unpackLimit=1",
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    # no ext:: and no other transport that runs a command
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
# the committer of automatic commits
BOARD = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "paramgolf board"), ("EMAIL", "board@paramgolf.invalid"))
}


class GitError(PullError):
    """git refused; `stderr` is what it said."""

    def __init__(self, doing: str, stderr: str) -> None:
        self.stderr = stderr
        lines = [line for line in printable(stderr).splitlines() if line.strip()]
        super().__init__(f"{doing} failed: {' / '.join(lines[-3:])[:600] or 'git said nothing'}.")


@dataclass(frozen=True, kw_only=True)
class Git:
    """git on one repository. `folder` is the repository itself (a bare one, or a .git folder).

    Settings and credentials of the person who runs it are used for fetch and push; variables that steer git are not.
    """

    folder: Path

    def __call__(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        extra: Mapping[str, str] | None = None,
        largest_file: int | None = None,
    ) -> bytes:
        """Standard output of a git command.

        Raises:
            GitError: it failed, or ran for more than SECONDS.
        """
        doing = f"git {next((part for part in arguments if not part.startswith('-')), '')}"
        try:
            done = subprocess.run(
                command(self.folder, arguments),
                input=stdin if stdin is not None else b"",
                capture_output=True,
                env=environment() | dict(extra or {}),
                timeout=SECONDS,
                preexec_fn=None if largest_file is None else lambda: _limit(largest_file),
            )
        except subprocess.TimeoutExpired:
            raise GitError(doing, f"it ran for more than {SECONDS} s") from None
        except OSError as error:
            raise GitError(doing, f"{error}. Install git") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace")
            raise GitError(doing, said or f"status {done.returncode}")
        return done.stdout

    def line(
        self, *arguments: str, stdin: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> str:
        """The one line that a git command prints."""
        return self(*arguments, stdin=stdin, extra=extra).decode().strip()

    def find(self, revision: str) -> str | None:
        """The object that `revision` names, or None."""
        try:
            return self.line("rev-parse", "--verify", "--quiet", "--end-of-options", revision)
        except GitError:
            return None

    def is_branch_name(self, name: str) -> bool:
        """Whether git takes that name for a branch."""
        try:
            return self.line("check-ref-format", f"refs/heads/{name}") == "" and not name.startswith("-")
        except GitError:
            return False

    def write_blob(self, data: bytes) -> str:
        """Keep bytes as they are, whatever attributes say."""
        return self.line("hash-object", "-w", "--no-filters", "--stdin", stdin=data)

    def commit(
        self, tree: str, parent: str | None, message: str, *, signature: Mapping[str, str] | None = None
    ) -> str:
        """A commit of `tree` on `parent`, or without one.

        It is by whom `signature` names; None: by the person whose repository it is.
        """
        return self.line(
            *("commit-tree", tree, *(("-p", parent) if parent else ()), "-F", "-"),
            stdin=message.encode(),
            extra=signature,
        )


def command(folder: Path, arguments: Sequence[str]) -> list[str]:
    """The command line of git on a repository."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    return ["git", f"--git-dir={folder}", *settings, *arguments]


def environment() -> dict[str, str]:
    """The caller's, without whatever steers git, and with what keeps it plain."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | _ENVIRONMENT


def _limit(largest_file: int) -> None:
    # ignored, so that git says "File too large" instead of dying without a word
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
