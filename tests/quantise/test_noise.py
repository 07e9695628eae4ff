"""Noise instead of rounding: as wide as a step, another one at each step, and gone outside."""

import pytest
import torch

from paramgolf.quantise.grids import Grid, QuantisationScheme, as_rows, grid_at, step_matrix, steps_of
from paramgolf.quantise.noise import noisy, noisy_weights

SHAPES = {"matrix": (60, 50), "gain": (40,)}


@pytest.fixture
def model() -> torch.nn.ParameterDict:
    generator = torch.Generator().manual_seed(0)
    return torch.nn.ParameterDict({n: torch.randn(s, generator=generator) for n, s in SHAPES.items()})


@pytest.fixture
def grids(model) -> dict[str, Grid]:
    scheme = QuantisationScheme(rule="rms", limit=200, step=0.3)
    return {name: grid_at(steps_of(p.detach(), scheme)) for name, p in model.named_parameters()}


def test_noise_is_uniform_and_as_wide_as_a_step(model, grids):
    before = model["matrix"].detach().clone()
    with noisy_weights(model, grids, 0, 0):
        noise = (model["matrix"].detach() - before) / step_matrix(grids["matrix"].k, grids["matrix"].c)
    assert noise.abs().max() <= 0.5001
    assert noise.mean() == pytest.approx(0, abs=0.03)
    assert noise.square().mean() == pytest.approx(1 / 12, rel=0.05)


def test_what_lies_outside_of_the_grid_is_clipped(model, grids):
    grid = Grid(k=grids["matrix"].k, c=grids["matrix"].c, limit=2)
    steps = step_matrix(grid.k, grid.c)
    made = noisy(model["matrix"].detach(), grid, torch.Generator().manual_seed(0))
    assert (as_rows(made).abs() <= 2 * steps).all()
    assert (as_rows(made).abs() == 2 * steps).any()


def test_noise_follows_from_seed_and_step(model, grids):
    made = []
    for seed, step in ((3, 7), (3, 7), (3, 8), (4, 7)):
        with noisy_weights(model, grids, seed, step):
            made.append({name: p.detach().clone() for name, p in model.named_parameters()})
    assert all(torch.equal(made[0][name], made[1][name]) for name in SHAPES)
    assert not any(torch.equal(made[0][name], other[name]) for name in SHAPES for other in made[2:])


def test_originals_come_back_with_gradients_at_the_noisy_ones(model, grids):
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with noisy_weights(model, grids, 0, 0):
        inside = model["gain"].detach().clone()
        model["gain"].square().sum().backward()
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert torch.equal(model["gain"].grad, 2 * inside)
    assert not torch.equal(inside, before["gain"])
