"""Checkpoints: weights, optimizer and phases as safetensors, the rest as JSON; the newest whole one counts."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from paramgolf.common.files import write_atomic
from paramgolf.errors import TrainingError

STATE = "state.json"
# What state.json has beside a Progress.
BESIDE = ("checkpoint", "parts")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: steps and tokens done, seconds of the training clock, the last step's loss, whose run."""

    step: int
    tokens: int
    seconds: float
    loss: float
    seed: int
    recipe: str
    finished: bool = False


def save_checkpoint(folder: Path, progress: Progress, **parts: dict[str, Tensor]) -> None:
    """Write a checkpoint under a name of its own, point state.json to it, then drop the one before.

    parts: "model", "optimizer", and the state of each phase.

    A kill at any moment leaves state.json at a whole checkpoint: the rename of that file is what makes one count.
    One that counts already is not written again: a run has the same weights at the same step.
    """
    # A finished run's weights may be others than those it had at that step: averages.
    name, state = f"step_{progress.step:08d}{'_end' if progress.finished else ''}", folder / STATE
    if not state.exists() or _read(state)["checkpoint"] != name:
        whole = folder / name
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir(parents=True)
        for part, tensors in parts.items():
            save_file({k: v.contiguous() for k, v in tensors.items()}, whole / f"{part}.safetensors")
    write_atomic(
        state, json.dumps({"checkpoint": name, "parts": list(parts), **asdict(progress)}, indent=2) + "\n"
    )
    for other in folder.glob("step_*"):
        if other.name != name:
            shutil.rmtree(other, ignore_errors=True)


def read_progress(folder: Path) -> Progress | None:
    """What the newest checkpoint in `folder` says, or None where there is none."""
    path = folder / STATE
    if not path.exists():
        return None
    try:
        return Progress(**{k: v for k, v in _read(path).items() if k not in BESIDE})
    except TypeError as error:
        raise _damaged(path, error) from None


def load_part(folder: Path, part: str) -> dict[str, Tensor]:
    """A part of the newest checkpoint: "model", "optimizer", or a phase's state by its name; {} where it has none.

    Raises TrainingError where there is no checkpoint, or it is damaged.
    """
    path = folder / STATE
    if not path.exists():
        raise TrainingError(
            f"{folder} holds no checkpoint: {STATE} is not there. Train first: paramgolf train"
        )
    state = _read(path)
    tensors = folder / state["checkpoint"] / f"{part}.safetensors"
    if part not in state["parts"]:
        return {}
    try:
        return load_file(tensors)
    except (OSError, SafetensorError) as error:
        raise _damaged(tensors, error) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(path.read_text())
        return {**state, "checkpoint": Path(state["checkpoint"]).name, "parts": list(state["parts"])}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> TrainingError:
    return TrainingError(f"{path} is damaged ({error}). Remove the folder {path.parent} and train again.")
