"""Muon: batched over matrices and shared by ranks, it is the plain method applied matrix by matrix."""

import pytest
import torch

from paramgolf.train.muon import Muon, orthogonalise

SHAPES = [(8, 8), (24, 8), (8, 24), (8, 8), (24, 8)]


def reference_step(weight, grad, momentum, *, lr, beta, decay, steps=5):
    """One Muon step on one matrix, as its author defines it; changes weight and momentum."""
    momentum.mul_(beta).add_(grad)
    x = grad + beta * momentum
    transposed = x.size(0) > x.size(1)
    x = x.T if transposed else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = x.T if transposed else x
    weight.mul_(1 - lr * decay).sub_(lr * max(1.0, weight.size(0) / weight.size(1)) ** 0.5 * x)


def matrices(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_batched_steps_are_those_of_each_matrix_alone(decay):
    weights = [w.requires_grad_() for w in matrices(0)]
    expected, momenta = matrices(0), [torch.zeros(shape) for shape in SHAPES]
    optimizer = Muon(weights, lr=0.1, momentum=0.9, weight_decay=decay)
    for step in range(3):
        optimizer.param_groups[0]["momentum"] = beta = 0.8 + 0.05 * step
        for w, e, m, g in zip(weights, expected, momenta, matrices(step + 1), strict=True):
            w.grad = g.clone()
            reference_step(e, g, m, lr=0.1, beta=beta, decay=decay)
        optimizer.step()
    for w, e in zip(weights, expected, strict=True):
        torch.testing.assert_close(w.detach(), e, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 32, 32), (2, 48, 16), (2, 16, 48)])
def test_singular_values_come_near_1(shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(x, 5))
    # The quintic trades exactness for speed: what is not close to zero ends between 0.7 and 1.2.
    large = torch.linalg.svdvals(x) > 0.05 * torch.linalg.svdvals(x).amax(-1, keepdim=True)
    assert values[large].min() > 0.6
    assert values.max() < 1.25


def test_orthogonalising_keeps_singular_vectors():
    x = torch.randn(1, 16, 16, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(x)
    diagonal = u.mT @ orthogonalise(x, 5) @ vh.mT
    torch.testing.assert_close(
        diagonal, torch.diag_embed(diagonal.diagonal(dim1=1, dim2=2)), atol=1e-4, rtol=0
    )


def test_size_of_the_gradient_does_not_matter():
    x = torch.randn(2, 8, 12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(orthogonalise(1e4 * x, 5), orthogonalise(x, 5), rtol=1e-3, atol=1e-4)


def test_a_zero_gradient_moves_nothing_and_gives_no_nan():
    weight = torch.ones(8, 8, requires_grad=True)
    weight.grad = torch.zeros(8, 8)
    Muon([weight], lr=0.1).step()
    assert torch.equal(weight.detach(), torch.ones(8, 8))


def test_matrices_without_a_gradient_stay():
    still, moved = (torch.ones(8, 8, requires_grad=True) for _ in range(2))
    moved.grad = torch.randn(8, 8)
    Muon([still, moved], lr=0.1).step()
    assert torch.equal(still.detach(), torch.ones(8, 8))
    assert not torch.equal(moved.detach(), torch.ones(8, 8))


def test_bfloat16_products_stay_close_to_float32():
    x = torch.randn(4, 32, 32, generator=torch.Generator().manual_seed(0))
    rough = orthogonalise(x.bfloat16(), 5).float()
    assert (rough - orthogonalise(x, 5)).norm() < 0.1 * rough.norm()
