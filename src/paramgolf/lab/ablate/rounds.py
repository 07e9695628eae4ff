"""Processes that train at once, each on a core or a GPU of its own, and what a person sees meanwhile."""

import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.context import SpawnProcess
from pathlib import Path

import torch

from paramgolf.errors import TrainingError
from paramgolf.lab.ablate.one_run import OUTPUT, Slot, read_measured, run_alone
from paramgolf.lab.ablate.plan import Run
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.budget import budget_of
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import read_settings
from paramgolf.score import Progress, ProgressCallback
from paramgolf.train.data.tokens import open_tokens
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.ranks.malloc import keeping_memory

SECONDS_BETWEEN_LOOKS = 0.5
LAST_BYTES = 4096


def usable_slots() -> list[Slot]:
    """GPUs where there are, else the cores that this process may use."""
    if torch.cuda.is_available():
        return [Slot(gpu=i) for i in range(torch.cuda.device_count())]
    return [Slot(core=core) for core in sorted(os.sched_getaffinity(0))]


def run_at_once(
    title: str, runs: Sequence[Run], slots: Sequence[Slot], out: Path, reporter: Reporter
) -> None:
    """Run those of `runs` that have not finished yet, one a slot, all at once; their folders are made already.

    Raises:
        TrainingError: one failed, after all have ended.
    """
    todo = [
        (run, slot) for run, slot in zip(runs, slots, strict=False) if read_measured(out / run.folder) is None
    ]
    for run in runs:
        where = next((str(slot) for other, slot in todo if other is run), "finished before")
        reporter.say(f"{title}: {run.label}, seed {run.seed}, {where}")
    started: list[tuple[Run, SpawnProcess]] = []
    try:
        for run, slot in todo:
            process = multiprocessing.get_context("spawn").Process(
                target=run_alone, args=(out / run.folder, slot), name=f"{run.label}, seed {run.seed}"
            )
            with keeping_memory():
                process.start()
            started.append((run, process))
        with reporter.progress() as progress:
            _watch(started, out, progress)
    finally:
        for _, process in started:
            process.terminate()
            process.join()
    for run, process in started:
        _report(run, process, out, reporter)


def _watch(started: Sequence[tuple[Run, SpawnProcess]], out: Path, progress: ProgressCallback) -> None:
    views = [_View(run, out / run.folder) for run, _ in started]
    while any(process.is_alive() for _, process in started):
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


def _report(run: Run, process: SpawnProcess, out: Path, reporter: Reporter) -> None:
    measured = read_measured(out / run.folder)
    if process.exitcode or measured is None:
        log = out / run.folder / OUTPUT
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        raise TrainingError(
            f"{run.label}, seed {run.seed}: failed (status {process.exitcode}): "
            f"{lines[-1] if lines else 'it said nothing'} All it said is in {log}."
        )
    reporter.say(
        f"  {run.label}, seed {run.seed}: {measured.bits_per_byte:.4f} bits per byte, "
        f"{measured.tokens:,} tokens, {measured.tokens_per_second:,.0f} tokens/s"
    )
