"""Each parameter has its optimizer and learning rate, and a saved state goes on as if never saved."""

import pytest
import torch

from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.device import Device
from paramgolf.train.optim.init import initialise
from paramgolf.train.optim.optimizers import Optimizers
from paramgolf.train.recipe.recipe import OptimizerRecipe

CPU = Device(device=torch.device("cpu"), dtype=torch.float32, description="CPU")
CONFIG = ModelConfig(
    vocab_size=260, width=16, layers=2, heads=2, kv_heads=1, ngrams=((2, 32, 8),), token_shift=True
)
# Rates that tell apart what moved a parameter.
RECIPE = OptimizerRecipe(
    matrix_learning_rate=1e-1,
    embedding_learning_rate=1e-2,
    table_learning_rate=1e-3,
    vector_learning_rate=1e-4,
)


def started() -> tuple[LanguageModel, Optimizers]:
    model = LanguageModel(CONFIG)
    initialise(model, 0)
    return model, Optimizers(model, RECIPE, CPU)


def give_gradients(model: LanguageModel, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def moved_by(scale: float) -> dict[str, float]:
    """How far the first step moves each parameter, root mean square."""
    model, optimizers = started()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    give_gradients(model, 1)
    optimizers.step(0, scale)
    return {n: float((p.detach() - before[n]).square().mean().sqrt()) for n, p in model.named_parameters()}


def test_every_parameter_moves_at_the_rate_of_its_kind():
    for name, distance in moved_by(1.0).items():
        leaf = name.rsplit(".", 1)[-1]
        if leaf in ("embedding", "table"):
            expected = {"embedding": 1e-2, "table": 1e-3}[leaf]
        elif leaf in ("query", "key", "value", "out", "up", "down", "project"):
            # An orthogonal matrix has a root mean square of 1 over the root of its longer side; scaled when tall.
            rows, columns = dict(started()[0].named_parameters())[name].shape
            expected = 1e-1 * max(1.0, rows / columns) ** 0.5 / max(rows, columns) ** 0.5
        else:
            expected = 1e-4
        assert 0.7 * expected < distance < 1.2 * expected, name


def test_scale_applies_to_every_rate():
    whole, half = moved_by(1.0), moved_by(0.5)
    for name in whole:
        assert 0.45 < half[name] / whole[name] < 0.55, name


def test_a_scale_does_not_outlive_its_step():
    model, optimizers = started()
    for step, scale in enumerate((0.1, 1.0)):
        give_gradients(model, step)
        optimizers.step(step, scale)
    assert optimizers.muon.param_groups[0]["lr"] == 1e-1
    assert [group["lr"] for group in optimizers.adam.param_groups] == [1e-2, 1e-3, 1e-4]


def test_momentum_follows_the_step():
    model, optimizers = started()
    give_gradients(model, 0)
    optimizers.step(250, 1.0)
    assert optimizers.muon.param_groups[0]["momentum"] == pytest.approx(0.9)


def test_gradients_are_gone_after_a_step():
    model, optimizers = started()
    give_gradients(model, 0)
    optimizers.step(0, 1.0)
    assert all(p.grad is None for p in model.parameters())


def test_saved_state_goes_on_bit_for_bit():
    model, optimizers = started()
    for step in range(3):
        give_gradients(model, step)
        optimizers.step(step, 1.0)
    again, resumed = started()
    again.load_state_dict(model.state_dict())
    resumed.load_state({name: t.clone() for name, t in optimizers.state().items()})
    for step in range(3, 5):
        for m, o in ((model, optimizers), (again, resumed)):
            give_gradients(m, step)
            o.step(step, 1.0)
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    state, other = optimizers.state(), resumed.state()
    assert state.keys() == other.keys()
    assert all(torch.equal(state[name], other[name]) for name in state)


def test_state_names_every_parameter():
    model, optimizers = started()
    give_gradients(model, 0)
    optimizers.step(0, 1.0)
    named = {key.partition("/")[0] for key in optimizers.state()}
    assert named == {name for name, _ in model.named_parameters()}
    assert {key.partition("/")[2] for key in optimizers.state()} == {
        "momentum",
        "step",
        "exp_avg",
        "exp_avg_sq",
    }
