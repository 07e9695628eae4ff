"""Patches of low rank: they lessen the error of the worst tensors, at about the bytes foreseen."""

import pytest
import torch
from torch import Tensor

from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.grids import QuantisationScheme, dequantise, quantise
from paramgolf.quantise.low_rank_repair import Patch, expected_bytes, patch_of, patches_for

REPAIR = QuantisationScheme(rule="rms", limit=7, step=0.6, repair_rank=2, repair_tensors=2)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def product(patch: Patch) -> Tensor:
    return dequantise(patch.left).T @ dequantise(patch.right)


def test_an_error_of_low_rank_nearly_goes():
    error = random(40, 3) @ random(3, 60, seed=1)
    left = error - product(patch_of(error, 3))
    assert left.square().sum() < 0.1 * error.square().sum()


@pytest.mark.parametrize("rank", [1, 4, 100])
def test_no_patch_makes_any_error_larger(rank):
    error = random(30, 20)
    assert (error - product(patch_of(error, rank))).square().sum() < error.square().sum()


def test_where_inputs_are_known_the_outputs_are_repaired():
    error, inputs = random(30, 40), random(500, 40, seed=1) * torch.logspace(0, -2, 40)
    hessian = inputs.T @ inputs
    blind, seeing = (product(patch_of(error, 3, h)) for h in (None, hessian))
    blind_loss, seeing_loss = ((inputs @ (error - patch).T).square().sum() for patch in (blind, seeing))
    assert seeing_loss < 0.7 * blind_loss


def test_inputs_that_were_all_zeros_say_nothing():
    error = random(6, 5)
    silent = patch_of(error, 2, torch.zeros(5, 5))
    assert torch.equal(product(silent), product(patch_of(error, 2)))


def test_the_tensors_with_the_largest_errors_are_repaired_in_their_order():
    sizes = {"a": 9, "b": 1, "c": 5, "d": 2}
    tensors = {name: size * random(16, 12, seed=size) for name, size in sizes.items()}
    rounded = {name: quantise(tensor, REPAIR) for name, tensor in tensors.items()}
    patches = patches_for(tensors, rounded, [(REPAIR, list("dcba"))], {})
    assert list(patches) == ["a", "c"]
    assert {tuple(p.left.q.shape) for p in patches.values()} == {(2, 16)}
    assert {tuple(p.right.q.shape) for p in patches.values()} == {(2, 12)}


def test_patches_take_about_the_bytes_that_were_foreseen():
    scheme = QuantisationScheme(repair_rank=8, repair_tensors=1)
    error = random(200, 300)
    patch = patch_of(error, 8)
    coded = len(encode_weights({"left": patch.left, "right": patch.right}).blob)
    assert coded == pytest.approx(expected_bytes({"a": error}, [(scheme, ["a"])]), rel=0.1)
    assert expected_bytes({"a": error}, []) == 0
