"""The chunked loss is plain cross-entropy of capped logits, gradients included."""

import math

import pytest
import torch
import torch.nn.functional as F

from paramgolf.runtime.transformer.model import softcap
from paramgolf.train.loss import chunked_cross_entropy as loss_module
from paramgolf.train.loss.chunked_cross_entropy import Gradients, LinearCrossEntropy

IN_FLOATS, IN_INTEGERS = Gradients(compiled=False), Gradients(compiled=False, int8=True)


def inputs(rows: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows)
    x = torch.randn(rows, 16, generator=generator).to(dtype).requires_grad_()
    # Logits from far below to far above a cap of 5.
    weight = (torch.randn(40, 16, generator=generator) * 2).requires_grad_()
    return x, weight, torch.randint(0, 40, (rows,), generator=generator)


@pytest.mark.parametrize("kind", ["tanh", "rational", "polynomial"])
@pytest.mark.parametrize("rows", [1, 8, 19])
def test_loss_and_gradients_are_those_of_cross_entropy(monkeypatch, kind, rows):
    monkeypatch.setitem(loss_module.CHUNK_ROWS, "cpu", 8)
    x, weight, targets = inputs(rows)
    ours = LinearCrossEntropy.apply(x, weight, targets, 5.0, kind, IN_FLOATS)
    expected = F.cross_entropy(softcap(x @ weight.t(), 5.0, kind), targets)
    torch.testing.assert_close(ours, expected)
    # An upstream factor other than 1, as gradient accumulation has it.
    for mine, theirs in zip(
        torch.autograd.grad(ours * 0.25, (x, weight)),
        torch.autograd.grad(expected * 0.25, (x, weight)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_bfloat16_features_give_a_float32_loss_and_gradients_in_their_own_precision():
    x, weight, targets = inputs(12, torch.bfloat16)
    ours = LinearCrossEntropy.apply(x, weight, targets, 5.0, "tanh", IN_FLOATS)
    expected = F.cross_entropy(softcap(x.float() @ weight.t(), 5.0, "tanh"), targets)
    assert ours.dtype == torch.float32
    assert ours.item() == pytest.approx(expected.item(), rel=0.02)
    dx, dweight = torch.autograd.grad(ours, (x, weight))
    assert (dx.dtype, dweight.dtype) == (torch.bfloat16, torch.float32)


@pytest.mark.parametrize("kind", ["tanh", "rational", "polynomial"])
def test_logits_far_over_the_cap_overflow_nothing(kind):
    x, weight, targets = inputs(4)
    ours = LinearCrossEntropy.apply(x * 1e6, weight, targets, 30.0, kind, IN_FLOATS)
    assert torch.isfinite(ours)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(ours, (x, weight)))


def test_an_untrained_guess_costs_the_logarithm_of_the_vocabulary():
    x, _, targets = inputs(6)
    loss = LinearCrossEntropy.apply(x, torch.zeros(40, 16), targets, 30.0, "tanh", IN_FLOATS).detach()
    assert loss.item() == pytest.approx(math.log(40))


@pytest.mark.parametrize("kind", ["tanh", "rational", "polynomial"])
@pytest.mark.parametrize("rows", [24, 300])
def test_products_of_integers_give_nearly_the_same_loss_and_gradients(monkeypatch, kind, rows):
    monkeypatch.setitem(loss_module.CHUNK_ROWS, "cpu", 100)
    x, weight, targets = inputs(rows)
    results = []
    for gradients in (IN_FLOATS, IN_INTEGERS):
        loss = LinearCrossEntropy.apply(x, weight, targets, 5.0, kind, gradients)
        results.append((loss.detach(), *torch.autograd.grad(loss * 0.25, (x, weight))))
    floats, integers = results
    assert integers[0] == pytest.approx(floats[0].item(), rel=0.01)
    for mine, theirs in zip(integers[1:], floats[1:], strict=True):
        assert (mine - theirs).norm() < 0.05 * theirs.norm()


def test_small_probabilities_push_as_much_in_integers_as_in_floats():
    # One sure token and 2,000 of which each has less than half a step: rounded to the nearest they would be zero.
    generator = torch.Generator().manual_seed(0)
    x = torch.ones(512, 16)
    weight = torch.randn(2008, 16, generator=generator) * 0.01
    weight[0] += 0.5
    targets = torch.zeros(512, dtype=torch.long)
    _, dx, dweight = IN_FLOATS(x, weight, targets, 30.0, "tanh")
    _, dx_integers, dweight_integers = IN_INTEGERS(x, weight, targets, 30.0, "tanh")
    assert (torch.softmax(x @ weight.t(), -1)[0, 1:] < 0.5 / 127).all()
    torch.testing.assert_close(dweight_integers[1:].sum(0), dweight[1:].sum(0), rtol=0.02, atol=0)
    torch.testing.assert_close(dweight_integers[1:], dweight[1:], rtol=0.25, atol=0)
    torch.testing.assert_close(dx_integers.mean(0), dx.mean(0), rtol=0.05, atol=1e-6)


def test_integers_of_logits_far_over_the_cap_overflow_nothing():
    x, weight, targets = inputs(4)
    ours = LinearCrossEntropy.apply(x * 1e6, weight, targets, 30.0, "rational", IN_INTEGERS)
    assert torch.isfinite(ours)
    assert all(torch.isfinite(g).all() for g in torch.autograd.grad(ours, (x, weight)))
