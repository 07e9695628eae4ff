"""The executor of this machine: one command a core, or a GPU, each under a keeper of its own."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from paramgolf.common.locks import lease
from paramgolf.errors import UsageError
from paramgolf.lab.executor.executor import OUTCOME, OUTPUT, Ending, Outcome, Work, read_outcome

LEASE = "lease"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a command runs: on one core, or on one GPU of those that this process sees."""

    core: int | None = None
    gpu: int | None = None

    def __str__(self) -> str:
        return f"GPU {self.gpu}" if self.core is None else f"core {self.core}"

    def environment(self) -> dict[str, str]:
        """Variables that show a command its GPU alone."""
        if self.gpu is None:
            return {}
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        return {"CUDA_VISIBLE_DEVICES": seen.split(",")[self.gpu].strip() if seen else str(self.gpu)}


def usable_slots() -> list[Slot]:
    """GPUs where there are, else the cores that this process may use."""
    if torch.cuda.is_available():
        return [Slot(gpu=i) for i in range(torch.cuda.device_count())]
    return [Slot(core=core) for core in sorted(os.sched_getaffinity(0))]


class LocalExecutor:
    """Executor on `slots`, by default all of this machine's. Slots are filled in their order; more work waits.

    Work moves on whenever the executor or a task is asked: there is no thread.
    """

    def __init__(self, slots: Sequence[Slot] | None = None) -> None:
        self._slots = list(slots or usable_slots())
        self._waiting: deque[LocalTask] = deque()
        self._running: dict[Slot, LocalTask] = {}

    @property
    def at_once(self) -> int:
        """How many commands run at once."""
        return len(self._slots)

    def submit(self, work: Work) -> "LocalTask":
        """As Executor.submit."""
        work.folder.mkdir(parents=True, exist_ok=True)
        task = LocalTask(work, self)
        if task.outcome() is None:
            self._waiting.append(task)
            self.advance()
        return task

    def advance(self) -> None:
        """Free the slots of what has ended and start what waits."""
        self._running = {slot: task for slot, task in self._running.items() if task.alive()}
        for slot in self._slots:
            if slot not in self._running and self._waiting:
                self._running[slot] = self._waiting.popleft()
                self._running[slot].start(slot)

    def withdraw(self, task: "LocalTask") -> None:
        """Take back what has not started."""
        if task in self._waiting:
            self._waiting.remove(task)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = [*self._waiting, *self._running.values()]
        self._waiting.clear()
        for task in left:
            task.ask_to_end()
        for task in left:
            task.cancel()


class LocalTask:
    """Task of the local executor. It holds the folder's lease from here until its keeper has ended."""

    def __init__(self, work: Work, executor: LocalExecutor) -> None:
        self._work, self._executor = work, executor
        self._lease: int | None = _lease(work.folder)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._slot: Slot | None = None
        self._outcome: Outcome | None = None
        try:
            before = read_outcome(work.folder)
        except UsageError:
            self._release()
            raise
        if before is not None and before.succeeded and before.command == work.command:
            self._outcome = before
            self._release()

    @property
    def work(self) -> Work:
        """What was submitted."""
        return self._work

    @property
    def place(self) -> str | None:
        """As Task.place."""
        return None if self._slot is None else str(self._slot)

    def outcome(self) -> Outcome | None:
        """As Task.outcome."""
        self._executor.advance()
        return self._outcome

    def cancel(self) -> Outcome:
        """As Task.cancel."""
        self.ask_to_end()
        if self._keeper is not None:
            self._keeper.wait()
            self.alive()
        if self._outcome is None:
            self._executor.withdraw(self)
            self._settle(Ending.CANCELLED)
        assert self._outcome is not None
        return self._outcome

    def ask_to_end(self) -> None:
        """Close the keeper's pipe; returns at once."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()

    def start(self, slot: Slot) -> None:
        """Start the keeper, which takes over the lease."""
        assert self._lease is not None, "started once"
        folder = self._work.folder.resolve()
        (folder / OUTCOME).unlink(missing_ok=True)
        specification = {
            "command": self._work.command,
            "core": slot.core,
            "seconds": self._work.seconds,
            "outcome": str(folder / OUTCOME),
        }
        with (folder / OUTPUT).open("ab") as output:
            self._keeper = subprocess.Popen(
                [sys.executable, "-P", "-m", "paramgolf.lab.executor.keeper", json.dumps(specification)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._work.environment, **slot.environment()},
                pass_fds=(self._lease,),
                # An interrupt typed at the terminal is for the executor's process, which then cancels.
                start_new_session=True,
            )
        self._slot = slot
        self._release()

    def alive(self) -> bool:
        """Whether the keeper still runs; where it has ended, the outcome is read."""
        if self._keeper is None or self._outcome is not None:
            return False
        if self._keeper.poll() is None:
            return True
        self.ask_to_end()
        self._outcome = read_outcome(self._work.folder)
        if self._outcome is None:
            self._settle(Ending.LOST)
        return False

    def _settle(self, ending: Ending) -> None:
        """An outcome that is not written, so that the work counts as not done."""
        self._outcome = Outcome(command=self._work.command, ending=ending, status=None, seconds=0.0)
        self._release()

    def _release(self) -> None:
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None


def _lease(folder: Path) -> int:
    try:
        return lease(folder / LEASE)
    except BlockingIOError:
        raise UsageError(
            f"another command is writing {folder}. Wait until it has ended, or give another --out."
        ) from None
