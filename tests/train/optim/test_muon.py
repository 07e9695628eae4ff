"""Muon: batched over matrices and shared by ranks, it is the plain method applied matrix by matrix."""

import pytest
import torch

from paramgolf.train.optim.muon import Muon, orthogonalise

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


@pytest.mark.parametrize("smallest", [0.5, 0.05, 0.002])
def test_polar_express_brings_small_singular_values_to_1_too(smallest):
    generator = torch.Generator().manual_seed(0)
    u, v = (torch.linalg.qr(torch.randn(24, 24, generator=generator))[0] for _ in range(2))
    # Relative to the Frobenius norm, which is what the first step divides by.
    values = torch.logspace(0, torch.tensor(smallest).log10(), 24)
    values = values / values.norm() * 0.99
    values[-1] = smallest
    x = (u * values) @ v.T
    ends = [torch.linalg.svdvals(orthogonalise(x[None], 6, kind)) for kind in ("quintic", "polar_express")]
    assert (ends[1] - 1).abs().max() < 0.35
    assert (ends[1] - 1).abs().max() < (ends[0] - 1).abs().max()


def test_eight_polar_express_steps_are_the_polar_factor():
    x = torch.randn(3, 16, 40, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    torch.testing.assert_close(orthogonalise(x, 8, "polar_express"), u @ vh, rtol=0, atol=2e-3)


def test_rows_of_any_length_count_the_same_once_equalised():
    gradient = torch.randn(8, 12, generator=torch.Generator().manual_seed(0))
    ends = []
    for lengths in (torch.ones(8, 1), torch.logspace(-2, 2, 8)[:, None]):
        weight = torch.zeros(8, 12, requires_grad=True)
        weight.grad = gradient * lengths
        Muon([weight], lr=0.1, equalise_rows=True).step()
        ends.append(weight.detach())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-3, atol=1e-5)


def test_updates_by_neuron_have_rows_of_one_size_at_the_norm_they_had():
    plain, divided = (torch.zeros(24, 8, requires_grad=True) for _ in range(2))
    optimizers = Muon([plain], lr=0.1), Muon([divided], lr=0.1, neuron_decay=0.0)
    generator = torch.Generator().manual_seed(0)
    plain.grad = torch.randn(24, 8, generator=generator) * torch.logspace(-1, 1, 24)[:, None]
    divided.grad = plain.grad.clone()
    for optimizer in optimizers:
        optimizer.step()
    rows = divided.detach().norm(dim=1)
    torch.testing.assert_close(rows, rows[:1].expand(24), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(divided.detach().norm(), plain.detach().norm(), rtol=1e-4, atol=1e-6)
    assert plain.detach().norm(dim=1).std() > 0.01


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
