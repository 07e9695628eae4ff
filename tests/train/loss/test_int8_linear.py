"""Products of 8-bit integers: near those of float32, where the matrix is large enough, and only inside."""

import json

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.device import Device, products_notice
from paramgolf.train.job import SUMMARY
from paramgolf.train.loss.int8_linear import Int8Linear, quantise, with_int8_products
from paramgolf.train.optim.init import initialise
from paramgolf.train.trainer import train
from paramgolf.train.training_model import TrainingModel


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def far_from(mine: Tensor, theirs: Tensor) -> float:
    return float((mine - theirs).norm() / theirs.norm())


def test_the_largest_of_each_row_or_column_becomes_127(generator):
    x = torch.randn(5, 40, generator=generator) * torch.tensor([1e-3, 1, 7, 1e4, 0])[:, None]
    rows, scales = quantise(x, 1)
    assert rows.dtype == torch.int8
    assert rows.abs().amax(1).tolist() == [127, 127, 127, 127, 0]
    assert ((rows * scales - x).abs() <= scales / 2 * 1.001).all()
    columns, _ = quantise(x, 0)
    assert set(columns.abs().amax(0).tolist()) == {127}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_linear_layer_and_its_gradients_are_near_those_of_floats(generator, dtype):
    # Rows of very different size, as gradients of easy and hard tokens are.
    x = (torch.randn(200, 48, generator=generator) * torch.rand(200, 1, generator=generator)).to(dtype)
    weight = torch.randn(64, 48, generator=generator)
    dy = (torch.randn(200, 64, generator=generator) * torch.rand(200, 1, generator=generator) ** 4).to(dtype)
    y = Int8Linear.apply(x.requires_grad_(), weight.requires_grad_())
    dx, dweight = torch.autograd.grad(y, (x, weight), dy)
    y, weight = y.detach(), weight.detach()
    assert (y.dtype, dx.dtype, dweight.dtype) == (dtype, dtype, torch.float32)
    x, dy = x.detach().float(), dy.float()
    assert far_from(y.float(), x @ weight.t()) < 0.015
    assert far_from(dx.float(), dy @ weight) < 0.015
    assert far_from(dweight, dy.t() @ x) < 0.02


def test_only_large_matrices_inside_are_multiplied_so(generator):
    x = torch.randn(2, 20, 32, generator=generator)
    large, small, odd = (torch.randn(rows, 32, generator=generator) for rows in (32, 16, 33))
    inside = with_int8_products(F.linear)
    assert inside(x, large).shape == (2, 20, 32)
    assert not torch.equal(inside(x, large), F.linear(x, large))
    assert all(torch.equal(inside(x, weight), F.linear(x, weight)) for weight in (small, odd))
    assert torch.equal(F.linear(x, large), x @ large.t())


@pytest.mark.parametrize("options", [{}, {"activation": "swiglu"}, {"mlp_matrices": "low_rank", "rank": 32}])
def test_a_model_learns_the_same_from_integers(options):
    config = ModelConfig(vocab_size=264, width=32, layers=2, heads=2, kv_heads=1, windows=(8,), **options)
    model = LanguageModel(config)
    initialise(model, 0)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    tokens, targets = torch.randint(0, 264, (2, 4, 16), generator=torch.Generator().manual_seed(2))
    results = []
    for int8 in (False, True):
        training = TrainingModel(
            model,
            dtype=torch.float32,
            compiled=False,
            length=16,
            device=torch.device("cpu"),
            int8=int8,
        )
        loss = training(tokens, targets)
        results.append((loss.detach(), torch.autograd.grad(loss, list(model.parameters()))))
    (loss, gradients), (loss_of_integers, gradients_of_integers) = results
    assert loss_of_integers == pytest.approx(loss.item(), rel=0.005)
    flat, flat_of_integers = (
        torch.cat([g.flatten() for g in gs]) for gs in (gradients, gradients_of_integers)
    )
    assert far_from(flat_of_integers, flat) < 0.05


def cpu_with(monkeypatch, *instructions: str) -> None:
    for name in ("vnni", "avx512_bf16", "amx_tile"):
        monkeypatch.setattr(f"torch.cpu._is_{name}_supported", lambda name=name: name in instructions)


@pytest.mark.parametrize(
    ("products", "instructions", "dtype", "said"),
    [
        (
            "int8",
            [],
            "float32",
            "no instructions for products of 8-bit integers; they stay in floating point",
        ),
        ("int8", ["vnni"], "int8 and float32", None),
        ("int8", ["vnni", "avx512_bf16"], "bfloat16", "multiplies bfloat16, which is faster here"),
        ("int8", ["vnni", "amx_tile"], "bfloat16", "multiplies bfloat16, which is faster here"),
        ("float", ["vnni"], "float32", None),
        ("float", ["vnni", "avx512_bf16"], "bfloat16", None),
        ("float32", ["vnni", "avx512_bf16"], "float32", None),
    ],
)
def test_a_cpu_multiplies_what_it_is_fastest_at_and_says_so(
    tiny, monkeypatch, capsys, products, instructions, dtype, said
):
    cpu_with(monkeypatch, *instructions)
    job = tiny.job("run", tokens=64, products=products)
    train(job)
    output = capsys.readouterr().out
    assert said in output if said else "8-bit integers" not in output
    assert json.loads((job.folder / SUMMARY).read_text())["dtype"] == dtype


def test_a_gpu_multiplies_integers():
    gpu = Device(device=torch.device("cuda"), dtype=torch.bfloat16, description="GPU")
    assert products_notice(gpu) is None
