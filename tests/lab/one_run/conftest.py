"""One real run for all tests of this folder: killed in the middle of its training, then run to its end."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from paramgolf.lab.run.result import Result, read_result


@dataclass(frozen=True)
class FinishedRun:
    folder: Path
    arguments: list[str]
    output: str
    killed_after: int

    @property
    def artifact(self) -> Path:
        return self.folder / "model.pyz"

    @property
    def documents(self) -> Path:
        return self.folder / "data" / "validation.jsonl"

    @property
    def result(self) -> Result:
        return read_result(self.folder / "result.json")


@pytest.fixture(scope="session")
def finished(files, tmp_path_factory) -> FinishedRun:
    """A run of 4 seconds of training that was killed once and went on."""
    folder = tmp_path_factory.mktemp("run") / "out"
    arguments = ["run", files / "tiny.toml", "--challenge", files / "short.toml"]
    arguments = [*map(str, [*arguments, "--corpus", files / "corpus", "--out", folder])]
    command = [sys.executable, "-m", "paramgolf", *arguments]
    step = _kill_after_a_checkpoint(command, folder / "checkpoint" / "state.json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return FinishedRun(folder=folder, arguments=arguments, output=done.stdout, killed_after=step)


def _kill_after_a_checkpoint(command, state: Path) -> int:
    """Kill the run at once when it has left a checkpoint; the checkpoint's step."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 120
    while not state.exists():
        assert process.poll() is None, "the run ended without a checkpoint"
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return json.loads(state.read_text())["step"]
