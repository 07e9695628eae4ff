"""Coded bytes against the Shannon bound of integers and scales, each coded one by one under its own frequencies.

python benchmarks/entropy.py            synthetic matrices
python benchmarks/entropy.py RUN        every tensor of a trained run, rounded as for its artifact
"""

import argparse
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import weight_bytes
from paramgolf.lab.run.settings import read_settings
from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.byte_allocation import entropy_bits
from paramgolf.quantise.grids import QuantisationScheme, Quantised, quantise
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.weights import decode_weights
from paramgolf.train.checkpoint import load_part
from paramgolf.train.data.tokens import open_tokens

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


def bound_of(tensor: Quantised) -> float:
    """Bytes."""
    return sum(entropy_bits(part.numpy()) for part in (tensor.q, tensor.k, tensor.c)) / 8


def trained(run: Path) -> Table:
    """Tensors of a run, quantised for its challenge's limit."""
    settings, folder = read_settings(run / "run.json"), RunFolder(run)
    state = dict(sorted(load_part(folder.checkpoint, "model").items()))
    precision = Precision(settings.recipe.schemes(), settings.recipe.groups())
    precision.load(load_part(folder.checkpoint, "rounding"), state)
    if not precision.steps:
        precision.decide(state, None)
    if settings.recipe.fill:
        precision.fill(state, weight_bytes(settings, open_tokens(folder.data)))
    tensors = precision.rounded(state)
    encoded = encode_weights(tensors)
    table = Table("tensor", "shape", "bits a weight", "coded bytes", "Shannon bound", "over")
    stored = {n: t for n, t in tensors.items() if t.q.numel()}
    rows = [(n, t, encoded.tensor_bytes[n], bound_of(t), t.q.numel()) for n, t in stored.items()]
    for name, tensor, size, bound, weights in rows:
        table.add_row(name, str(list(tensor.q.shape)), *in_columns(size, bound, weights))
    table.add_row("tables", "", "", f"{encoded.table_bytes:,}", "", "")
    bound, weights = sum(row[3] for row in rows), sum(row[4] for row in rows)
    table.add_row("all", "", *in_columns(len(encoded.blob), bound, weights))
    return table


def in_columns(size: int, bound: float, weights: int) -> tuple[str, str, str, str]:
    """Bits a weight, bytes, bound, excess."""
    over = f"{100 * (size / bound - 1):+.2f} %" if bound else ""
    return f"{8 * size / weights:.3f}", f"{size:,}", f"{bound:,.0f}", over


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="the folder of a trained run")
    options = parser.parse_args()
    if options.run:
        Console(width=110).print(trained(options.run))
        return
    torch.manual_seed(0)
    table = Table(
        "distribution", "bits a weight", "coded bytes", "Shannon bound", "over", "encode s", "decode s"
    )
    for label, (draw, scheme) in CASES.items():
        quantised = {name: quantise(draw(shape), scheme) for name, shape in SHAPES.items()}
        bound = sum(bound_of(tensor) for tensor in quantised.values())
        start = time.perf_counter()
        blob = encode_weights(quantised).blob
        middle = time.perf_counter()
        decode_weights(blob, SHAPES)
        end = time.perf_counter()
        weights = sum(t.q.numel() for t in quantised.values())
        table.add_row(
            label,
            *in_columns(len(blob), bound, weights),
            f"{middle - start:.2f}",
            f"{end - middle:.2f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
