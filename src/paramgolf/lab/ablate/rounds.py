"""Runs that train at once on the slots of an executor, and what a person sees meanwhile."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from paramgolf.errors import TrainingError
from paramgolf.lab.ablate.one_run import read_measured
from paramgolf.lab.ablate.plan import Run
from paramgolf.lab.executor.executor import OUTPUT, Ending, Executor, Outcome, Task, Work, last_words
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.budget import budget_of
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import read_settings
from paramgolf.score import Progress, ProgressCallback
from paramgolf.train.data.tokens import open_tokens
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.ranks.malloc import memory_settings

SECONDS_BETWEEN_LOOKS = 0.5
LAST_BYTES = 4096
MOST_SECONDS = 7 * 24 * 3600.0
"""Of a run, on the wall: one that takes longer hangs."""


def run_at_once(title: str, runs: Sequence[Run], executor: Executor, out: Path, reporter: Reporter) -> None:
    """Run those of `runs` that have not finished yet, one a slot, all at once; their folders are made already.

    Raises:
        UsageError: another ablation is writing one of the folders.
        TrainingError: one failed, after all have ended.
    """
    started: list[tuple[Run, Task]] = []
    for run in runs:
        where = "finished before"
        if read_measured(out / run.folder) is None:
            started.append((run, executor.submit(_work(out / run.folder))))
            where = started[-1][1].place or "waiting"
        reporter.say(f"{title}: {run.label}, seed {run.seed}, {where}")
    with reporter.progress() as progress:
        outcomes = _watch(started, out, progress)
    for (run, _), outcome in zip(started, outcomes, strict=True):
        _report(run, outcome, out, reporter)


def _work(folder: Path) -> Work:
    command = (sys.executable, "-P", "-m", "paramgolf", "ablate-run", str(folder.resolve()))
    return Work(command=command, folder=folder, seconds=MOST_SECONDS, environment=memory_settings())


def _watch(started: Sequence[tuple[Run, Task]], out: Path, progress: ProgressCallback) -> list[Outcome]:
    views = [_View(run, out / run.folder) for run, _ in started]
    while True:
        outcomes = [outcome for _, task in started if (outcome := task.outcome())]
        if len(outcomes) == len(started):
            return outcomes
        for view in views:
            view.show(progress)
        time.sleep(SECONDS_BETWEEN_LOOKS)


class _View:
    """How far one run is, by the files that it leaves."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.label, self.folder = f"{run.label}, seed {run.seed}", RunFolder(folder)
        settings = read_settings(self.folder.settings)
        bytes_per_token = open_tokens(self.folder.data).bytes_per_token
        self.budget: Budget = budget_of(settings.challenge, settings.recipe, bytes_per_token)

    def show(self, progress: ProgressCallback) -> None:
        """Tell `progress` where the run stands."""
        seconds, tokens = _last_step(self.folder.log)
        if self.budget.seconds is not None:
            done, total, unit = seconds, self.budget.seconds, "s"
        else:
            done, total, unit = tokens, float(self.budget.tokens or 0), "tokens"
        stage = "compiling" if not done else "training" if self.folder.trained() is None else "measuring"
        progress(Progress(phase=f"{self.label}: {stage}", done=done, total=total, unit=unit))


def _last_step(log: Path) -> tuple[float, float]:
    """Seconds and tokens of the last whole line of a log.jsonl; zeros before the first."""
    try:
        with log.open("rb") as handle:
            handle.seek(max(0, log.stat().st_size - LAST_BYTES))
            lines = handle.read().splitlines(keepends=True)
        last = next(json.loads(line) for line in reversed(lines) if line.endswith(b"\n"))
        return float(last["seconds"]), float(last["tokens"])
    except (OSError, StopIteration, ValueError, KeyError):
        return 0.0, 0.0


def _report(run: Run, outcome: Outcome, out: Path, reporter: Reporter) -> None:
    folder = out / run.folder
    measured = read_measured(folder)
    if not outcome.succeeded or measured is None:
        how = f"status {outcome.status}" if outcome.ending is Ending.EXITED else outcome.ending.value
        raise TrainingError(
            f"{run.label}, seed {run.seed}: failed ({how}): {last_words(folder) or 'it said nothing'} "
            f"All it said is in {folder / OUTPUT}."
        )
    reporter.say(
        f"  {run.label}, seed {run.seed}: {measured.bits_per_byte:.4f} bits per byte, "
        f"{measured.tokens:,} tokens, {measured.tokens_per_second:,.0f} tokens/s"
    )
