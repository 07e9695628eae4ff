"""model.pyz in an empty folder, started by Python itself."""

import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def alone(finished, tmp_path):
    """Runs `python model.pyz ...` in a folder that holds nothing else."""
    shutil.copy(finished.artifact, tmp_path)

    def run(*arguments):
        command = [sys.executable, "-I", "model.pyz", *arguments]
        return subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=200)

    return run


def test_samples(alone):
    done = alone("sample", "The", "--tokens", "30")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"The")
    assert len(done.stdout) > 30


def test_compresses_and_decompresses(alone, tmp_path):
    text = "The state of the Union is strong. \N{SNOWMAN}".encode() * 20 + b"\xff\x00"
    (tmp_path / "text").write_bytes(text)
    assert alone("compress", "text", "small").returncode == 0
    assert alone("decompress", "small", "back").returncode == 0
    assert (tmp_path / "back").read_bytes() == text
    assert (tmp_path / "small").stat().st_size < len(text) / 2


def test_gives_the_score_of_the_harness(alone, finished, tmp_path):
    shutil.copy(finished.documents, tmp_path)
    done = alone("score", "validation.jsonl")
    assert f"bits_per_byte: {finished.result.bits_per_byte:.4f}" in done.stdout.decode()
