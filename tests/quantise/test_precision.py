"""Steps follow the loss, are decided once, and fill a budget; a checkpoint brings them back."""

import itertools

import pytest
import torch

from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.byte_allocation import FINEST, coded_bytes, offset_for
from paramgolf.quantise.grids import QuantisationScheme, dequantise, round_to
from paramgolf.quantise.precision import Precision
from paramgolf.quantise.sensitivity import EVERY, SensitivityMeter

LOSS = QuantisationScheme(rule="loss", limit=255, step=0.25)
SCHEMES = {"matrices": LOSS, "control": LOSS}
GROUPS = {"up": "matrices", "down": "matrices", "gain": "control"}


class Pair(torch.nn.Module):
    """Two layers, of which the second minds errors a hundred times as much; so do some of its rows."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.up = torch.nn.Parameter(torch.randn(64, 96, generator=generator))
        self.down = torch.nn.Parameter(torch.randn(96, 64, generator=generator))
        self.gain = torch.nn.Parameter(torch.randn(64, generator=generator))
        self.minds = torch.logspace(0, 1, 96)[:, None]

    def differentiate(self, step: int) -> None:
        """Random gradients as of one step."""
        generator = torch.Generator().manual_seed(step)
        self.up.grad = torch.randn(64, 96, generator=generator)
        self.down.grad = 10 * self.minds * torch.randn(96, 64, generator=generator)
        self.gain.grad = torch.randn(64, generator=generator)


@pytest.fixture
def measured() -> tuple[Pair, Precision]:
    model, precision = Pair(), Precision(SCHEMES, GROUPS)
    for step in range(50 * EVERY):
        model.differentiate(step)
        precision.observe(model, step)
    return model, precision


def parameters(model: Pair) -> dict[str, torch.Tensor]:
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def test_rows_that_the_loss_minds_more_get_finer_steps(measured):
    model, precision = measured
    precision.decide(parameters(model), None)
    down, up = precision.steps["down"], precision.steps["up"]
    assert down.rows[0] - down.rows[-1] > 0.5
    assert up.rows.mean() - down.rows.mean() > 4.0


def test_equal_bytes_lose_less_by_sensitivity_than_by_size(measured):
    model, precision = measured
    rms = Precision(dict.fromkeys(SCHEMES, QuantisationScheme(rule="rms", limit=255, step=0.25)), GROUPS)
    costs = []
    for candidate in (precision, rms):
        candidate.decide(parameters(model), 5_000)
        error = {
            name: dequantise(round_to(parameters(model)[name], grid)) - parameters(model)[name]
            for name, grid in candidate.grids(parameters(model)).items()
        }
        minds = {"up": torch.ones(64, 1), "down": 100 * model.minds.square(), "gain": torch.ones(64)}
        costs.append(sum(float((minds[name] * e.square()).sum()) for name, e in error.items()))
    assert costs[0] < 0.7 * costs[1]


@pytest.mark.parametrize("budget", [3_000, 6_000])
def test_the_offset_meets_the_budget_by_its_own_estimate_and_nearly_by_the_coder(measured, budget):
    model, precision = measured
    precision.decide(parameters(model), budget)
    tensors, grids = parameters(model), precision.grids(parameters(model))
    assert 0.99 * budget <= coded_bytes(tensors, precision.steps, precision.offset) <= budget
    blob = encode_weights({name: round_to(tensor, grids[name]) for name, tensor in tensors.items()}).blob
    assert len(blob) == pytest.approx(budget, rel=0.03)


def test_a_budget_that_nothing_meets_leaves_steps_as_they_are(measured):
    model, precision = measured
    precision.decide(parameters(model), None)
    assert offset_for(parameters(model), precision.steps, 1.0) == 0.0


def test_steps_once_decided_stay(measured):
    model, precision = measured
    precision.decide(parameters(model), 5_000)
    before = precision.grids(parameters(model))
    model.differentiate(99)
    precision.observe(model, 0)
    changed = {name: 2 * tensor for name, tensor in parameters(model).items()}
    after = precision.grids(changed)
    assert all(torch.equal(before[name].k, after[name].k) for name in before)


def test_a_checkpoint_brings_back_sensitivities_steps_and_offset(measured):
    model, precision = measured
    again = Precision(SCHEMES, GROUPS)
    again.load(precision.state(), parameters(model))
    assert not again.steps
    precision.decide(parameters(model), 5_000)
    again.decide(parameters(model), 5_000)
    last = Precision(SCHEMES, GROUPS)
    last.load(again.state(), parameters(model))
    for name, grid in precision.grids(parameters(model)).items():
        assert torch.equal(grid.k, last.grids(parameters(model))[name].k)
        assert torch.equal(grid.c, last.grids(parameters(model))[name].c)


def test_sensitivities_are_relative_to_the_mean_weight(measured):
    model, precision = measured
    found = precision.meter.sensitivities()
    total = sum(float(s.rows.mean()) * parameters(model)[name].numel() for name, s in found.items())
    assert total == pytest.approx(sum(tensor.numel() for tensor in parameters(model).values()), rel=1e-4)


def test_without_gradients_nothing_is_known():
    assert SensitivityMeter().sensitivities() == {}


def test_recipes_without_the_loss_rule_measure_nothing():
    model, precision = Pair(), Precision({"matrices": QuantisationScheme()}, GROUPS)
    model.differentiate(0)
    precision.observe(model, 0)
    assert precision.state().keys() == {"offset"}


def test_one_step_in_a_few_is_looked_at():
    model, precision = Pair(), Precision(SCHEMES, GROUPS)
    seen = []
    for step in range(2 * EVERY + 1):
        model.differentiate(step)
        precision.observe(model, step)
        seen.append({name: tensor.clone() for name, tensor in precision.meter.state().items()})
    changes = [any((a[n] != b[n]).any() for n in b) for a, b in itertools.pairwise(seen)]
    assert changes == ([False] * (EVERY - 1) + [True]) * 2


def grown(model: Pair, factor: float) -> dict[str, torch.Tensor]:
    return {name: factor * tensor for name, tensor in parameters(model).items()}


def test_the_offset_follows_weights_that_grow(measured):
    model, precision = measured
    precision.decide(parameters(model), 5_000)
    decided = precision.offset
    for i in range(1, 11):
        precision.follow(grown(model, 1 + i / 10), 5_000, spent=i / 10)
    # Twice as large weights need steps twice as wide.
    assert precision.offset == pytest.approx(decided + 1.0, abs=0.15)
    doubled = grown(model, 2.0)
    assert coded_bytes(doubled, precision.steps, precision.offset) == pytest.approx(5_000, rel=0.03)


def test_the_offset_moves_only_once_in_a_while_and_a_checkpoint_knows_when(measured):
    model, precision = measured
    precision.decide(parameters(model), 5_000)
    precision.follow(grown(model, 1.1), 5_000, spent=0.5)
    moved = precision.offset
    again = Precision(SCHEMES, GROUPS)
    again.load(precision.state(), parameters(model))
    for candidate in (precision, again):
        candidate.follow(grown(model, 1.5), 5_000, spent=0.51)
        assert candidate.offset == moved
        candidate.follow(grown(model, 1.5), 5_000, spent=0.53)
        assert candidate.offset > moved


def test_an_offset_that_no_steps_can_serve_stays(measured):
    model, precision = measured
    precision.decide(parameters(model), None)
    precision.follow(parameters(model), 1.0, spent=0.5)
    assert precision.offset == 0.0


def test_the_offset_stops_where_finer_steps_use_no_more_of_the_budget(measured):
    model, precision = measured
    precision.decide(parameters(model), 1e9)
    assert precision.offset == pytest.approx(FINEST, abs=1e-3)
    for i in range(1, 11):
        precision.follow(parameters(model), 1e9, spent=i / 10)
    assert precision.offset >= FINEST
