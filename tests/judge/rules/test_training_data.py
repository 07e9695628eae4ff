"""R14: what a manifest and a second training say of the training data."""

import dataclasses

import pytest
from seed_papers import AGAIN, seed_papers, seed_score

from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.judge.reproduction import Reproduction
from paramgolf.judge.rules.training_data import TOLERANCE, judge
from paramgolf.judge.verdict import Outcome


@pytest.fixture
def judged(tmp_path):
    """The finding about a seed with that score, second training and manifest."""

    def finding(score, again, manifest=None):
        return judge(*seed_papers(tmp_path, again, manifest), seed_score(score))

    return finding


def test_an_artifact_that_its_recipe_makes_passes(judged):
    assert judged(2.0, AGAIN).outcome is Outcome.PASS
    assert judged(2.1, AGAIN).outcome is Outcome.PASS


def test_an_artifact_better_than_its_recipe_makes_it_fails(judged):
    found = judged(2.001 / (1 + 2 * TOLERANCE), AGAIN)
    assert found.outcome is Outcome.FAIL
    assert "2.0010 trained again" in found.measured


def test_without_the_number_of_tokens_a_worse_reproduction_settles_nothing(judged):
    found = judged(1.5, dataclasses.replace(AGAIN, same_tokens=False))
    assert found.outcome is Outcome.UNDECIDED
    assert "log.jsonl" in found.mend


def test_without_reproduction_nothing_passes(judged):
    assert judged(2.0, None).outcome is Outcome.UNDECIDED


def test_a_manifest_of_another_text_fails_whatever_was_reproduced(judged):
    manifest = {"splits": {"validation": {"sha256": "0" * 64}, "train": {"sha256": "1" * 64}}}
    assert judged(2.0, AGAIN, manifest).outcome is Outcome.FAIL


def test_a_recipe_that_does_not_train_fails_and_a_slow_machine_does_not(judged):
    broken = Reproduction(seed=0, same_tokens=True, error=EntryError("model.width: got -1"))
    slow = Reproduction(seed=0, same_tokens=True, error=EntryTimeoutError("stopped after 1,500 s"))
    assert judged(2.0, broken).outcome is Outcome.FAIL
    assert "model.width" in judged(2.0, broken).evidence
    assert judged(2.0, slow).outcome is Outcome.UNDECIDED
