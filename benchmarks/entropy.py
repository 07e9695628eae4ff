"""Coded bytes of synthetic matrices against the Shannon bound of their integers.

python benchmarks/entropy.py
"""

import time

import torch
from rich.console import Console
from rich.table import Table

from paramgolf.pack.entropy import encode_weights
from paramgolf.runtime.weights import decode_weights
from paramgolf.train.allocate import entropy_bits
from paramgolf.train.quantise import QuantisationScheme, quantise

# A model of 1.2 million weights: an embedding, a hashed table and three layers.
LAYER = {"query": (160, 160), "key": (160, 160), "up": (480, 160), "down": (160, 480)}
SHAPES = {"embedding": (2048, 160), "table": (4096, 48)}
SHAPES |= {f"{layer}.{name}": shape for layer in range(3) for name, shape in LAYER.items()}

THREE = QuantisationScheme(rule="rms", limit=7, step=0.6)
TERNARY = QuantisationScheme(rule="rms", limit=1, step=2.0)


def gaussian(shape: tuple[int, int]) -> torch.Tensor:
    return torch.randn(shape)


def sparse(shape: tuple[int, int]) -> torch.Tensor:
    return torch.randn(shape) * (torch.rand(shape) < 0.2)


def heavy_tails(shape: tuple[int, int]) -> torch.Tensor:
    return torch.distributions.StudentT(4.0).sample(shape)


def uneven_columns(shape: tuple[int, int]) -> torch.Tensor:
    return torch.randn(shape) * torch.exp(0.2 * torch.randn(shape[1]))


CASES = {
    "Gaussian, step 0.6": (gaussian, THREE),
    "Gaussian, step 0.2": (gaussian, QuantisationScheme(rule="rms", limit=31, step=0.2)),
    "Gaussian, int8": (gaussian, QuantisationScheme()),
    "sparse ternary": (sparse, TERNARY),
    "heavy tails (Student, 4)": (heavy_tails, QuantisationScheme(rule="rms", limit=15, step=0.6)),
    "columns of uneven size": (uneven_columns, THREE),
}


def main() -> None:
    torch.manual_seed(0)
    table = Table(
        "distribution", "bits a weight", "coded bytes", "Shannon bound", "over", "encode s", "decode s"
    )
    for label, (draw, scheme) in CASES.items():
        quantised = {name: quantise(draw(shape), scheme) for name, shape in SHAPES.items()}
        bound = sum(entropy_bits(t.q.numpy()) + entropy_bits(t.k.numpy()) for t in quantised.values()) / 8
        start = time.perf_counter()
        blob = encode_weights(quantised).blob
        middle = time.perf_counter()
        decode_weights(blob, SHAPES)
        end = time.perf_counter()
        weights = sum(t.q.numel() for t in quantised.values())
        table.add_row(
            label,
            f"{8 * len(blob) / weights:.3f}",
            f"{len(blob):,}",
            f"{bound:,.0f}",
            f"{100 * (len(blob) / bound - 1):+.2f} %",
            f"{middle - start:.2f}",
            f"{end - middle:.2f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
