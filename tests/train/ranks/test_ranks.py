"""Two processes train as one: the same losses, the same weights, under torchrun and started by us."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from paramgolf.errors import UsageError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.precision import HESSIAN
from paramgolf.train.checkpoint import load_part
from paramgolf.train.device import Device
from paramgolf.train.job import Job, plan_processes
from paramgolf.train.optim.muon import Muon
from paramgolf.train.ranks.ranks import rank, run_ranks
from paramgolf.train.recipe.files import load_recipe
from paramgolf.train.trainer import train

pytestmark = pytest.mark.slow

STEPS, BEFORE_ROUNDING = 20, 12
SHAPES = [(8, 8), (24, 8), (8, 24), (8, 8), (24, 8), (8, 8)]
CPU = Device(device=torch.device("cpu"), dtype=torch.float32, description="CPU")


@pytest.fixture
def tiny(tiny):
    """With steps a sixteenth as wide: the last bit of a weight decides to which of two points it goes."""
    text = tiny.recipe.read_text()
    tiny.recipe.write_text(text.replace("limit = 7", "limit = 112").replace("step = 0.6", "step = 0.0375"))
    assert load_recipe(str(tiny.recipe)).weights["matrices"].limit == 112
    return tiny


@pytest.fixture
def alone(tiny, curve) -> list[tuple[int, int, float, float]]:
    """The curve of one process."""
    job = tiny.job("alone", tokens=64 * STEPS)
    train(job)
    return curve(job.folder)


def assert_same_run(folder, curve, alone) -> None:
    together = curve(folder)
    assert [line[:2] for line in together] == [line[:2] for line in alone]
    losses = [[line[2] for line in lines] for lines in (together, alone)]
    assert losses[0][:BEFORE_ROUNDING] == pytest.approx(losses[1][:BEFORE_ROUNDING], abs=2e-5)
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert [line[3] for line in together] == pytest.approx([line[3] for line in alone])
    for name, tensor in load_part(folder / "checkpoint", "model").items():
        torch.testing.assert_close(
            tensor, load_part(folder.parent / "alone" / "checkpoint", "model")[name], atol=0.01, rtol=0
        )


def muon_steps(path: Path) -> None:
    """Weights after three steps of Muon on fixed gradients, written to `path` by the first rank."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]
    optimizer = Muon(weights, lr=0.1)
    for _ in range(3):
        for w in weights:
            w.grad = torch.randn(w.shape, generator=generator)
        optimizer.step()
    if rank() == 0:
        save_file({str(i): w.detach() for i, w in enumerate(weights)}, path)


def muon_and_train(path: Path, job: Job) -> None:
    muon_steps(path)
    train(job)


def test_torchrun_with_two_processes_has_the_losses_of_one(tiny, curve, alone):
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    process = tiny.start("together", steps=STEPS, launcher=launcher)
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert said.count("trained: 20 steps") == 1  # one rank speaks
    assert_same_run(tiny.folder / "together", curve, alone)


def test_two_processes_of_ours_have_the_losses_and_the_muon_of_one(tiny, curve, alone):
    job = tiny.job("together", tokens=64 * STEPS)
    run_ranks(muon_and_train, (tiny.folder / "shared", job), 2)
    assert_same_run(job.folder, curve, alone)
    run_ranks(muon_steps, (tiny.folder / "single",), 1)
    shared, single = (load_file(tiny.folder / name) for name in ("shared", "single"))
    for name in single:
        torch.testing.assert_close(shared[name], single[name], rtol=1e-5, atol=1e-6)


def test_two_processes_measure_the_inputs_of_matrices_on_the_text_of_both(tiny):
    def measured(name: str, processes: int) -> dict[str, torch.Tensor]:
        job = tiny.job(name, tokens=64, calibration_tokens=128)
        weights = job.recipe.weights | {"matrices": QuantisationScheme(rule="rms", limit=7, feedback=True)}
        run_ranks(train, (replace(job, recipe=replace(job.recipe, weights=weights)),), processes)
        state = load_part(job.folder / "checkpoint", "rounding")
        return {key: value for key, value in state.items() if key.startswith(HESSIAN)}

    alone, together = measured("alone", 1), measured("together", 2)
    assert alone.keys() == together.keys() != set()
    for name, hessian in alone.items():
        torch.testing.assert_close(together[name], hessian, rtol=0.01, atol=0.01 * float(hessian.max()))


@pytest.mark.parametrize(("wanted", "rows", "processes"), [(1, 4, 1), (2, 4, 2), (4, 8, 4)])
def test_a_recipe_may_fix_the_number_of_processes(tiny, wanted, rows, processes):
    recipe = tiny.job("x", cpu_processes=wanted, batch_tokens=16 * rows).recipe
    assert plan_processes(recipe, CPU) == processes


def test_a_number_of_processes_that_no_batch_can_be_shared_by_is_refused(tiny):
    recipe = tiny.job("x", cpu_processes=3).recipe
    with pytest.raises(UsageError, match="cpu_processes is 3, which does not divide 4 sequences a batch"):
        plan_processes(recipe, CPU)


def test_a_gpu_gets_one_process_whatever_the_cores(tiny):
    gpu = replace(CPU, device=torch.device("cuda"))
    assert plan_processes(tiny.job("x").recipe, gpu) == 1


def test_processes_follow_the_cores_where_they_divide_the_batch(tiny, monkeypatch):
    monkeypatch.setattr("paramgolf.train.job.usable_cores", lambda: 3)
    assert plan_processes(tiny.job("x").recipe, CPU) == 2
