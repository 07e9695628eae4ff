"""Milliseconds of a sum over processes of this machine: through memory against gloo's sockets, in turn.

python benchmarks/exchange.py [--numbers 973190] [--processes 2] [--rounds 5]
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.distributed as dist

from paramgolf.train.ranks.ranks import rank, run_ranks, sum_over_ranks

CALLS = 20


def milliseconds(reduce: Callable[[torch.Tensor], object], tensor: torch.Tensor) -> float:
    """Mean over CALLS calls."""
    start = time.perf_counter()
    for _ in range(CALLS):
        reduce(tensor)
    return 1e3 * (time.perf_counter() - start) / CALLS


def compare(numbers: int, rounds: int) -> None:
    """On every rank; the first prints."""
    tensor = torch.zeros(numbers)
    ways: dict[str, Callable[[torch.Tensor], object]] = {"memory": sum_over_ranks, "gloo": dist.all_reduce}
    for reduce in ways.values():
        reduce(tensor)
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, reduce in ways.items():
            times[name].append(milliseconds(reduce, tensor))
    if rank() > 0:
        return
    for name, values in times.items():
        print(f"{name}: {statistics.median(values):.2f} ms for {numbers:,} numbers")
    ratios = [b / a for a, b in zip(times["memory"], times["gloo"], strict=True)]
    print(f"gloo / memory, round by round: {', '.join(f'{r:.2f}' for r in ratios)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--numbers", type=int, default=973_190)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    run_ranks(compare, (options.numbers, options.rounds), options.processes)


if __name__ == "__main__":
    main()
