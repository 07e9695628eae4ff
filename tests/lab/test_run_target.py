"""The harness of a run against a target: its clock, its file, its answers."""

import json
import math

import pytest

from paramgolf.challenge import TargetReached
from paramgolf.errors import UsageError
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.target import HarnessClock, harness_of, read_target

REACHED = {"seconds": 1.5, "questions": 2, "bits_per_byte": 2.0}


def test_the_clock_does_not_count_what_questions_take():
    clock = HarnessClock()
    clock.start(100.0)
    assert clock.stop(103.0) == 3.0
    clock.start(203.0)
    assert clock.stop(205.5) == 5.5


def test_a_clock_that_was_not_started_tells_no_time():
    assert math.isnan(HarnessClock().stop(5.0))


def test_a_game_without_a_target_has_no_harness(settings, tmp_path):
    with harness_of(settings, RunFolder(tmp_path)) as harness:
        assert harness is None


def test_the_file_is_of_one_artifact(tmp_path):
    folder = RunFolder(tmp_path)
    assert read_target(folder, "a" * 64) is None
    (tmp_path / "target.json").write_text(json.dumps({"reached": REACHED, "artifact_sha256": "a" * 64}))
    assert read_target(folder, "a" * 64) == TargetReached(**REACHED)
    with pytest.raises(UsageError, match="is of another artifact"):
        read_target(folder, "b" * 64)


@pytest.mark.parametrize("text", ["{", "{}", json.dumps({"reached": {"seconds": -1}, "artifact_sha256": ""})])
def test_a_damaged_file_is_refused(text, tmp_path):
    (tmp_path / "target.json").write_text(text)
    with pytest.raises(UsageError, match="is damaged"):
        read_target(RunFolder(tmp_path), "a" * 64)
