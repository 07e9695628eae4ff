"""Training in a run folder, on however many processes there are."""

import contextlib
import io
from typing import Any

import torch.multiprocessing
from torch.multiprocessing.spawn import ProcessRaisedException

from paramgolf.challenge import Challenge
from paramgolf.errors import ParamgolfError, UsageError
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.budget import budget_of
from paramgolf.lab.run.data import prepare_data
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import weight_bytes
from paramgolf.lab.run.settings import RunSettings
from paramgolf.lab.run.target import harness_of
from paramgolf.train.checkpoint import read_progress
from paramgolf.train.data.tokens import open_tokens
from paramgolf.train.device import pick_device
from paramgolf.train.job import Job, plan_processes
from paramgolf.train.ranks.ranks import is_first, local_rank, rank, run_ranks, wait_for_all
from paramgolf.train.target import Harness, TargetQuestions
from paramgolf.train.trainer import train


def train_in(settings: RunSettings, folder: RunFolder, reporter: Reporter) -> None:
    """Prepare data where they are missing and train, from the newest checkpoint where there is one.

    Under torchrun every process calls this; the first prepares while the others wait.

    Raises:
        UsageError: the folder holds another run, or one against a target that was stopped; or the text is too short.
        CorpusError, TrainingError: as preparing and training raise them.
    """
    if is_first():
        folder.refuse_other(settings)
        if settings.challenge.target_bits_per_byte is not None:
            _refuse_for_target(settings, folder)
    # Decided on every rank, from files that none writes before all have joined.
    if folder.trained():
        reporter.say(f"training: {folder.checkpoint} is finished")
        return
    if is_first():
        reporter.heading("Data")
        prepare_data(settings, folder, reporter.say)
        folder.claim(settings)
        reporter.heading("Training")
    processes = plan_processes(settings.recipe, pick_device(local_rank()))
    # A spawned process cannot raise here, so its own errors come through a queue.
    failures: Any = torch.multiprocessing.get_context("spawn").SimpleQueue()
    try:
        with harness_of(settings, folder) if is_first() else contextlib.nullcontext() as harness:
            run_ranks(_train_on_rank, (settings, folder, failures, reporter.silent, harness), processes)
    except ProcessRaisedException:
        if failures.empty():
            raise
        raise failures.get() from None


def _train_on_rank(
    settings: RunSettings, folder: RunFolder, failures: Any, silent: bool, harness: Harness | None
) -> None:
    # Chooses this rank's GPU, then waits for the rank that prepares the data.
    pick_device(local_rank())
    wait_for_all()
    try:
        text = open_tokens(folder.data)
        budget = budget_of(settings.challenge, settings.recipe, text.bytes_per_token)
        job = Job(
            recipe=settings.recipe,
            shards=text.shards,
            budget=budget,
            seed=settings.seed,
            folder=folder.path,
            tokenizer=text.tokenizer,
            tree=text.tree,
            weight_bytes=weight_bytes(settings, text) if settings.recipe.fill else None,
            target=_questions(settings.challenge, harness),
        )
        # The trainer prints where it stands.
        with contextlib.redirect_stdout(io.StringIO()) if silent else contextlib.nullcontext():
            train(job)
    except ParamgolfError as error:
        failures.put(error)
        raise


def _refuse_for_target(settings: RunSettings, folder: RunFolder) -> None:
    progress = read_progress(folder.checkpoint)
    if progress is not None and not progress.finished:
        raise UsageError(
            f"{folder.path} was stopped in its training, and its clock does not know for how long. A run against a "
            "target is not gone on with: remove that folder and run again."
        )
    if any(scheme.feedback for scheme in settings.recipe.schemes().values()):
        raise UsageError(
            "A run against a target ends at the question that reaches it, before any calibration. Take `feedback` "
            "out of the recipe's weights."
        )


def _questions(challenge: Challenge, harness: Harness | None) -> TargetQuestions | None:
    """What this rank asks in a game with a target; rank 0 alone has the harness to ask."""
    if challenge.target_bits_per_byte is None or challenge.target_questions is None:
        return None
    return TargetQuestions(
        harness if rank() == 0 else None, challenge.target_questions, challenge.target_bits_per_byte
    )
