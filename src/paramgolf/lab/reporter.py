"""What a person sees while something runs: bars on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from paramgolf.score import Progress, ProgressCallback
from paramgolf.train.log import SECONDS_BETWEEN_LINES


class Reporter:
    """Lines and bars go to standard output, or to standard error where that is kept for JSON."""

    def __init__(self, *, to_stderr: bool = False, silent: bool = False) -> None:
        self.silent = silent
        self.console = Console(
            file=sys.stderr if to_stderr else sys.stdout, quiet=silent, highlight=False, markup=False
        )

    def say(self, line: str) -> None:
        """One line, as it is."""
        self.console.print(line, soft_wrap=True)

    def warn(self, line: str) -> None:
        """One line that must not be missed."""
        self.console.print(f"WARNING: {line}", style="bold yellow", soft_wrap=True)

    def heading(self, line: str) -> None:
        """A line that opens a part of the work."""
        self.console.print(line, style="bold", soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """A callback for long work, which shows how far each of its phases is."""
        if not self.console.is_terminal:
            yield _Lines(self)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=self.console, transient=True) as bars:
            tasks = {}

            def show(progress: Progress) -> None:
                if progress.phase not in tasks:
                    tasks[progress.phase] = bars.add_task(progress.phase, unit=progress.unit)
                bars.update(tasks[progress.phase], completed=int(progress.done), total=_whole(progress.total))

            yield show


class _Lines:
    """At most a line every few seconds."""

    def __init__(self, reporter: Reporter) -> None:
        self.say, self.said = reporter.say, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self.said < SECONDS_BETWEEN_LINES:
            return
        self.said = time.monotonic()
        total = _whole(progress.total)
        of = f" of {total:,}" if total else ""
        self.say(f"{progress.phase}: {int(progress.done):,}{of} {progress.unit}")


def _whole(total: float | None) -> int | None:
    return None if total is None else int(total)
