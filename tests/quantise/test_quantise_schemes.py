"""Rounding in training is what the artifact gives back, and its scales keep their promises."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.errors import ConfigError
from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.grids import (
    LIMITS,
    PRIOR,
    Grid,
    QuantisationScheme,
    Sensitivity,
    as_rows,
    dequantise,
    grid_at,
    nearest,
    quantise,
    round_to,
    rounded,
    scales,
    step_matrix,
    steps_of,
)
from paramgolf.runtime.weights import SCALE_LIMIT, decode_weights, grid

SCHEMES = st.one_of(
    st.builds(QuantisationScheme, rule=st.just("max"), limit=st.sampled_from([1, 7, 31, 127])),
    st.builds(
        QuantisationScheme,
        rule=st.just("rms"),
        limit=st.sampled_from([1, 7, 31]),
        step=st.sampled_from([0.2, 0.6, 1.5]),
    ),
)


def matrix(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(30, 50, generator=generator) * torch.logspace(-6, 4, 30)[:, None]


@settings(max_examples=40)
@given(scheme=SCHEMES, seed=st.integers(0, 1000))
def test_training_sees_the_weights_that_the_artifact_gives_back(scheme, seed):
    weights = matrix(seed)
    blob = encode_weights({"w": quantise(weights, scheme)}).blob
    decoded = torch.from_numpy(decode_weights(blob, {"w": tuple(weights.shape)})["w"])
    assert torch.equal(dequantise(quantise(weights, scheme)), decoded)
    assert torch.equal(rounded(weights, grid_at(steps_of(weights, scheme))), decoded)


@given(
    values=st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False)
        | st.integers(-9000, 9000).map(lambda n: n / 2)
    ),
    limit=st.integers(LIMITS.start, LIMITS.stop - 1),
)
def test_rounding_is_to_the_nearest_and_halves_to_even(values, limit):
    values = torch.tensor(values, dtype=torch.float32)
    grid = Grid(k=torch.zeros(1), c=torch.zeros(len(values)), limit=limit)
    expected = torch.round(values).clamp(-limit, limit)
    assert torch.equal(nearest(values, torch.ones(len(values)), grid), expected)


@settings(max_examples=30)
@given(limit=st.sampled_from([1, 7, 127]), seed=st.integers(0, 1000))
def test_max_rule_clips_nothing(limit, seed):
    weights = matrix(seed)
    quantised = quantise(weights, QuantisationScheme(limit=limit))
    error = (dequantise(quantised) - weights).abs()
    assert (error <= 0.5001 * scales(quantised.k)[:, None]).all()


def test_rms_rule_puts_the_scale_within_half_a_grid_step_of_the_deviation():
    weights = matrix(3)
    steps = scales(quantise(weights, QuantisationScheme(rule="rms", limit=7, step=0.6)).k)
    ratio = steps / (0.6 * weights.square().mean(1).sqrt())
    assert (ratio.log2().abs() <= 1 / 32 + 1e-4).all()


def test_rms_rule_clips_at_the_limit():
    quantised = quantise(matrix(4), QuantisationScheme(rule="rms", limit=2, step=0.5))
    assert quantised.q.min() == -2
    assert quantised.q.max() == 2


def test_loss_rule_makes_every_row_and_column_cost_the_same():
    """Squared step times sensitivity with its prior: equal, but for two grids of quarter octaves."""
    rows, columns = (s / s.mean() for s in (torch.logspace(-2, 2, 30), torch.logspace(-1, 1, 50)))
    sensitivity = Sensitivity(rows=rows, columns=columns)
    grid = grid_at(steps_of(1e-6 * matrix(6), QuantisationScheme(rule="loss", step=0.1), sensitivity))
    cost = step_matrix(grid.k, grid.c).square() * (rows + PRIOR)[:, None] * (columns + PRIOR)
    assert cost.log2().max() - cost.log2().min() <= 1.001


def test_a_row_that_was_never_used_gets_a_step_little_coarser_than_the_average():
    sensitivity = Sensitivity(rows=torch.tensor([0.0, 1.0, 2.0]), columns=torch.ones(4))
    steps = steps_of(torch.randn(3, 4), QuantisationScheme(rule="loss", step=1.0), sensitivity)
    # (0 + prior) against (1 + prior), under a root: half an octave
    assert 0.25 < steps.rows[0] - steps.rows[1] < 1.0


@pytest.mark.parametrize("offset", [-6.0, -3.0, 0.0, 1.7])
@pytest.mark.parametrize("shape", [(2,), (2, 9), (40, 12)])
@pytest.mark.parametrize("limit", [7, 255])
def test_loss_rule_cuts_no_weight_however_fine_its_steps_should_be(shape, limit, offset):
    # As the gain of a head has: 8 numbers that were cut to a third of themselves.
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    rows, columns = as_rows(tensor).shape
    sensitivity = Sensitivity(rows=torch.full((rows,), 1e8), columns=torch.linspace(1e7, 1e9, columns))
    grid = grid_at(
        steps_of(tensor, QuantisationScheme(rule="loss", step=0.25, limit=limit), sensitivity), offset
    )
    for grown in (tensor, 1.6 * tensor):
        error = (dequantise(round_to(grown, grid)) - grown).abs().view(as_rows(tensor).shape)
        assert (error <= grid.steps * 0.5001).all()


def test_loss_rule_without_gradients_takes_one_step_for_all():
    grid = grid_at(steps_of(1e-6 * matrix(6), QuantisationScheme(rule="loss", step=0.25), unit=4.0))
    assert step_matrix(grid.k, grid.c).eq(1.0).all()


def test_an_offset_multiplies_only_the_steps_that_a_rule_leaves_open():
    for rule, factor in (("rms", 2.0), ("loss", 2.0), ("max", 1.0), ("ternary", 1.0), ("binary", 1.0)):
        steps = steps_of(matrix(7), QuantisationScheme(rule=rule))
        plain, doubled = (grid_at(steps, offset) for offset in (0.0, 1.0))
        assert torch.equal(scales(doubled.k), factor * scales(plain.k)), rule


@pytest.mark.parametrize(("rule", "values"), [("ternary", {-1, 0, 1}), ("binary", {-1, 1})])
def test_few_values_times_the_mean_magnitude_of_the_row(rule, values):
    weights = matrix(8)
    quantised = quantise(weights, QuantisationScheme(rule=rule))
    assert set(quantised.q.unique().tolist()) == values
    assert (scales(quantised.k) / weights.abs().mean(1)).log2().abs().max() <= 1 / 32 + 1e-4


@pytest.mark.parametrize("rule", ["max", "rms", "loss", "ternary"])
def test_rows_of_zeros_stay_zeros(rule):
    weights = matrix(5)
    weights[3] = 0
    back = dequantise(quantise(weights, QuantisationScheme(rule=rule)))
    assert not back[3].any()
    assert torch.isfinite(back).all()


def test_scales_are_the_same_in_torch_and_in_the_artifact():
    k = torch.arange(-SCALE_LIMIT, SCALE_LIMIT + 1, dtype=torch.int32)
    assert torch.equal(scales(k), torch.from_numpy(grid(k.numpy())))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rule": "mean"}, "'mean'; allowed are 'max', 'rms', 'loss', 'ternary', 'binary'"),
        ({"limit": 0}, "limit is 0; give"),
        ({"rule": "rms", "step": -1.0}, "step is -1.0; give a positive number"),
        ({"rule": "rms", "step": float("nan")}, "step is nan"),
    ],
)
def test_wrong_scheme_says_what_was_got_and_what_is_allowed(fields, message):
    with pytest.raises(ConfigError, match=message):
        QuantisationScheme(**fields)
