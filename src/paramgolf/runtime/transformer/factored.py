"""Matrices of blocks that are put together from fewer numbers than they have.

"low_rank": a product of two narrow matrices. "random": a map grown from a seed that no artifact stores, with a learnt
scale for each row and a learnt low-rank adapter (record 2026-04-30_Random_Linear_Adapter). "smooth": a polynomial of
depth whose coefficients all layers share (record 2026-03-31_LegendreGPT).
"""

import numpy as np
import torch
from torch import Tensor, nn

from .attention import linear, parameter
from .config import ModelConfig
from .roles import Role, added, left_factor, right_factor, row_scale

ATTENTION_NAMES = ("query", "key", "value", "out")


class LowRank(nn.Module):
    """left [rows, rank] @ right [rank, columns], multiplied one after the other."""

    def __init__(self, rows: int, columns: int, rank: int, *, role: Role) -> None:
        super().__init__()
        self.left = parameter(rows, rank, role=left_factor(role))
        self.right = parameter(rank, columns, role=right_factor(role))

    def forward(self, x: Tensor) -> Tensor:
        return linear(linear(x, self.right), self.left)


def grown(seed: int, rows: int, columns: int) -> Tensor:
    """A matrix of uniform numbers with the variance of our initial weights, the same bits on every machine and device.

    A hash of 64-bit integers (Steele et al. 2014, SplitMix64) of seed and place, whose upper 24 bits make a float32:
    integers wrap alike everywhere, which no generator of torch promises. seed is 0 to 2^31 - 1.
    """
    z = (torch.arange(1, rows * columns + 1) + (seed << 32)) * _signed(0x9E3779B97F4A7C15)
    z = (z ^ _shifted(z, 30)) * _signed(0xBF58476D1CE4E5B9)
    z = (z ^ _shifted(z, 27)) * _signed(0x94D049BB133111EB)
    bits = _shifted(z ^ _shifted(z, 31), 40)
    uniform = (2 * bits + 1 - 2**24).double() / 2**24
    return (uniform / columns**0.5).float().view(rows, columns)


def _signed(x: int) -> int:
    """The int64 of the same 64 bits."""
    return x - (1 << 64) if x >> 63 else x


def _shifted(z: Tensor, by: int) -> Tensor:
    """z >> by as if z had no sign."""
    return (z >> by) & ((1 << (64 - by)) - 1)


class RandomMap(nn.Module):
    """A fixed map grown from `seed`, scaled by row, and an adapter of low rank."""

    base: Tensor

    def __init__(self, rows: int, columns: int, rank: int, seed: int, *, role: Role) -> None:
        super().__init__()
        self.register_buffer("base", grown(seed, rows, columns), persistent=False)
        self.scale = parameter(rows, role=row_scale(role))
        self.adapter = LowRank(rows, columns, rank, role=added(role))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale.to(x.dtype) * linear(x, self.base) + self.adapter(x)


class Shared(nn.Module):
    """Coefficients of smooth matrices: name -> one matrix for each Legendre polynomial, lowest order first."""

    def coefficients(
        self, name: str, rows: int, columns: int, degree: int, *, role: Role
    ) -> nn.ParameterList:
        """Those of `name`, made where it is asked for first. Only the constant's begin, so that layers begin alike."""
        if not hasattr(self, name):
            matrices = [parameter(rows, columns, role=added(role) if i else role) for i in range(degree + 1)]
            setattr(self, name, nn.ParameterList(matrices))
        found: nn.ParameterList = getattr(self, name)
        return found


class Smooth(nn.Module):
    """Legendre polynomials of a layer's depth in [-1, 1], weighted by shared matrices."""

    basis: Tensor

    def __init__(self, coefficients: nn.ParameterList, layer: int, layers: int) -> None:
        super().__init__()
        # In a plain list, so that they are the model's parameters once and not every layer's.
        self.coefficients = list(coefficients)
        depth = 2 * layer / max(layers - 1, 1) - 1
        basis = np.polynomial.legendre.legvander(np.array([depth]), len(self.coefficients) - 1)[0]
        self.register_buffer("basis", torch.tensor(basis, dtype=torch.float32), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        matrices = zip(self.basis.unbind(), self.coefficients, strict=True)
        return linear(x, torch.stack([weight * matrix for weight, matrix in matrices]).sum(0))


def make_matrix(
    config: ModelConfig,
    shared: Shared,
    kind: str,
    layer: int,
    name: str,
    rows: int,
    columns: int,
    *,
    role: Role,
) -> nn.Module | nn.Parameter:
    """The matrix `name` of a layer, of the kind that the configuration gives it."""
    if kind == "dense":
        return parameter(rows, columns, role=role)
    if kind == "low_rank":
        return LowRank(rows, columns, config.rank, role=role)
    if kind == "smooth":
        return Smooth(
            shared.coefficients(name, rows, columns, config.degree, role=role), layer, config.layers
        )
    place = (*ATTENTION_NAMES, "up", "gate", "down").index(name)
    seed = config.random_seed * 65_536 + layer * 8 + place
    return RandomMap(rows, columns, config.rank, seed, role=role)
