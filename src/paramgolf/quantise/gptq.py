"""Rounding with feedback: each column's error is made up for by the columns after it.

GPTQ (Frantar et al. 2022, arXiv:2210.17323). What a matrix W does to its inputs x changes least where the rounded Q
has a small trace((W - Q) H (W - Q)^T), H being the sum of x x^T. Columns are rounded one by one, those with the
largest inputs first; the Cholesky factor of the inverse of H says by how much the others move to make up for it.
"""

import torch
from torch import Tensor

from paramgolf.quantise.grids import Grid, Quantised, as_rows, dequantise, nearest, round_to

# Share of the mean of its diagonal that is added to it: few inputs say little of some directions.
DAMPENING = 0.01
# The columns after so many are moved at once.
BLOCK = 128


def round_with_feedback(tensor: Tensor, grid: Grid, hessian: Tensor) -> Quantised:
    """Round a matrix [R, C] to a grid; hessian [C, C] is that of its inputs, of any scale.

    A row that feedback does no good, which clipping can cause, is rounded to nearest: no row's error is
    larger than then.
    """
    plain = round_to(tensor, grid)
    if not hessian.diagonal().mean() > 0:
        return plain  # all inputs were zeros
    rows, order = as_rows(tensor), hessian.diagonal().argsort(descending=True, stable=True)
    fed = torch.empty_like(rows)
    fed[:, order] = _column_by_column(rows[:, order], grid.steps[:, order], grid, hessian[order][:, order])
    found = Quantised(q=fed.to(torch.int32).view(tensor.shape), k=grid.k, c=grid.c)
    better = row_errors(tensor, found, hessian) < row_errors(tensor, plain, hessian)
    q = torch.where(better[:, None], as_rows(found.q), as_rows(plain.q))
    return Quantised(q=q.view(tensor.shape), k=grid.k, c=grid.c)


def row_errors(tensor: Tensor, quantised: Quantised, hessian: Tensor) -> Tensor:
    """What rounding changes in the output of each row, squared and summed over the inputs, float64 [R]."""
    error = as_rows(tensor - dequantise(quantised)).double()
    return ((error @ hessian.double()) * error).sum(1)


def dampened(hessian: Tensor) -> Tensor:
    """A Hessian that can be inverted, float64, of mean diagonal 1."""
    scaled = hessian.double() / hessian.diagonal().double().mean()
    return scaled + DAMPENING * torch.eye(len(scaled), dtype=torch.float64, device=scaled.device)


def _column_by_column(weights: Tensor, steps: Tensor, grid: Grid, hessian: Tensor) -> Tensor:
    """The integers, float32 [R, C]; columns in the order in which they are rounded."""
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(dampened(hessian)))
    factor = torch.linalg.cholesky(inverse, upper=True).float()
    weights, q = weights.clone(), torch.empty_like(weights)
    for start in range(0, len(factor), BLOCK):
        end = min(start + BLOCK, len(factor))
        errors = torch.empty_like(weights[:, start:end])
        for j in range(start, end):
            q[:, j] = nearest(weights[:, j], steps[:, j], grid)
            error = (weights[:, j] - q[:, j] * steps[:, j]) / factor[j, j]
            weights[:, j + 1 : end] -= error[:, None] * factor[j, j + 1 : end]
            errors[:, j - start] = error
        weights[:, end:] -= errors @ factor[start:end, end:]
    return q
