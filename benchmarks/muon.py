"""Seconds of an optimizer step: our Muon (matrices of one shape as one batch) against torch.optim.Muon, in turn.

python benchmarks/muon.py [--recipe local] [--threads 1] [--rounds 5]
"""

import argparse
import statistics
import time

import torch
from torch import Tensor

from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.device import pick_device
from paramgolf.train.optim.init import initialise
from paramgolf.train.optim.muon import Muon
from paramgolf.train.optim.optimizers import Optimizers
from paramgolf.train.recipe.files import load_recipe

STEPS = 10


def seconds_a_step(optimizer: torch.optim.Optimizer) -> float:
    """Mean over STEPS steps."""
    start = time.perf_counter()
    for _ in range(STEPS):
        optimizer.step()
    return (time.perf_counter() - start) / STEPS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="local")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe, device = load_recipe(options.recipe), pick_device()
    model = LanguageModel(recipe.model)
    initialise(model, seed=0)
    matrices: list[Tensor] = Optimizers(model, recipe.optimizer, device).muon.param_groups[0]["params"]
    for matrix in matrices:
        matrix.grad = torch.randn_like(matrix)
    ours = Muon(matrices, lr=1e-4, dtype=device.dtype)
    theirs = torch.optim.Muon(matrices, lr=1e-4, weight_decay=0.0)
    times: dict[str, list[float]] = {"ours": [], "torch.optim.Muon": []}
    for _ in range(options.rounds):
        times["ours"].append(seconds_a_step(ours))
        times["torch.optim.Muon"].append(seconds_a_step(theirs))
    print(
        f"{device.description}; {len(matrices)} matrices of recipe {options.recipe}, {options.threads} threads"
    )
    for name, values in times.items():
        print(f"{name}: {1e3 * statistics.median(values):.1f} ms a step")
    ratios = [b / a for a, b in zip(*times.values(), strict=True)]
    print(f"theirs / ours, round by round: {', '.join(f'{r:.2f}' for r in ratios)}")


if __name__ == "__main__":
    main()
