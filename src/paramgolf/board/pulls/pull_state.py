"""The folder that judging a pull request leaves: status.json, verdict.json, comment.md; and the process at work in it.

status.json is written last and names the SHA-256 of the verdict: what a kill leaves half-way never looks whole.
"""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, ValidationError

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.common.locks import is_locked, locked
from paramgolf.errors import PullError, UsageError
from paramgolf.judge.verdict import Verdict, read_verdict, verdict_json

# the longest description of a commit's status on GitHub
LONGEST_DESCRIPTION = 140
LARGEST_STATUS = 1 << 16
# Seconds: reading the queue holds the lock for a moment.
PATIENCE = 0.5
Hash = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]


class State(StrEnum):
    """The state of a commit, by GitHub's names. ERROR: the judge came to no verdict."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class PullStatus(BaseModel):
    """What is known of one pull request: `sha` is the head that was looked at, `tree` the entry's folder in it.

    `pull` is 0 where an entry of main was judged.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    pull: Annotated[int, Field(ge=0)]
    state: Annotated[State, Strict(False)]
    description: Annotated[str, StringConstraints(max_length=LONGEST_DESCRIPTION)]
    sha: Hash
    entry: str | None = None
    tree: Hash | None = None
    verdict_sha256: Hash | None = None
    at: str


class AtWork(BaseModel):
    """The process that judges."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    pid: int
    host: str
    since: str


@dataclass(frozen=True, kw_only=True)
class PullFolder:
    """Paths in `folder`."""

    folder: Path

    @property
    def status(self) -> Path:
        """The state, as JSON."""
        return self.folder / "status.json"

    @property
    def comment(self) -> Path:
        """What to say below the pull request, as Markdown."""
        return self.folder / "comment.md"

    @property
    def verdict(self) -> Path:
        """The verdict that the judge gave."""
        return self.folder / folders.VERDICT

    @property
    def lock(self) -> Path:
        """What the process that judges holds."""
        return self.folder / "judging.lock"

    @property
    def holder(self) -> Path:
        """The process that judges; the file stays when it is killed."""
        return self.folder / "judging.json"

    def read(self) -> PullStatus | None:
        """The status, or None where there is none, or none that can be read."""
        try:
            with self.status.open("rb") as handle:
                return PullStatus.model_validate_json(handle.read(LARGEST_STATUS))
        except (OSError, ValidationError):
            return None

    def read_verdict(self) -> Verdict | None:
        """The verdict that the status names; None where there is none, or another one."""
        status = self.read()
        try:
            data = self.verdict.read_bytes()
            named = status is not None and status.verdict_sha256 == hashlib.sha256(data).hexdigest()
            return read_verdict(self.verdict) if named else None
        except (OSError, UsageError):
            return None

    def begin(self, status: PullStatus) -> None:
        """Say that it is being judged, and take away what was said before."""
        write_atomic(self.status, _json(status))
        self.comment.unlink(missing_ok=True)
        self.verdict.unlink(missing_ok=True)

    def finish(self, status: PullStatus, comment: str, verdict: Verdict | None) -> PullStatus:
        """Leave the result, the status last."""
        if verdict is not None:
            text = verdict_json(verdict)
            write_atomic(self.verdict, text)
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            status = status.model_copy(update={"verdict_sha256": sha256})
        write_atomic(self.comment, comment)
        write_atomic(self.status, _json(status))
        return status

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Hold the lock, which goes with this process however it ends.

        Raises:
            PullError: another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            try:
                held.enter_context(locked(self.lock, seconds=PATIENCE))
            except TimeoutError:
                who, _ = self.worker()
                raise PullError(f"{self.folder} is being judged by {described(who)}. Wait for it.") from None
            at_work = AtWork(pid=os.getpid(), host=socket.gethostname(), since=now())
            write_atomic(self.holder, json.dumps(at_work.model_dump()))
            held.callback(self.holder.unlink, missing_ok=True)
            yield

    def worker(self) -> tuple[AtWork | None, bool]:
        """The process that began to judge and did not finish, and whether it still runs."""
        try:
            with self.holder.open("rb") as handle:
                who = AtWork.model_validate_json(handle.read(LARGEST_STATUS))
        except (OSError, ValidationError):
            return None, False
        # a lock may not be seen across machines that share a folder
        return who, who.host != socket.gethostname() or self._is_locked()

    def _is_locked(self) -> bool:
        try:
            return is_locked(self.lock)
        except OSError:
            # Another person's lock, which cannot be tried: somebody may be at work.
            return True


def described(who: AtWork | None) -> str:
    """A process in words."""
    return f"process {who.pid} on {who.host} since {who.since}" if who else "another process"


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def cut(text: str) -> str:
    """One line that fits a commit's status."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DESCRIPTION else line[: LONGEST_DESCRIPTION - 3] + "..."


def _json(status: PullStatus) -> str:
    return json.dumps(status.model_dump(mode="json"), indent=2) + "\n"
