"""A tiny job that trains in a second, in this process or, by a script, in others."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paramgolf.corpus import write_token_shards
from paramgolf.train.job import Job
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.recipe.files import load_recipe

RECIPE = """
[tokenizer]
vocab_size = 257
[model]
width = 16
layers = 2
heads = 2
kv_heads = 1
windows = [4, 8]
softcap_kind = "rational"
ngrams = [[2, 64, 8]]
token_shift = true
[training]
products = "float32"
sequence_length = 16
batch_tokens = 64
micro_batch_tokens = 32
warmdown_fraction = 0.5
quantise_from = 0.6
compile = false
checkpoint_seconds = 0.05
[optimizer]
momentum_warmup_steps = 10
[weights.matrices]
rule = "rms"
limit = 7
step = 0.6
[predict]
window = 32
overlap = 8
"""

SCRIPT = """
import sys
from pathlib import Path
from paramgolf.train.ranks.ranks import run_ranks
from paramgolf.train.trainer import train
from paramgolf.train.job import Job
from paramgolf.train.recipe.files import load_recipe
from paramgolf.train.optim.schedule import Budget

if __name__ == "__main__":
    recipe, shard, tokens, folder, processes = sys.argv[1:]
    job = Job(
        recipe=load_recipe(recipe),
        shards=[Path(shard)],
        budget=Budget(tokens=int(tokens)),
        seed=0,
        folder=Path(folder),
    )
    run_ranks(train, (job,), int(processes))
"""


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """The recipe, the text and the script of a tiny job, in a folder of its own."""

    folder: Path
    recipe: Path
    shard: Path
    script: Path

    def job(self, name: str, *, tokens: int = 64 * 20, seed: int = 0, **training: Any) -> Job:
        """A job into folder/name; `training` replaces fields of the recipe's training section."""
        recipe = load_recipe(str(self.recipe))
        return Job(
            recipe=replace(recipe, training=replace(recipe.training, **training)),
            shards=[self.shard],
            budget=Budget(tokens=tokens),
            seed=seed,
            folder=self.folder / name,
        )

    def start(
        self, name: str, *, steps: int, processes: int = 1, launcher: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        """The script in a process of its own, on one thread."""
        arguments = [self.recipe, self.shard, 64 * steps, self.folder / name, processes]
        return subprocess.Popen(
            [sys.executable, *launcher, str(self.script), *map(str, arguments)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def tiny(tmp_path) -> Tiny:
    random = np.random.default_rng(0)
    # A walk that repeats itself: there is something to learn.
    tokens = np.cumsum(random.choice([1, 1, 1, 5], 4000)) % 251
    (shard,) = write_token_shards([tokens], tmp_path / "data")
    (tmp_path / "tiny.toml").write_text(RECIPE)
    (tmp_path / "train_tiny.py").write_text(SCRIPT)
    return Tiny(
        folder=tmp_path, recipe=tmp_path / "tiny.toml", shard=shard, script=tmp_path / "train_tiny.py"
    )


@pytest.fixture
def curve() -> Callable[[Path], list[tuple[int, int, float, float]]]:
    """Reads step, tokens, loss and learning rate of every line of a run's log."""

    def read(folder: Path) -> list[tuple[int, int, float, float]]:
        lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
        return [(line["step"], line["tokens"], line["loss"], line["learning_rate"]) for line in lines]

    return read
