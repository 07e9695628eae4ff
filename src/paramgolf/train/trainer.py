"""The training loop: one function that every rank runs."""

import json
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from paramgolf.common.files import write_atomic
from paramgolf.errors import TrainingError, UsageError
from paramgolf.quantise.noise import noisy_weights
from paramgolf.quantise.precision import Precision, rounded_weights
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.calibration import Calibration
from paramgolf.train.checkpoint import (
    Progress,
    load_mixer,
    load_optimizer,
    load_precision,
    load_weights,
    read_progress,
    save_checkpoint,
)
from paramgolf.train.data.batches import Batches, TokenStream, prefetch
from paramgolf.train.device import compiler_notice, pick_device, products_notice
from paramgolf.train.job import SUMMARY, Job, Summary
from paramgolf.train.log import TrainingLog
from paramgolf.train.loss.sampled_softmax import Rivals
from paramgolf.train.optim.averaging import WeightAverage
from paramgolf.train.optim.init import initialise
from paramgolf.train.optim.optimizers import Optimizers
from paramgolf.train.optim.schedule import all_sizes, learning_rate_scale, sizes_at
from paramgolf.train.ranks.ranks import (
    exchanges_gradients,
    local_rank,
    mean_and_clock,
    rank,
    ranks,
    sum_over_ranks,
    wait_for_all,
)
from paramgolf.train.recipe.recipe import WEIGHT_GROUPS
from paramgolf.train.training_model import TrainingModel

if TYPE_CHECKING:
    from paramgolf.train.mixer.mixer import MixerTraining


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
    say = say_plainly if rank() == 0 else lambda line: None
    _Run(job, say).run()


