"""Low-rank repair of the tensors that rounding hurt most.

LQER (Zhang et al. 2024, arXiv:2402.02446): a product of two thin matrices stands for the error of rounding; here both
are rounded and entropy-coded like any tensor, and runtime/low_rank_repair.py adds their product when an artifact is
read. Where the inputs of a matrix were measured, the product is the best one for its outputs (Zhang et al. 2024,
arXiv:2410.06040, QERA), else the best one for its weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from paramgolf.quantise.gptq import dampened
from paramgolf.quantise.grids import QuantisationScheme, Quantised, as_rows, dequantise, quantise

# A step of half a deviation keeps about 96 % of what the exact product would repair, for about 3 bits a number.
SCHEME = QuantisationScheme(rule="rms", limit=31, step=0.5)
BITS = 3.1


@dataclass(frozen=True, kw_only=True)
class Patch:
    """left^T @ right is added to a tensor of R rows and C columns: left [rank, R], right [rank, C]."""

    left: Quantised
    right: Quantised


def patches_for(
    tensors: Mapping[str, Tensor],
    rounded: Mapping[str, Quantised],
    repairs: Sequence[tuple[QuantisationScheme, list[str]]],
    hessians: Mapping[str, Tensor],
) -> dict[str, Patch]:
    """Patches by name, in the order of `tensors`; repairs are those of Precision."""
    errors = {n: as_rows(tensors[n] - dequantise(rounded[n])) for _, names in repairs for n in names}
    ranks: dict[str, int] = {}
    for scheme, names in repairs:
        worst = sorted(names, key=lambda name: -float(errors[name].square().sum()))
        ranks |= dict.fromkeys(worst[: scheme.repair_tensors], scheme.repair_rank)
    return {
        name: patch_of(errors[name], ranks[name], hessians.get(name)) for name in tensors if name in ranks
    }


def patch_of(error: Tensor, rank: int, hessian: Tensor | None = None) -> Patch:
    """The patch of at most that rank that takes most away from an error [R, C], where inputs had that Hessian."""
    wide = torch.eye(error.shape[1], dtype=torch.float64)
    if hessian is not None and hessian.diagonal().mean() > 0:
        wide = torch.linalg.cholesky(dampened(hessian))
    u, s, v = torch.linalg.svd(error.double() @ wide, full_matrices=False)
    root = s[:rank].sqrt()
    left = (u[:, :rank] * root).T
    right = torch.linalg.solve(wide, root[:, None] * v[:rank], left=False)
    return Patch(left=_quantised(left), right=_quantised(right))


def expected_bytes(
    tensors: Mapping[str, Tensor], repairs: Sequence[tuple[QuantisationScheme, list[str]]]
) -> float:
    """About what patches will take, those of the largest tensors."""
    bits = 0.0
    for scheme, names in repairs:
        sides = sorted((sum(as_rows(tensors[name]).shape) for name in names), reverse=True)
        bits += BITS * scheme.repair_rank * sum(sides[: scheme.repair_tensors])
    return bits / 8


def _quantised(matrix: Tensor) -> Quantised:
    return quantise(matrix.float().contiguous(), SCHEME)
