"""log.jsonl: a line a step, and a resumed run goes on where its checkpoint stands."""

import json
from pathlib import Path

import pytest

from paramgolf.train.checkpoint import Progress
from paramgolf.train.log import TrainingLog


def at(step: int) -> Progress:
    return Progress(step=step, tokens=100 * step, seconds=0.5 * step, loss=4.0 / step, seed=0, recipe="tiny")


def write(path: Path, from_step: int, steps: range, said: list[str] | None = None) -> None:
    log = TrainingLog(path, from_step, (said if said is not None else []).append)
    for step in steps:
        log.step(at(step), 0.04, share=step / 10)
    log.close()


def steps_in(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_a_line_has_everything_that_a_curve_needs(tmp_path):
    write(tmp_path / "log.jsonl", 0, range(1, 3))
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[1]) == {
        "step": 2,
        "seconds": 1.0,
        "tokens": 200,
        "loss": 2.0,
        "learning_rate": 0.04,
        "tokens_per_second": 200.0,
    }


def test_lines_are_there_before_the_log_is_closed(tmp_path):
    log = TrainingLog(tmp_path / "log.jsonl", 0, lambda line: None)
    log.step(at(1), 0.04, share=0.1)
    assert steps_in(tmp_path / "log.jsonl") == [1]
    log.close()


def test_a_resumed_run_goes_on_behind_its_checkpoint(tmp_path):
    write(tmp_path / "log.jsonl", 0, range(1, 8))
    write(tmp_path / "log.jsonl", 5, range(6, 10))
    assert steps_in(tmp_path / "log.jsonl") == list(range(1, 10))


def test_a_new_run_drops_an_old_log(tmp_path):
    write(tmp_path / "log.jsonl", 0, range(1, 8))
    write(tmp_path / "log.jsonl", 0, range(1, 3))
    assert steps_in(tmp_path / "log.jsonl") == [1, 2]


@pytest.mark.parametrize("rest", ['{"step": 4, "sec', "\x00\x00", '{"no": "step"}\n', "3\n"])
def test_a_line_that_a_kill_cut_off_is_dropped(tmp_path, rest):
    path = tmp_path / "log.jsonl"
    write(path, 0, range(1, 4))
    path.write_text(path.read_text() + rest)
    write(path, 3, range(4, 6))
    assert steps_in(path) == [1, 2, 3, 4, 5]


def test_the_first_step_is_said_and_not_every_one_behind_it(tmp_path):
    said: list[str] = []
    write(tmp_path / "log.jsonl", 0, range(1, 6), said)
    assert said == ["training  10%  step 1  loss 4.0000  0.00M tokens  200 tokens/s  0 s"]