class _Run:
    """One rank's share of a run."""

    def __init__(self, job: Job, say: Callable[[str], None]) -> None:
        self.job, self.say, self.recipe = job, say, job.recipe
        self.device, training = pick_device(local_rank()), self.recipe.training
        if training.products == "float32":
            self.device = replace(self.device, dtype=torch.float32)
        notice = compiler_notice(self.device) if training.compile else None
        if notice:
            say(notice)
        self.compiled = training.compile and notice is None
        notice = products_notice(self.device) if training.products == "int8" else None
        if notice:
            say(notice)
        self.int8 = training.products == "int8" and notice is None
        self.mixer = self._mixer()
        self.batches = Batches(
            TokenStream(job.shards, begin=self.mixer.kept if self.mixer else 0),
            sequence_length=training.sequence_length,
            seed=job.seed,
            rank=rank(),
            ranks=ranks(),
        )
        self.rivals = self._rivals()
        model = LanguageModel(self.recipe.model)
        initialise(model, job.seed)
        self.model = model.to(self.device.device)
        self.training_model = TrainingModel(
            self.model,
            dtype=self.device.dtype,
            compiled=self.compiled,
            length=training.sequence_length,
            device=self.device.device,
            int8=self.int8,
            rivals=self.rivals,
        )
        self.parallel = self._parallel()
        self.optimizers = Optimizers(self.model, self.recipe.optimizer, self.device)
        self.average = WeightAverage(self.model, training.average_decay)
        self.precision = Precision(self.recipe.schemes(), WEIGHT_GROUPS)
        fed_back = self.precision.fed_back(dict(self.model.named_parameters()))
        self.calibration = Calibration(self.model, fed_back, training, self.batches, job.seed)
        # What the steps may use; calibrating comes behind them.
        self.budget = job.budget

    def _mixer(self) -> "MixerTraining | None":
        if not self.recipe.training.mixer_tokens:
            return None
        # Not before it is needed: it brings a compiler.
        from paramgolf.train.mixer.mixer import MixerTraining

        tokenizer, tree = self.job.tokenizer, self.job.tree
        assert tokenizer is not None, "a mixer reads what tokens spell"
        assert tree is not None, "a mixer decides along a tree"
        return MixerTraining(self.recipe, TokenStream(self.job.shards), tokenizer, tree)

    def _rivals(self) -> Rivals | None:
        size = self.recipe.training.softmax_sample
        if not size:
            return None
        return Rivals(
            np.bincount(self.batches.stream.beginning(), minlength=self.recipe.model.vocab_size),
            size,
            seed=self.job.seed,
            rank=rank(),
            device=self.device.device,
        )

    def _parallel(self) -> torch.nn.Module:
        if ranks() == 1 or exchanges_gradients():
            return self.training_model
        # Buffers follow from the configuration: there is nothing to exchange.
        return DistributedDataParallel(
            self.training_model, gradient_as_bucket_view=True, forward_sync_buffers=False
        )

    def run(self) -> None:
        """Resume, warm up, loop, leave checkpoint and summary."""
        start = self._resume()
        log = TrainingLog(self.job.folder / "log.jsonl", start.step, self.say) if rank() == 0 else None
        started = time.monotonic()
        self._warm_up()
        warmup = time.monotonic() - started
        self.say(f"warm-up: {warmup:.1f} s of compiling and first steps, outside the training clock")
        end = self._loop(start, log)
        if log:
            log.close()
            self._summarise(end, warmup)

    def _resume(self) -> Progress:
        folder = self.job.folder / "checkpoint"
        found = read_progress(folder)
        name = json.dumps(self.recipe.to_dict(), sort_keys=True)
        if found is None:
            return Progress(step=0, tokens=0, seconds=0.0, loss=math.nan, seed=self.job.seed, recipe=name)
        if (found.seed, found.recipe) != (self.job.seed, name):
            raise TrainingError(
                f"{folder} is of another run (recipe {json.loads(found.recipe)['name']!r}, seed {found.seed}). "
                "Give another --out, or remove that folder."
            )
        self.model.load_state_dict(load_weights(folder))
        state = load_optimizer(folder)
        self.optimizers.load_state(state)
        self.average.load_state(state)
        self.precision.load(load_precision(folder), dict(self.model.named_parameters()))
        if self.mixer:
            self.mixer.load(load_mixer(folder))
        self.say(f"resuming behind step {found.step:,}")
        return found

    def _warm_up(self) -> None:
        """Compile everything and touch all memory, leaving weights and optimizer as they were."""
        for sizes in dict.fromkeys(all_sizes(self.recipe.training)):
            batch = self.batches.read(0, sizes)
            rows = self._rows_of_a_pass(batch)
            # Two passes have all shapes and all memory of any number of them: the last one may be shorter.
            end = rows + (len(batch[0]) % rows or rows)
            for _ in range(2):
                self._gradients((batch[0][:end], batch[1][:end]))
                self.optimizers.zero_grad()
        if self.mixer:
            self.mixer.warm_up(self.model)
        if self.calibration.names:
            self._reserve(self.calibration.time())
        self.device.synchronise()
        wait_for_all()

    def _reserve(self, seconds: float) -> None:
        """Leave that much of the clock to what comes behind the last step."""
        _, seconds = mean_and_clock(torch.zeros((), device=self.device.device), seconds)
        limit = self.job.budget.seconds
        if limit is None:
            return
        if seconds > limit / 2:
            raise UsageError(
                f"calibrating would take {seconds:.0f} of {limit:.0f} s; give fewer training.calibration_tokens"
            )
        self.budget = replace(self.job.budget, seconds=limit - seconds)

    def _rows_of_a_pass(self, batch: tuple[Tensor, Tensor]) -> int:
        tokens = self.device.pass_tokens(self.recipe.training.micro_batch_tokens)
        return max(1, tokens // batch[0].size(1))

    def _gradients(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Accumulate the gradients of one rank's batch over micro-batches; the mean loss, detached."""
        rows = self._rows_of_a_pass(batch)
        parts = list(zip(*(t.split(rows) for t in batch), strict=True))
        total = torch.zeros((), device=self.device.device)
        for i, (tokens, targets) in enumerate(parts):
            tokens, targets = (t.to(self.device.device, non_blocking=True) for t in (tokens, targets))
            share = len(tokens) / len(batch[0])
            with nullcontext() if i == len(parts) - 1 else self._unsynchronised():
                loss = self.parallel(tokens, targets) * share
                (loss / ranks() if exchanges_gradients() else loss).backward()
            total += loss.detach()
        if exchanges_gradients():
            sum_over_ranks(*(p.grad for p in self.model.parameters() if p.grad is not None))
        return total

    def _unsynchronised(self) -> AbstractContextManager[None]:
        """Inside, gradients of this rank alone accumulate."""
        if isinstance(self.parallel, DistributedDataParallel):
            return self.parallel.no_sync()
        return nullcontext()

    def _loop(self, start: Progress, log: TrainingLog | None) -> Progress:
        job, budget, training = self.job, self.budget, self.recipe.training
        step, tokens, seconds, loss = start.step, start.tokens, start.seconds, start.loss
        began, saved = time.monotonic() - seconds, seconds
        step_seconds = seconds / step if step else 0.0
        sizes = sizes_at(training, budget.spent(seconds, tokens))
        data = prefetch(self.batches, tokens, sizes)
        while budget.allows(seconds, tokens, step_seconds, sizes.batch_tokens) and step != job.steps:
            spent = budget.spent(seconds, tokens)
            if sizes != (sizes := sizes_at(training, spent)):
                data.close()
                data = prefetch(self.batches, tokens, sizes)
            if self.mixer and self.mixer.weights is None and spent >= training.mixer_from:
                self._learn_mixer(seconds)
            share = max(budget.spent(step_seconds, sizes.batch_tokens), 1e-9)
            scale = learning_rate_scale(training, spent, share)
            own_loss = self._step(step, next(data), spent, scale)
            loss, seconds = mean_and_clock(own_loss, time.monotonic() - began)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss is {loss} at step {step + 1}. Lower the learning rates, or clip the logits harder; "
                    f"the last whole checkpoint is in {job.folder / 'checkpoint'}."
                )
            step, tokens = step + 1, tokens + sizes.batch_tokens
            step_seconds = (seconds - start.seconds) / (step - start.step)
            if log:
                spent = budget.spent(seconds, tokens)
                rate = self.recipe.optimizer.matrix_learning_rate * scale
                log.step(
                    step=step, seconds=seconds, tokens=tokens, loss=loss, learning_rate=rate, share=spent
                )
            if seconds - saved >= training.checkpoint_seconds:
                self._save(step, tokens, seconds, loss, finished=False)
                saved = seconds
        data.close()
        finished = step != job.steps
        if finished and not start.finished and self.calibration.names:
            seconds = self._calibrate(tokens, began)
        return self._save(step, tokens, seconds, loss, finished=finished)

    def _step(self, step: int, batch: tuple[Tensor, Tensor], spent: float, scale: float) -> Tensor:
        """One update where so much of the budget is spent; this rank's loss."""
        training = self.recipe.training
        if training.loop_from is not None:
            once = spent < training.loop_from
            self.model.order = tuple(range(self.recipe.model.layers)) if once else self.recipe.model.depths
        if self.rivals:
            self.rivals.begin(step)
        rounding = training.quantise_from is not None and spent >= training.quantise_from
        with self._rounded(step, spent) if rounding else nullcontext():
            loss = self._gradients(batch)
        self.precision.observe(self.model, step)
        self.optimizers.step(step, scale, spent)
        if training.average_from is not None and spent >= training.average_from:
            self.average.update()
        self.device.synchronise()
        return loss

    def _learn_mixer(self, seconds: float) -> None:
        """The mixer learns beside a model that is as the artifact will have it."""
        assert self.mixer is not None, "asked only where there is one"
        limit = self.budget.seconds
        grids = self.precision.grids(dict(self.model.named_parameters()))
        with rounded_weights(self.model, grids) if grids else nullcontext():
            self.mixer.learn(self.model, None if limit is None else (limit - seconds) / 2)
        self.say(f"mixer: learnt from {self.mixer.kept:,} tokens that the model does not see")

    def _rounded(self, step: int, spent: float) -> AbstractContextManager[None]:
        parameters = dict(self.model.named_parameters())
        budget = self.job.weight_bytes if self.recipe.fill else None
        if not self.precision.steps:
            self.precision.decide(parameters, budget)
        elif budget is not None:
            self.precision.follow(parameters, budget, spent)
        grids = self.precision.grids(parameters)
        if self.recipe.training.rounding == "noise":
            return noisy_weights(self.model, grids, self.job.seed, step)
        return rounded_weights(self.model, grids)

    def _calibrate(self, tokens: int, began: float) -> float:
        """Measure what the finished model's matrices are applied to; the training clock behind that."""

        def clock() -> float:
            return mean_and_clock(torch.zeros((), device=self.device.device), time.monotonic() - began)[1]

        before, limit = clock(), self.job.budget.seconds
        # The model as it will be packed: averaged, rounded where its steps are decided.
        self.model.order = self.recipe.model.depths
        self.model.load_state_dict(self.average.weights(), strict=False)
        grids = self.precision.grids(dict(self.model.named_parameters()))
        with rounded_weights(self.model, grids) if grids else nullcontext():
            self.precision.hessians = self.calibration.hessians(
                tokens, lambda seconds: limit is None or clock() + seconds <= limit
            )
        seconds = clock()
        self.say(f"calibrated in {seconds - before:.1f} s, of the training clock")
        return seconds

    def _save(self, step: int, tokens: int, seconds: float, loss: float, *, finished: bool) -> Progress:
        progress = Progress(
            step=step,
            tokens=tokens,
            seconds=seconds,
            loss=loss,
            seed=self.job.seed,
            recipe=json.dumps(self.recipe.to_dict(), sort_keys=True),
            finished=finished,
        )
        if rank() == 0:
            # A run that is over leaves the averaged weights; one that goes on needs both.
            save_checkpoint(
                self.job.folder / "checkpoint",
                progress,
                model=self.model.state_dict() | (self.average.weights() if finished else {}),
                optimizer=self.optimizers.state() | self.average.state(),
                precision=self.precision.state(),
                mixer=self.mixer.state() if self.mixer else {},
            )
        return progress

    def _summarise(self, end: Progress, warmup: float) -> None:
        summary = Summary(
            parameters=sum(p.numel() for p in self.model.parameters()),
            train_tokens=end.tokens,
            train_seconds=end.seconds,
            tokens_per_second=end.tokens / end.seconds if end.seconds else 0.0,
            warmup_seconds=warmup,
            steps=end.step,
            final_loss=end.loss,
            device=self.device.description,
            dtype=("int8 and " if self.int8 else "") + str(self.device.dtype).removeprefix("torch."),
            compiled=self.compiled,
            processes=ranks(),
            threads=torch.get_num_threads(),
        )
        write_atomic(self.job.folder / SUMMARY, json.dumps(asdict(summary), indent=2) + "\n")
        self.say(
            f"trained: {end.step:,} steps, {end.tokens:,} tokens in {end.seconds:.1f} s, "
            f"{summary.tokens_per_second:,.0f} tokens/s"
        )
