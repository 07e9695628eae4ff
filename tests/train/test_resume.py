"""A run that was stopped, or killed, ends as if it had not been: bit for bit."""

import json
import random
import signal
import time
from dataclasses import replace

import pytest
import torch

from paramgolf.errors import TrainingError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.precision import HESSIAN
from paramgolf.train import device
from paramgolf.train.checkpoint import load_part, read_progress
from paramgolf.train.job import SUMMARY
from paramgolf.train.trainer import train
from paramgolf.train.training_model import TrainingModel

pytestmark = pytest.mark.slow


def assert_same_end(folder, other) -> None:
    parts = json.loads((folder / "checkpoint" / "state.json").read_text())["parts"]
    assert {"model", "optimizer", "rounding"} <= set(parts)
    for part in parts:
        mine, theirs = load_part(folder / "checkpoint", part), load_part(other / "checkpoint", part)
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert torch.equal(mine[name], theirs[name]), name


def test_training_learns_and_leaves_log_checkpoint_and_summary(tiny, curve):
    job = tiny.job("run", tokens=64 * 60)
    train(job)
    losses = [loss for _, _, loss, _ in curve(job.folder)]
    assert losses[0] == pytest.approx(5.55, abs=0.05)  # ln 257: nothing is known yet
    assert losses[-1] < 3.5
    progress = read_progress(job.folder / "checkpoint")
    assert (progress.step, progress.tokens, progress.finished) == (60, 64 * 60, True)
    summary = json.loads((job.folder / SUMMARY).read_text())
    assert (summary["steps"], summary["train_tokens"]) == (60, 64 * 60)
    assert (summary["processes"], summary["compiled"]) == (1, False)
    assert summary["final_loss"] == losses[-1]
    assert summary["parameters"] == sum(
        t.numel() for t in load_part(job.folder / "checkpoint", "model").values()
    )


def test_learning_rate_is_full_then_falls_to_nothing(tiny, curve):
    job = tiny.job("run")
    train(job)
    rates = [rate for _, _, _, rate in curve(job.folder)]
    assert rates[:11] == [0.04] * 11
    assert rates[11:] == pytest.approx([0.04 * (20 - step) / 10 for step in range(11, 20)])


def test_the_same_seed_repeats_a_run_and_another_does_not(tiny, curve):
    jobs = [tiny.job("a"), tiny.job("b"), tiny.job("c", seed=1)]
    for job in jobs:
        train(job)
    assert_same_end(jobs[0].folder, jobs[1].folder)
    assert curve(jobs[0].folder) == curve(jobs[1].folder) != curve(jobs[2].folder)


# Before and after rounding begins (step 12), and behind the last step.
@pytest.mark.parametrize("stops", [(1,), (7, 13), (20,)])
def test_a_run_in_parts_equals_one_in_one_piece(tiny, curve, stops):
    whole, parts = tiny.job("whole"), tiny.job("parts")
    train(whole)
    for stop in stops:
        train(replace(parts, steps=stop))
        assert read_progress(parts.folder / "checkpoint").step == stop
    assert not read_progress(parts.folder / "checkpoint").finished
    train(parts)
    assert_same_end(whole.folder, parts.folder)
    assert curve(whole.folder) == curve(parts.folder)
    assert read_progress(parts.folder / "checkpoint").finished


@pytest.mark.parametrize("decay", [None, 0.9])
def test_parts_equal_the_whole_with_ramp_loops_and_averaged_weights_too(tiny, curve, decay):
    schedule = {"ramp": ((0.3, 8, 32),), "loop_from": 0.4, "average_from": 0.5, "average_decay": decay}
    whole, parts = (
        replace(job, recipe=replace(job.recipe, model=replace(job.recipe.model, order=(0, 1, 1))))
        for job in (tiny.job("whole", **schedule), tiny.job("parts", **schedule))
    )
    train(whole)
    for stop in (4, 9, 15, 26):
        train(replace(parts, steps=stop))
    raw = load_part(parts.folder / "checkpoint", "model")
    train(parts)
    assert_same_end(whole.folder, parts.folder)
    assert curve(whole.folder) == curve(parts.folder)
    # 12 steps of 32 tokens, 14 of 64: what is left at the end is the average, not the last weights.
    assert read_progress(parts.folder / "checkpoint").step == 26
    assert not torch.equal(raw["embedding"], load_part(parts.folder / "checkpoint", "model")["embedding"])


def test_a_stop_where_the_ramp_ends_changes_nothing_of_how_many_steps_follow(tiny, curve):
    # The ramp ends after 30 steps; half of a step of 64 tokens more would pass the budget, half of one of 32 would not.
    schedule = {"tokens": 990, "ramp": ((0.95, 8, 32),)}
    whole, parts = tiny.job("whole", **schedule), tiny.job("parts", **schedule)
    train(whole)
    train(replace(parts, steps=30))
    train(parts)
    assert curve(whole.folder) == curve(parts.folder)
    assert read_progress(whole.folder / "checkpoint").step == 30


