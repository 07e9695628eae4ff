"""Budgets end a run in time, and the learning rate falls to zero with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.train.optim.schedule import (
    Budget,
    Sizes,
    all_sizes,
    learning_rate_scale,
    momentum_at,
    sizes_at,
    weight_decay_at,
)
from paramgolf.train.recipe.recipe import OptimizerRecipe, TrainingRecipe


def test_spent_is_the_larger_share_of_clock_and_tokens():
    budget = Budget(seconds=100.0, tokens=1000)
    assert budget.spent(50.0, 100) == 0.5
    assert budget.spent(10.0, 700) == 0.7
    assert Budget(tokens=1000).spent(1e9, 100) == 0.1
    assert Budget(seconds=100.0).spent(25.0, 10**12) == 0.25


def test_a_step_that_would_end_behind_the_clock_is_not_begun():
    budget = Budget(seconds=100.0)
    assert budget.allows(97.9, 0, 2.0, 64)
    assert not budget.allows(98.1, 0, 2.0, 64)


@given(tokens=st.integers(1, 10_000), step_tokens=st.integers(1, 500))
def test_tokens_of_a_run_are_those_of_the_budget_to_half_a_step(tokens, step_tokens):
    budget, done = Budget(tokens=tokens), 0
    while budget.allows(0.0, done, 0.0, step_tokens):
        done += step_tokens
    assert abs(done - tokens) <= step_tokens / 2 + 1 or done == step_tokens


@pytest.mark.parametrize(
    ("spent", "scale"), [(0.0, 1.0), (0.4, 1.0), (0.5, 1.0), (0.75, 0.5), (0.9, 0.2), (1.0, 0.0), (1.1, 0.0)]
)
def test_rate_is_full_then_falls_linearly_over_the_fraction(spent, scale):
    recipe = TrainingRecipe(warmdown_fraction=0.5)
    assert learning_rate_scale(recipe, spent, 0.001) == pytest.approx(scale)


def test_warmdown_steps_count_as_the_share_that_they_take():
    recipe = TrainingRecipe(warmdown_steps=1200)
    # Steps of 1/10,000 of the budget: the last 12 % of it.
    assert learning_rate_scale(recipe, 0.87, 1e-4) == 1.0
    assert learning_rate_scale(recipe, 0.94, 1e-4) == pytest.approx(0.5)


def test_a_warmdown_longer_than_the_run_falls_from_the_start():
    recipe = TrainingRecipe(warmdown_steps=1200)
    assert learning_rate_scale(recipe, 0.0, 0.01) == 1.0
    assert learning_rate_scale(recipe, 0.25, 0.01) == pytest.approx(0.75)


@pytest.mark.parametrize("recipe", [TrainingRecipe(warmdown_fraction=0.0), TrainingRecipe(warmdown_steps=0)])
def test_without_warmdown_the_rate_stays(recipe):
    assert learning_rate_scale(recipe, 0.999, 0.01) == 1.0


@given(
    spent=st.floats(0, 2),
    later=st.floats(0, 1),
    fraction=st.floats(0.01, 1),
    shape=st.sampled_from(["linear", "cosine", "sqrt"]),
    floor=st.floats(0, 1),
)
def test_rate_never_rises_and_ends_at_its_floor(spent, later, fraction, shape, floor):
    recipe = TrainingRecipe(warmdown_fraction=fraction, warmdown_shape=shape, learning_rate_floor=floor)
    scales = [learning_rate_scale(recipe, s, 0.01) for s in (spent, spent + later)]
    assert 1.0 + 1e-9 >= scales[0] >= scales[1] - 1e-9 >= floor - 2e-9
    assert learning_rate_scale(recipe, 1.0, 0.01) == pytest.approx(floor)


@pytest.mark.parametrize(("shape", "half"), [("linear", 0.5), ("cosine", 0.5), ("sqrt", 1 - 0.5**0.5)])
def test_shapes_differ_on_their_way(shape, half):
    recipe = TrainingRecipe(warmdown_fraction=0.4, warmdown_shape=shape)
    assert learning_rate_scale(recipe, 0.6, 0.01) == pytest.approx(1.0)
    assert learning_rate_scale(recipe, 0.8, 0.01) == pytest.approx(half)


def test_sizes_are_the_ramps_and_then_the_recipes():
    recipe = TrainingRecipe(
        sequence_length=64, batch_tokens=256, micro_batch_tokens=64, ramp=((0.1, 16, 64), (0.5, 32, 128))
    )
    expected = [(16, 64), (16, 64), (32, 128), (32, 128), (64, 256), (64, 256)]
    shares = (0.0, 0.09, 0.1, 0.49, 0.5, 1.0)
    assert [(s.length, s.batch_tokens) for s in (sizes_at(recipe, share) for share in shares)] == expected
    assert all_sizes(recipe) == [Sizes(length=n, batch_tokens=4 * n) for n in (16, 32, 64)]


@pytest.mark.parametrize(("spent", "decay"), [(0.0, 0.2), (0.7, 0.2), (0.85, 0.15), (1.0, 0.1), (1.1, 0.1)])
def test_weight_decay_tapers(spent, decay):
    recipe = OptimizerRecipe(weight_decay=0.2, weight_decay_taper_from=0.7)
    assert weight_decay_at(recipe, spent) == pytest.approx(decay)
    assert weight_decay_at(OptimizerRecipe(weight_decay=0.2), spent) == 0.2


@pytest.mark.parametrize(("step", "momentum"), [(0, 0.85), (250, 0.9), (500, 0.95), (9000, 0.95)])
def test_momentum_rises_over_500_steps(step, momentum):
    assert momentum_at(OptimizerRecipe(), step) == pytest.approx(momentum)


def test_momentum_without_warm_up_is_constant():
    assert momentum_at(OptimizerRecipe(momentum_warmup_steps=0, momentum=0.9), 0) == 0.9
