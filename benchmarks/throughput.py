"""Training tokens/s on a CPU: the public game's baseline shape against ours of the same size, in turn.

    python benchmarks/throughput.py [--seconds 20] [--rounds 3]

Both are 3 layers, width 128, vocabulary 1024, 476,8xx parameters, and learn from random tokens. "public" is full
attention, sequences of 512, 16,384 tokens a step, one process with a thread for each core; "ours" is what
recipes/local.toml chose: attention over blocks, sequences of 256, 4,096 tokens a step, a process for each core, a
softmax over a quarter of the vocabulary, products of 8-bit integers where those are faster; "over all tokens" and "in
floats" are the same without one of the last two.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
import torch

from paramgolf.corpus import write_token_shards
from paramgolf.train.device import pick_device
from paramgolf.train.job import SUMMARY, Job, plan_processes
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.ranks.ranks import run_ranks
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.recipe.recipe import Recipe
from paramgolf.train.trainer import train

SIZE = {"width": 128, "layers": 3}
MODEL = {
    **SIZE,
    "heads": 2,
    "kv_heads": 1,
    "windows": [32, 32, 64],
    "softcap_kind": "rational",
    "mirrored_skips": False,
}
STEP = {"sequence_length": 256, "batch_tokens": 4096, "micro_batch_tokens": 4096}
TABLES = {
    "public": {
        "model": {**SIZE, "heads": 4, "kv_heads": 2},
        "training": {
            "sequence_length": 512,
            "batch_tokens": 16_384,
            "micro_batch_tokens": 16_384,
            "cpu_processes": 1,
        },
    },
    "ours": {"model": MODEL, "training": {**STEP, "softmax_sample": 256, "products": "int8"}},
    "over all tokens": {"model": MODEL, "training": {**STEP, "products": "int8"}},
    "in floats": {"model": MODEL, "training": {**STEP, "softmax_sample": 256}},
}


def measure(recipe: Recipe, shards: list[Path], seconds: float) -> dict[str, float]:
    """The summary of a run of `recipe` for so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job(recipe=recipe, shards=shards, budget=Budget(seconds=seconds), seed=0, folder=Path(folder))
        run_ranks(train, (job,), plan_processes(recipe, pick_device()))
        return json.loads((Path(folder) / SUMMARY).read_text())


def compare(seconds: float, rounds: int) -> dict[str, list[float]]:
    """Tokens/s of both, round by round."""
    recipes = {name: recipe_from(table, name, name) for name, table in TABLES.items()}
    speeds: dict[str, list[float]] = {name: [] for name in recipes}
    with tempfile.TemporaryDirectory() as folder:
        tokens = np.random.default_rng(0).integers(0, 1024, 2_000_000)
        shards = write_token_shards([tokens], Path(folder))
        for _ in range(rounds):
            for name, recipe in recipes.items():
                speeds[name].append(measure(recipe, shards, seconds)["tokens_per_second"])
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    speeds = compare(options.seconds, options.rounds)
    print(f"\n{pick_device().description}, torch {torch.__version__}")
    print("| model | tokens/s, each round | median |\n|---|---|--:|")
    for name, values in speeds.items():
        print(f"| {name} | {', '.join(f'{v:,.0f}' for v in values)} | {statistics.median(values):,.0f} |")
    for other in ("public", "over all tokens", "in floats"):
        ratios = [b / a for a, b in zip(speeds[other], speeds["ours"], strict=True)]
        print(f"ours / {other}, round by round: {', '.join(f'{r:.2f}' for r in ratios)}")


if __name__ == "__main__":
    main()