FED_BACK = QuantisationScheme(rule="rms", limit=7, step=0.6, feedback=True)
REPAIRED = QuantisationScheme(rule="loss", step=0.5, repair_rank=2)


@pytest.mark.parametrize(
    ("matrices", "training"),
    [
        (FED_BACK, {"calibration_tokens": 128}),
        (FED_BACK, {"calibration": "generated", "calibration_tokens": 64, "average_from": 0.5}),
        (REPAIRED, {}),
        (REPAIRED, {"rounding": "noise"}),
    ],
)
def test_parts_equal_the_whole_with_feedback_repair_and_noise_too(tiny, curve, matrices, training):
    whole, parts = (
        replace(
            job,
            recipe=replace(job.recipe, weights=job.recipe.weights | {"matrices": matrices}, fill=True),
            weight_bytes=4_000,
        )
        for job in (tiny.job("whole", **training), tiny.job("parts", **training))
    )
    train(whole)
    for stop in (7, 15, 20):
        train(replace(parts, steps=stop))
        assert not any(key.startswith(HESSIAN) for key in load_part(parts.folder / "checkpoint", "rounding"))
    train(parts)
    assert_same_end(whole.folder, parts.folder)
    assert curve(whole.folder) == curve(parts.folder)


def test_a_finished_run_trains_no_further_and_keeps_its_loss(tiny, curve):
    job = tiny.job("run")
    train(job)
    summary, before = json.loads((job.folder / SUMMARY).read_text()), curve(job.folder)
    (job.folder / SUMMARY).unlink()
    train(job)
    again = json.loads((job.folder / SUMMARY).read_text())
    assert curve(job.folder) == before
    assert (again["steps"], again["final_loss"]) == (summary["steps"], summary["final_loss"])


def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(tiny, curve):
    steps = 150
    train(tiny.job("whole", tokens=64 * steps))
    checkpoint, reached = tiny.folder / "killed" / "checkpoint", 0
    for _ in range(3):
        process = tiny.start("killed", steps=steps)
        # A sign of life behind the last kill, then any moment: in a step, or while a checkpoint is written.
        while (progress := read_progress(checkpoint)) is None or progress.step <= reached:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.communicate()
        progress = read_progress(checkpoint)
        assert reached < progress.step < steps
        reached = progress.step
        load_part(checkpoint, "model"), load_part(checkpoint, "optimizer")
    last = tiny.start("killed", steps=steps)
    said, _ = last.communicate(timeout=100)
    assert last.returncode == 0, said
    assert f"resuming after step {reached}" in said
    assert_same_end(tiny.folder / "whole", tiny.folder / "killed")
    assert curve(tiny.folder / "whole") == curve(tiny.folder / "killed")


def test_a_folder_of_another_seed_or_recipe_is_refused_and_kept(tiny):
    job = tiny.job("run")
    train(job)
    before = load_part(job.folder / "checkpoint", "model")
    for other in (tiny.job("run", seed=1), tiny.job("run", warmdown_fraction=0.4)):
        with pytest.raises(
            TrainingError, match=r"another run \(recipe 'tiny', seed 0\)\. Give another --out"
        ):
            train(other)
    assert torch.equal(load_part(job.folder / "checkpoint", "model")["embedding"], before["embedding"])


def test_a_loss_that_is_no_number_stops_with_a_mend_and_no_summary(tiny, curve):
    job = tiny.job("run")
    absurd = replace(job.recipe.optimizer, matrix_learning_rate=1e38, embedding_learning_rate=1e38)
    job = replace(job, recipe=replace(job.recipe, optimizer=absurd))
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d+\. Lower the learning rates"):
        train(job)
    assert not (job.folder / SUMMARY).exists()
    assert all(loss == loss for _, _, loss, _ in curve(job.folder))


def test_micro_batches_add_up_to_the_batch(tiny, curve):
    jobs = [tiny.job("whole", micro_batch_tokens=64), tiny.job("parts", micro_batch_tokens=16)]
    for job in jobs:
        train(job)
    whole, parts = ([loss for _, _, loss, _ in curve(job.folder)] for job in jobs)
    assert parts == pytest.approx(whole, abs=2e-2)
    assert parts[:3] == pytest.approx(whole[:3], abs=2e-3)


def test_a_pass_on_a_cpu_is_no_larger_than_its_memory_is_made_for(tiny, monkeypatch):
    """Whatever a recipe for GPUs says; in the warm-up too, which runs two passes of any number."""
    monkeypatch.setattr(device, "CPU_PASS_TOKENS", 16)
    seen: list[int] = []
    forward = TrainingModel.forward

    def watched(self, tokens, targets):
        seen.append(tokens.numel())
        return forward(self, tokens, targets)

    monkeypatch.setattr(TrainingModel, "forward", watched)
    train(tiny.job("small", tokens=64 * 3, micro_batch_tokens=64))
    assert seen == [16] * (2 * 2 + 3 * 4)
