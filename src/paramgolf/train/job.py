"""What a run is asked for, what it measured, and how many processes it gets."""

import math
from dataclasses import dataclass
from pathlib import Path

from paramgolf.common import folders
from paramgolf.errors import UsageError
from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.train.device import Device, usable_cores
from paramgolf.train.optim.schedule import Budget, all_sizes
from paramgolf.train.recipe.recipe import Recipe
from paramgolf.train.target import TargetQuestions

SUMMARY = folders.TRAINING


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run: what to train, on which shards, within what budget, where to.

    `tokenizer` is that of the shards, `tree` that of its tokens: for recipes whose mixer learns in training.
    `weight_bytes` is what the artifact has room for: where the recipe fills it, weights are rounded accordingly.
    `target` ends it when a score is reached.
    `steps` ends the run early, as a kill would, but with a checkpoint: for tests and for training in parts.
    """

    recipe: Recipe
    shards: list[Path]
    budget: Budget
    seed: int
    folder: Path
    steps: int | None = None
    weight_bytes: int | None = None
    tokenizer: Tokenizer | None = None
    tree: TokenTree | None = None
    target: TargetQuestions | None = None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a finished run measured. Seconds of warm-up (compiling) are outside the training clock.

    dtype: what matrix products were of, "float32" say or, for a recipe that asks for it, "int8 and float32".
    """

    parameters: int
    train_tokens: int
    train_seconds: float
    tokens_per_second: float
    warmup_seconds: float
    steps: int
    final_loss: float
    device: str
    dtype: str
    compiled: bool
    processes: int
    threads: int


def plan_processes(recipe: Recipe, device: Device) -> int:
    """How many processes to start for `recipe` on this machine: 1 on a GPU (torchrun starts more)."""
    if device.is_cuda:
        return 1
    # Sequences of a batch, of whatever size the run has them: all ranks must get the same number.
    rows = math.gcd(*(sizes.batch_tokens // sizes.length for sizes in all_sizes(recipe.training)))
    wanted = recipe.training.cpu_processes or usable_cores()
    if recipe.training.cpu_processes and rows % wanted:
        raise UsageError(
            f"training.cpu_processes is {wanted}, which does not divide {rows} sequences a batch"
        )
    return next(n for n in range(wanted, 0, -1) if rows % n == 0)
