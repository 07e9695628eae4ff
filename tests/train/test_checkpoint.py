"""The newest whole checkpoint counts, whatever a kill left beside it."""

import json
import math

import pytest
import torch

from paramgolf.errors import TrainingError
from paramgolf.train.checkpoint import (
    Progress,
    load_part,
    read_progress,
    save_checkpoint,
)

MODEL = {"embedding": torch.arange(6.0).view(2, 3), "blocks.0.gain": torch.tensor([math.pi])}
OPTIMIZER = {"embedding/step": torch.tensor(3.0), "embedding/exp_avg": torch.ones(2, 3)}


def at(step: int) -> Progress:
    return Progress(
        step=step, tokens=64 * step, seconds=0.1 * step, loss=1 / 3, seed=7, recipe='{"name": "x"}'
    )


def save(folder, step: int) -> None:
    save_checkpoint(
        folder, at(step), model={k: v + step for k, v in MODEL.items()}, optimizer=OPTIMIZER, precision={}
    )


def test_what_was_saved_comes_back_bit_for_bit(tmp_path):
    save(tmp_path, 3)
    assert read_progress(tmp_path) == at(3)
    for loaded, saved in (
        (load_part(tmp_path, "model"), MODEL),
        (load_part(tmp_path, "optimizer"), OPTIMIZER),
    ):
        assert loaded.keys() == saved.keys()
    assert torch.equal(load_part(tmp_path, "model")["embedding"], MODEL["embedding"] + 3)
    assert torch.equal(load_part(tmp_path, "optimizer")["embedding/step"], OPTIMIZER["embedding/step"])


def test_only_the_newest_is_kept(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.json", "step_00000003"]
    assert read_progress(tmp_path) == at(3)


def test_a_checkpoint_half_written_does_not_count_and_is_written_over(tmp_path):
    save(tmp_path, 1)
    (tmp_path / "step_00000002").mkdir()
    (tmp_path / "step_00000002" / "model.safetensors").write_bytes(b"half")
    assert read_progress(tmp_path) == at(1)
    assert torch.equal(load_part(tmp_path, "model")["embedding"], MODEL["embedding"] + 1)
    save(tmp_path, 2)
    assert torch.equal(load_part(tmp_path, "model")["embedding"], MODEL["embedding"] + 2)


def test_saving_the_same_step_again_leaves_the_weights_where_they_are(tmp_path):
    save(tmp_path, 2)
    weights = tmp_path / "step_00000002" / "model.safetensors"
    before = weights.stat()
    save(tmp_path, 2)
    assert (weights.stat().st_ino, weights.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nothing_saved_is_no_progress_and_no_weights(tmp_path):
    assert read_progress(tmp_path / "checkpoint") is None
    with pytest.raises(TrainingError, match=r"holds no checkpoint: state\.json is not there\. Train first"):
        load_part(tmp_path / "checkpoint", "model")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"checkpoint": 3}', '{"checkpoint": "x", "steps": 3}']
)
def test_a_damaged_state_names_the_file_and_the_mend(tmp_path, content):
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(TrainingError, match=r"state\.json is damaged .*Remove the folder .* and train again"):
        read_progress(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, None])
def test_damaged_or_missing_weights_name_the_file(tmp_path, content):
    save(tmp_path, 1)
    weights = tmp_path / "step_00000001" / "model.safetensors"
    if content is None:
        weights.unlink()
    else:
        weights.write_bytes(content)
    with pytest.raises(TrainingError, match=r"model\.safetensors is damaged .*and train again"):
        load_part(tmp_path, "model")


def test_a_state_cannot_point_out_of_its_folder(tmp_path):
    save(tmp_path / "elsewhere", 1)
    state = json.loads((tmp_path / "elsewhere" / "state.json").read_text())
    state["checkpoint"] = "../elsewhere/step_00000001"
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "state.json").write_text(json.dumps(state))
    with pytest.raises(TrainingError, match="damaged"):
        load_part(tmp_path / "here", "model")
