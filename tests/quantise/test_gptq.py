"""GPTQ: outputs of a matrix change less than with nearest rounding, on the same grid."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from paramgolf.quantise.gptq import round_with_feedback, row_errors
from paramgolf.quantise.grids import Grid, QuantisationScheme, grid_at, round_to, steps_of


def problem(rows: int, columns: int, rank: int, seed: int) -> tuple[Tensor, Tensor]:
    """A matrix, and the Hessian of inputs that lie near `rank` directions."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(4 * columns, rank, generator=generator) @ torch.randn(
        rank, columns, generator=generator
    )
    inputs += 0.1 * torch.randn(inputs.shape, generator=generator)
    return torch.randn(rows, columns, generator=generator), inputs.T @ inputs


def grid_of(tensor: Tensor, rule: str = "rms", limit: int = 7) -> Grid:
    return grid_at(steps_of(tensor, QuantisationScheme(rule=rule, limit=limit, step=0.6)))


@settings(max_examples=80)
@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 24),
    rank=st.integers(1, 12),
    rule=st.sampled_from(["max", "rms", "ternary", "binary"]),
    limit=st.sampled_from([1, 2, 7]),
    inputs=st.sampled_from(["all", "some zero", "zero", "huge", "tiny"]),
    seed=st.integers(0, 1000),
)
def test_no_row_errs_more_than_with_nearest_rounding_and_all_stay_on_the_grid(
    rows, columns, rank, rule, limit, inputs, seed
):
    tensor, hessian = problem(rows, columns, rank, seed)
    if inputs == "some zero":
        hessian[::2], hessian[:, ::2] = 0, 0
    hessian *= {"zero": 0.0, "huge": 1e20, "tiny": 1e-20}.get(inputs, 1.0)
    grid = grid_of(tensor, rule, limit)
    fed, plain = round_with_feedback(tensor, grid, hessian), round_to(tensor, grid)
    assert (row_errors(tensor, fed, hessian) <= row_errors(tensor, plain, hessian)).all()
    assert torch.equal(fed.k, plain.k)
    assert torch.equal(fed.c, plain.c)
    assert fed.q.dtype == torch.int32
    assert fed.q.abs().max() <= grid.limit
    assert not grid.signs or (fed.q != 0).all()


# One block of columns, and several.
@pytest.mark.parametrize("columns", [64, 300])
def test_correlated_inputs_lose_much_less(columns):
    tensor, hessian = problem(32, columns, columns // 4, 0)
    grid = grid_of(tensor, limit=127)
    fed, plain = (f(tensor, grid, *h) for f, h in ((round_with_feedback, [hessian]), (round_to, [])))
    assert row_errors(tensor, fed, hessian).sum() < 0.5 * row_errors(tensor, plain, hessian).sum()


def test_inputs_that_know_nothing_of_each_other_leave_the_nearest_points():
    tensor, _ = problem(8, 20, 4, 1)
    hessian = torch.diag(torch.rand(20, generator=torch.Generator().manual_seed(1)) + 0.1)
    grid = grid_of(tensor)
    assert torch.equal(round_with_feedback(tensor, grid, hessian).q, round_to(tensor, grid).q)


def test_steps_by_column_stay_as_they_are():
    tensor, hessian = problem(16, 40, 10, 2)
    grid = grid_of(tensor)
    grid = Grid(k=grid.k, c=torch.arange(40, dtype=torch.int32) % 24 - 12, limit=31)
    fed = round_with_feedback(tensor, grid, hessian)
    assert torch.equal(fed.c, grid.c)
    assert row_errors(tensor, fed, hessian).sum() < row_errors(tensor, round_to(tensor, grid), hessian).sum()
