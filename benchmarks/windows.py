"""The codec where documents are longer than a window: caches filled by one pass, against as many steps, in turn.

    python benchmarks/windows.py ARTIFACT --documents FILE [--count 4] [--rounds 3]

Prints the seconds in which the longest documents of FILE are compressed side by side, in one thread, and checks that
both ways take the same bytes to a thousandth.
"""

import argparse
import statistics
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from torch import Tensor

from paramgolf.corpus import read_documents
from paramgolf.runtime.transformer.stepping import Stepper
from scoring import load


def step_through(stepper: Stepper, tokens_AT: Tensor) -> None:
    """What Stepper.fill stands for."""
    for tokens_A in tokens_AT.unbind(1):
        stepper.step(tokens_A)


def measure(entry: Any, documents: list[bytes], rounds: int) -> tuple[float, float]:
    """Median seconds of filling and of stepping."""
    ways: list[tuple[AbstractContextManager[Any], list[float]]] = [
        (nullcontext(), []),
        (patch.object(Stepper, "fill", step_through), []),
    ]
    sizes = []
    for _ in range(rounds):
        for way, seconds in ways:
            with way:
                start = time.perf_counter()
                sizes.append(len(entry.compress(documents)))
                seconds.append(time.perf_counter() - start)
    assert max(sizes) <= 1.001 * min(sizes) + 8, sizes
    return statistics.median(ways[0][1]), statistics.median(ways[1][1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    entry = load(options.artifact)
    documents = sorted(read_documents(options.documents), key=len)[-options.count :]
    tokens = [len(entry.encode(document)) + 1 for document in documents]
    filled, stepped = measure(entry, documents, options.rounds)
    print(f"{tokens} tokens, windows of {entry.config.window} with {entry.config.overlap} of overlap")
    print(f"filled {filled:.1f} s, stepped {stepped:.1f} s: {stepped / filled:.2f} times as long")


if __name__ == "__main__":
    main()
