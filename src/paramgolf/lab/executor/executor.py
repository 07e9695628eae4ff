"""What every executor promises: a command line with a folder to write, run once, on one slot.

Work is leased: a folder that one command writes is refused to any other until that one has ended. Work is idempotent: a
folder that holds the outcome of the same command, with status 0, gives that outcome and nothing is run. An outcome is
delivered once: it is written when the command and its process group have ended, or never, and then the work counts as
not done. All that an executor knows is in the folder, so that another process goes on where one was killed.

tests/lab/executor/test_executor_conformance.py holds what an implementation must pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pydantic import TypeAdapter, ValidationError

from paramgolf.errors import UsageError

OUTCOME = "outcome.json"
OUTPUT = "output.log"
"""Standard output and standard error of the command, of every try."""
LARGEST_OUTCOME = 1 << 20


class Ending(StrEnum):
    """How a command ended. LOST is a failure of the executor, not of the command."""

    EXITED = "exited"
    OUT_OF_TIME = "out of time"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Work:
    """A command line, started without a shell from the caller's working folder, and the folder that it writes.

    seconds: the clock on the wall, after which the command's process group is ended; None: none.
    environment: variables besides those of the caller.
    """

    command: tuple[str, ...]
    folder: Path
    seconds: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a command. status: as subprocess has it, -9 where signal 9 ended it; None where it is not known.

    seconds: on the wall, from start to end.
    """

    command: tuple[str, ...]
    ending: Ending
    status: int | None
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the command ran to its end and was content."""
        return self.ending is Ending.EXITED and self.status == 0


class Task(Protocol):
    """Work that an executor has taken."""

    @property
    def work(self) -> Work:
        """What was submitted."""

    @property
    def place(self) -> str | None:
        """Where it runs, in words for people: "core 1". None before it has started."""

    def outcome(self) -> Outcome | None:
        """What became of it; None where it has not ended. Returns at once."""

    def cancel(self) -> Outcome:
        """End the command with its process group; returns when they are gone. What has ended stays as it is."""


class Executor(Protocol):
    """Slots on which commands run. Leaving it as a context cancels what has not ended."""

    @property
    def at_once(self) -> int:
        """How many commands run at once."""

    def submit(self, work: Work) -> Task:
        """Run `work` on a free slot, or wait for one. Folders are made here.

        Raises:
            UsageError: another command is writing the folder.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def read_outcome(folder: Path) -> Outcome | None:
    """What the folder says became of its command; None where no command has ended there.

    Raises:
        UsageError: the file holds something else.
    """
    path = folder / OUTCOME
    try:
        with path.open("rb") as handle:
            return TypeAdapter(Outcome).validate_json(handle.read(LARGEST_OUTCOME), strict=True)
    except FileNotFoundError:
        return None
    except ValidationError:
        raise UsageError(f"{path} is no outcome of a command. Remove it and run again.") from None


def last_words(folder: Path, most_bytes: int = 4096) -> str:
    """The last line that the command of this folder printed; "" where it printed nothing."""
    path = folder / OUTPUT
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - most_bytes))
        lines = handle.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
