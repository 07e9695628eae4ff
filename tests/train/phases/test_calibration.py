"""What matrices are applied to, measured through whatever code applies them, behind the last step."""

import json
from dataclasses import replace

import pytest
import torch

from paramgolf.errors import UsageError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.hessians import InputMeter
from paramgolf.quantise.precision import HESSIAN
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.transformer.attention import linear
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.checkpoint import load_part
from paramgolf.train.job import SUMMARY, Job
from paramgolf.train.optim.init import initialise
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.phases.calibration import Calibration, generate
from paramgolf.train.run import Run
from paramgolf.train.trainer import train

pytestmark = pytest.mark.slow

FEEDBACK = QuantisationScheme(rule="rms", limit=7, step=0.6, feedback=True)


def with_feedback(job: Job) -> Job:
    weights = job.recipe.weights | {"matrices": FEEDBACK, "embedding": FEEDBACK}
    return replace(job, recipe=replace(job.recipe, weights=weights))


def hessians(job: Job) -> dict[str, torch.Tensor]:
    state = load_part(job.folder / "checkpoint", "rounding")
    return {key.removeprefix(HESSIAN): value for key, value in state.items() if key.startswith(HESSIAN)}


def test_inputs_of_single_and_of_joined_matrices_are_summed():
    generator = torch.Generator().manual_seed(0)
    a, b, c, other = (torch.randn(3, 5, generator=generator) for _ in range(4))
    x, y = (torch.randn(2, 7, 5, generator=generator) for _ in range(2))
    meter = InputMeter({"a": a, "b": b, "c": c})
    with meter:
        linear(x, torch.cat((a, b)))
        linear(x, c)
        linear(y, c)
        linear(y, other)
        linear(y, torch.cat((other, other)))
    linear(y, a)
    x, y = x.flatten(0, 1), y.flatten(0, 1)
    assert meter.sums.keys() == {"a", "b", "c"}
    torch.testing.assert_close(meter.sums["a"], x.T @ x)
    torch.testing.assert_close(meter.sums["b"], x.T @ x)
    torch.testing.assert_close(meter.sums["c"], x.T @ x + y.T @ y)


def test_a_run_leaves_the_hessians_of_all_that_is_applied_and_trains_as_without(tiny):
    fed = with_feedback(tiny.job("fed", calibration_tokens=128))
    schemes = {group: replace(scheme, feedback=False) for group, scheme in fed.recipe.weights.items()}
    plain = replace(fed, recipe=replace(fed.recipe, weights=schemes), folder=tiny.folder / "plain")
    train(plain), train(fed)
    weights = load_part(fed.folder / "checkpoint", "model")
    assert all(torch.equal(weights[n], t) for n, t in load_part(plain.folder / "checkpoint", "model").items())
    found = hessians(fed)
    inner = ("query", "key", "value", "out", "up", "down")
    assert {name.rpartition(".")[2] for name in found} == {*inner, "embedding"}
    assert len(found) == 2 * len(inner) + 1
    for name, hessian in found.items():
        assert hessian.shape == (weights[name].shape[1],) * 2
        assert torch.allclose(hessian, hessian.T, rtol=1e-4, atol=1e-4)
        assert hessian.diagonal().min() >= 0
    # Features are normalised: each token adds their width.
    assert found["embedding"].trace() == pytest.approx(128 * 16, rel=1e-3)
    assert hessians(plain) == {}


def test_generated_text_is_another_text_than_that_of_training(tiny):
    jobs = [
        with_feedback(tiny.job(how, calibration=how, calibration_tokens=64))
        for how in ("training", "generated")
    ]
    for job in jobs:
        train(job)
    a, b = map(hessians, jobs)
    assert not torch.allclose(a["blocks.0.up"], b["blocks.0.up"], rtol=0.01)


def test_generated_text_begins_a_document_and_follows_from_its_seed():
    model = LanguageModel(ModelConfig(vocab_size=257, width=16, layers=2, heads=2, kv_heads=1, windows=(4,)))
    initialise(model, 0)
    text = generate(model, 3, 12, 5)
    assert text.shape == (3, 12)
    assert (text[:, 0] == END_OF_DOCUMENT).all()
    assert ((text >= 0) & (text < 257)).all()
    assert torch.equal(text, generate(model, 3, 12, 5))
    assert not torch.equal(text, generate(model, 3, 12, 6))


def test_calibrating_ends_with_the_clock_but_not_before_one_batch(tiny):
    run = Run(tiny.job("run", calibration_tokens=640), print)
    calibration = Calibration(run, ["embedding"])
    asked = []

    def twice(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) < 2

    assert calibration.warm_up() > 0
    # Batches of 32 tokens, each of which adds the width.
    for goes_on, done in ((twice, 2), (lambda seconds: False, 1), (lambda seconds: True, 20)):
        trace = calibration.hessians(0, goes_on)["embedding"].trace()
        assert trace == pytest.approx(32 * 16 * done, rel=1e-3)


def test_a_finished_run_is_not_calibrated_again(tiny):
    job = with_feedback(tiny.job("run", calibration_tokens=64))
    train(job)
    seconds = json.loads((job.folder / SUMMARY).read_text())["train_seconds"]
    before = hessians(job)
    (job.folder / SUMMARY).unlink()
    train(job)
    assert json.loads((job.folder / SUMMARY).read_text())["train_seconds"] == seconds
    assert all(torch.equal(hessian, before[name]) for name, hessian in hessians(job).items())


def test_calibrating_that_leaves_no_time_to_train_is_refused(tiny):
    job = with_feedback(tiny.job("run", calibration_tokens=1_000_000))
    with pytest.raises(
        UsageError, match=r"calibrating would take \d+ of 1 s; give fewer training\.calibration_tokens"
    ):
        train(replace(job, budget=Budget(seconds=1.0)))


def test_the_clock_ends_a_run_with_its_calibration_inside(tiny):
    job = with_feedback(tiny.job("run", calibration_tokens=64))
    train(replace(job, budget=Budget(seconds=2.0)))
    assert hessians(job)
