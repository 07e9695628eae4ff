"""The trainer knows no technique: a phase acts at the moments of a run, and a checkpoint keeps what it says."""

from dataclasses import replace

import pytest
import torch

from paramgolf.train import trainer
from paramgolf.train.checkpoint import load_part
from paramgolf.train.phases import PHASES, Phase
from paramgolf.train.trainer import train

CALLS: list[str] = []


class Watcher(Phase):
    """Writes down what it is called for, and counts steps."""

    name = "watcher"

    def __init__(self, run) -> None:
        self.run, self.steps, self.before = run, 0, {}

    @classmethod
    def of(cls, run):
        return cls(run)

    def warm_up(self):
        CALLS.append("warm_up")
        return 0.0

    def before_step(self, at):
        CALLS.append(f"before {at.step}")
        self.before = {name: weight.clone() for name, weight in self.run.weights().items()}

    def around_gradients(self, at):
        CALLS.append("around")
        return super().around_gradients(at)

    def before_update(self, at):
        weights = self.run.weights()
        assert all(
            weight.grad is not None for name, weight in weights.items() if name != "skips" or len(weight)
        )
        assert all(torch.equal(weight, self.before[name]) for name, weight in weights.items())
        CALLS.append("update")

    def after_step(self, at):
        assert not torch.equal(self.run.weights()["embedding"], self.before["embedding"])
        CALLS.append(f"after {at.step}")
        self.steps += 1

    def finish(self, at, clock):
        assert clock() >= at.seconds
        CALLS.append(f"finish {at.step}")
        return at.seconds + 100.0

    def state(self):
        return {"steps": torch.tensor(self.steps)}

    def load_state(self, state):
        self.steps = int(state["steps"])


@pytest.fixture(autouse=True)
def watched(monkeypatch):
    CALLS.clear()
    monkeypatch.setattr(trainer, "PHASES", (*PHASES, Watcher))


def test_a_phase_acts_at_every_moment_in_order(tiny):
    train(tiny.job("run", tokens=64 * 2))
    steps = [f"before {0}", "around", "update", "after 0", "before 1", "around", "update", "after 1"]
    assert ["warm_up", *steps, "finish 2"] == CALLS


def test_its_state_is_part_of_the_checkpoint_and_comes_back(tiny):
    job = tiny.job("run", tokens=64 * 5)
    train(replace(job, steps=3))
    assert "finish 3" not in CALLS
    assert load_part(job.folder / "checkpoint", "watcher") == {"steps": torch.tensor(3)}
    train(job)
    assert load_part(job.folder / "checkpoint", "watcher") == {"steps": torch.tensor(5)}
    assert CALLS[-1] == "finish 5"


def test_a_finished_run_is_not_finished_again(tiny):
    job = tiny.job("run", tokens=64)
    train(job)
    CALLS.clear()
    train(job)
    assert CALLS == ["warm_up"]


def test_names_of_phases_are_their_own():
    assert len({kind.name for kind in PHASES} | {"model", "optimizer"}) == len(PHASES) + 2
