"""The trainer: one function that every rank runs, from resuming to the summary. What techniques do is in phases/."""

import json
import math
import time
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.errors import TrainingError
from paramgolf.train.checkpoint import Progress, load_part, read_progress, save_checkpoint
from paramgolf.train.data.batches import BatchFeed
from paramgolf.train.gradients import GradientAccumulation
from paramgolf.train.job import SUMMARY, Job, Summary
from paramgolf.train.log import TrainingLog
from paramgolf.train.optim.optimizers import Optimizers
from paramgolf.train.optim.schedule import all_sizes, learning_rate_scale, sizes_at
from paramgolf.train.pace import Pace
from paramgolf.train.phases import PHASES, Moment, Phase
from paramgolf.train.ranks.ranks import rank, ranks, wait_for_all
from paramgolf.train.run import Run
from paramgolf.train.target import question_folder


def say_plainly(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def train(job: Job) -> None:
    """Train until the budget is spent, from the newest checkpoint in `job.folder` where there is one.

    Leaves checkpoint/, log.jsonl and training.json there. Every rank calls this.

    Raises:
        TrainingError: the loss is not finite, or the checkpoint is of another run.
        UsageError: the text is too short, or the batch cannot be shared by the ranks.
    """
    Trainer(Run(job, say_plainly if rank() == 0 else lambda line: None)).train()


class Trainer:
    """One rank's share of a training."""

    def __init__(self, run: Run) -> None:
        self.run, self.job, self.training = run, run.job, run.training
        self.target = run.job.target
        self.phases: list[Phase] = [phase for kind in PHASES if (phase := kind.of(run))]
        self.gradients = GradientAccumulation(run)
        self.optimizers = Optimizers(run.model, run.recipe.optimizer, run.device)
        self.checkpoint = run.job.folder / "checkpoint"

    def train(self) -> None:
        """Resume, warm up, loop, finish, leave checkpoint and summary."""
        start = self._resume()
        log = TrainingLog(self.job.folder / folders.LOG, start.step, self.run.say) if rank() == 0 else None
        began = time.monotonic()
        reserved = self._warm_up()
        warm_up = time.monotonic() - began
        self.run.say(f"warm-up: {warm_up:.1f} s of compiling and first steps, outside the training clock")
        if self.target:
            self.target.begin()
        pace = Pace(self.job.budget, start, reserved, self.run.device)
        end = self._loop(start, pace, log)
        if end.finished and not start.finished:
            end = self._finish(end, pace)
        self._save(end)
        if log:
            log.close()
            self._summarise(end, warm_up)

    def _resume(self) -> Progress:
        found = read_progress(self.checkpoint)
        name = json.dumps(self.run.recipe.to_dict(), sort_keys=True)
        if found is None:
            return Progress(step=0, tokens=0, seconds=0.0, loss=math.nan, seed=self.job.seed, recipe=name)
        if (found.seed, found.recipe) != (self.job.seed, name):
            raise TrainingError(
                f"{self.checkpoint} is of another run (recipe {json.loads(found.recipe)['name']!r}, seed "
                f"{found.seed}). Give another --out, or remove that folder."
            )
        self.run.model.load_state_dict(load_part(self.checkpoint, "model"))
        self.optimizers.load_state(load_part(self.checkpoint, "optimizer"))
        for phase in self.phases:
            phase.load_state(load_part(self.checkpoint, phase.name))
        self.run.say(f"resuming after step {found.step:,}")
        return found

    def _warm_up(self) -> float:
        """Compile everything and touch all memory, leaving weights and optimizer as they were; the seconds of the
        clock that phases need after the last step.
        """
        for sizes in dict.fromkeys(all_sizes(self.training)):
            batch = self.run.batches.read(0, sizes)
            for _ in range(2):
                self.gradients.warm_up(batch)
                self.optimizers.zero_grad()
        reserved = sum(phase.warm_up() for phase in self.phases)
        self.run.device.synchronise()
        wait_for_all()
        return reserved

    def _loop(self, start: Progress, pace: Pace, log: TrainingLog | None) -> Progress:
        """Step until the budget is spent, or for `job.steps`: what was reached, finished where the budget ended it."""
        now, saved = start, start.seconds
        with BatchFeed(self.run.batches) as feed:
            # Whether a step fits is asked of the size that it will have.
            while (
                pace.allows(now, sizes := sizes_at(self.training, pace.spent(now)))
                and now.step != self.job.steps
                and not self._reached()
            ):
                at = Moment(step=now.step, tokens=now.tokens, seconds=now.seconds, spent=pace.spent(now))
                rate = learning_rate_scale(self.training, at.spent, pace.share_of_a_step(now, sizes))
                loss, seconds = pace.clock.with_mean(self._step(at, feed.read(at.tokens, sizes), rate))
                tokens = now.tokens + sizes.batch_tokens
                now = replace(now, step=now.step + 1, tokens=tokens, seconds=seconds, loss=loss)
                self._refuse_divergence(now)
                if log:
                    log.step(
                        now, rate * self.run.recipe.optimizer.matrix_learning_rate, share=pace.spent(now)
                    )
                if self.target and self.target.due(pace.spent(now)):
                    self._ask(now, pace)
                if now.seconds - saved >= self.training.checkpoint_seconds:
                    self._save(now)
                    saved = now.seconds
            end = replace(now, finished=now.step != self.job.steps)
            if self.target and end.finished and self.target.due_at_the_end():
                self._ask(end, pace)
        return end

    def _reached(self) -> bool:
        return self.target is not None and self.target.reached

    def _ask(self, now: Progress, pace: Pace) -> None:
        """Have the run measured as it would end now; it goes on from the weights that it has."""
        assert self.target is not None, "asked only against a target"
        kept = {name: tensor.clone() for name, tensor in self.run.model.state_dict().items()}
        self._save(self._finish(replace(now, finished=True), pace), question_folder(self.job.folder))
        self.run.model.load_state_dict(kept)
        pace.clock.leave_out(self.target.ask(self.run.say, self.run.device))

    def _step(self, at: Moment, batch: tuple[Tensor, Tensor], learning_rate_scale: float) -> Tensor:
        """One update; this rank's loss."""
        for phase in self.phases:
            phase.before_step(at)
        with ExitStack() as around:
            for phase in self.phases:
                around.enter_context(phase.around_gradients(at))
            loss = self.gradients(batch)
        for phase in self.phases:
            phase.before_update(at)
        self.optimizers.step(at.step, learning_rate_scale, at.spent)
        for phase in self.phases:
            phase.after_step(at)
        self.run.device.synchronise()
        return loss

    def _refuse_divergence(self, now: Progress) -> None:
        if not math.isfinite(now.loss):
            raise TrainingError(
                f"the loss is {now.loss} at step {now.step}. Lower the learning rates, or clip the logits harder; "
                f"the last whole checkpoint is in {self.checkpoint}."
            )

    def _finish(self, end: Progress, pace: Pace) -> Progress:
        """What phases do after the last step, inside the clock."""
        at = Moment(step=end.step, tokens=end.tokens, seconds=end.seconds, spent=pace.spent(end))
        for phase in self.phases:
            at = replace(at, seconds=phase.finish(at, pace.clock))
        return replace(end, seconds=at.seconds)

    def _save(self, progress: Progress, folder: Path | None = None) -> None:
        if rank() == 0:
            save_checkpoint(
                folder or self.checkpoint,
                progress,
                model=self.run.model.state_dict(),
                optimizer=self.optimizers.state(),
                **{phase.name: phase.state() for phase in self.phases},
            )

    def _summarise(self, end: Progress, warm_up: float) -> None:
        summary = Summary(
            parameters=sum(p.numel() for p in self.run.model.parameters()),
            train_tokens=end.tokens,
            train_seconds=end.seconds,
            tokens_per_second=end.tokens / end.seconds if end.seconds else 0.0,
            warmup_seconds=warm_up,
            steps=end.step,
            final_loss=end.loss,
            device=self.run.device.description,
            dtype=("int8 and " if self.run.int8 else "") + str(self.run.device.dtype).removeprefix("torch."),
            compiled=self.run.compiled,
            processes=ranks(),
            threads=torch.get_num_threads(),
        )
        write_atomic(self.job.folder / SUMMARY, json.dumps(asdict(summary), indent=2) + "\n")
        self.run.say(
            f"trained: {end.step:,} steps, {end.tokens:,} tokens in {end.seconds:.1f} s, "
            f"{summary.tokens_per_second:,.0f} tokens/s"
        )
