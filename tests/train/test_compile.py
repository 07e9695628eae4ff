"""Compiled training computes what eager training does; where it cannot be had, training says so and goes on."""

import json
from dataclasses import replace

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import Block, LanguageModel
from paramgolf.train.device import Device, compiler_notice, pick_device
from paramgolf.train.job import SUMMARY
from paramgolf.train.optim.init import initialise
from paramgolf.train.trainer import train
from paramgolf.train.training_model import TrainingModel

pytestmark = pytest.mark.slow

CONFIG = ModelConfig(
    vocab_size=257,
    width=16,
    layers=2,
    heads=2,
    kv_heads=1,
    windows=(4,),
    softcap_kind="rational",
    ngrams=((2, 64, 8),),
    token_shift=True,
)


@pytest.fixture
def no_compiler(monkeypatch, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.mark.skipif(bool(compiler_notice(pick_device())), reason="no C++ compiler here")
def test_compiled_loss_and_gradients_are_those_of_eager_training():
    model = LanguageModel(CONFIG)
    initialise(model, 0)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    tokens, targets = torch.randint(0, 257, (2, 2, 16), generator=torch.Generator().manual_seed(2))
    losses, gradients = [], []
    for compiled in (False, True):
        training = TrainingModel(
            model, dtype=torch.float32, compiled=compiled, length=16, device=torch.device("cpu")
        )
        loss = training(tokens, targets)
        losses.append(loss.detach())
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-4, atol=1e-4)
    for (name, _), eager, compiled in zip(model.named_parameters(), *gradients, strict=True):
        torch.testing.assert_close(compiled, eager, rtol=1e-4, atol=1e-4, msg=lambda m, n=name: f"{n}: {m}")


def test_one_compiled_block_serves_all_layers_of_a_shape():
    model = LanguageModel(replace(CONFIG, layers=4, windows=(4, 4, 8, 8)))
    initialise(model, 0)
    training = TrainingModel(
        model, dtype=torch.float32, compiled=False, length=16, device=torch.device("cpu")
    )
    counter = CompileCounter()
    training.run_block = torch.compile(Block.forward, backend=counter, dynamic=False)
    tokens = torch.zeros((2, 16), dtype=torch.long)
    training(tokens, tokens).backward()
    assert counter.frame_count == 2


def test_without_a_compiler_training_says_so_and_runs_eagerly(tiny, no_compiler, capsys):
    job = tiny.job("run", tokens=64 * 3, compile=True)
    train(job)
    said = capsys.readouterr().out
    assert said.startswith("no C++ compiler found: training runs uncompiled")
    assert "apt-get install g++" in said
    summary = json.loads((job.folder / SUMMARY).read_text())
    assert (summary["compiled"], summary["steps"]) == (False, 3)


def test_a_recipe_that_does_not_compile_needs_no_compiler(tiny, no_compiler, capsys):
    train(tiny.job("run", tokens=64))
    assert "compiler" not in capsys.readouterr().out


def test_a_gpu_needs_no_compiler_of_cpp(no_compiler):
    gpu = Device(device=torch.device("cuda"), dtype=torch.bfloat16, description="GPU")
    assert compiler_notice(gpu) is None
