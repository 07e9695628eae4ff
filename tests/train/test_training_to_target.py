"""A run that asks whether its target is reached: what a question is about, and that it changes nothing of the run."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from paramgolf.train.checkpoint import load_part, read_progress
from paramgolf.train.target import Answer, TargetQuestions, question_folder
from paramgolf.train.trainer import train

STEPS = 20


class Recorder:
    """A harness that keeps what it is asked about, and says "reached" at a question of that number."""

    def __init__(self, folder, reached_at: int = 99) -> None:
        self.folder, self.reached_at = question_folder(folder), reached_at
        self.began, self.weights, self.steps = 0, [], []

    def begin(self) -> None:
        self.began += 1

    def ask(self) -> Answer:
        progress = read_progress(self.folder)
        assert progress.finished
        self.steps.append(progress.step)
        self.weights.append(load_part(self.folder, "model"))
        return Answer(reached=len(self.steps) >= self.reached_at, bits_per_byte=2.0, seconds=1.0)


def asking(job, questions: int = 4, reached_at: int = 99):
    """The job against a target, and its harness."""
    harness = Recorder(job.folder, reached_at)
    return replace(job, target=TargetQuestions(harness, questions, 2.0)), harness


def same(weights, others) -> bool:
    return all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("averaged", [None, 0.3], ids=["plain", "averaged"])
def test_questions_change_nothing_of_the_run(tiny, averaged):
    plain = tiny.job("plain", average_from=averaged)
    asked, harness = asking(tiny.job("asked", average_from=averaged))
    train(plain)
    train(asked)
    assert len(harness.steps) == 4
    ends = [load_part(job.folder / "checkpoint", "model") for job in (plain, asked)]
    assert same(*ends)
    # the last question is about what the run leaves
    assert same(harness.weights[-1], ends[1])


def test_questions_are_asked_at_their_shares_of_the_budget_about_other_weights_each(tiny):
    job, harness = asking(tiny.job("asked"))
    train(job)
    assert harness.began == 1
    assert harness.steps == [8, 12, 16, 20]
    assert not any(same(before, after) for before, after in pairwise(harness.weights))


@pytest.mark.parametrize("averaged", [None, 0.3], ids=["plain", "averaged"])
def test_a_run_ends_with_the_weights_that_reached_its_target(tiny, averaged):
    job, harness = asking(tiny.job("asked", average_from=averaged), reached_at=2)
    train(job)
    assert harness.steps == [8, 12]
    progress = read_progress(job.folder / "checkpoint")
    assert (progress.step, progress.finished) == (12, True)
    assert same(harness.weights[-1], load_part(job.folder / "checkpoint", "model"))


def test_a_target_that_is_never_reached_ends_with_the_budget(tiny):
    job, harness = asking(tiny.job("asked"), questions=1)
    train(job)
    assert harness.steps == [STEPS]
    assert json.loads((job.folder / "training.json").read_text())["steps"] == STEPS
