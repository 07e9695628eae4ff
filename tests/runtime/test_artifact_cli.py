"""model.pyz alone: a tiny untrained model, packed, does all that its command line offers."""

import json
import math
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest

from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS, precision_groups
from paramgolf.train.optim.init import initialise

pytestmark = pytest.mark.slow

TEXT = b"the cat sat on the mat, and the hat sat on the cat. \xff\x00"


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    config = ModelConfig(vocab_size=257, width=16, layers=2, heads=2, kv_heads=1)
    model = LanguageModel(config)
    initialise(model, 0)
    path = tmp_path_factory.mktemp("packed") / "model.pyz"
    pack_model(
        model.state_dict(),
        config={"model": asdict(config), "predict": {}},
        tokenizer=Tokenizer().to_bytes(),
        precision=Precision(dict.fromkeys(PRECISION_GROUPS, QuantisationScheme()), precision_groups(model)),
        path=path,
    )
    return path


@pytest.fixture
def folder(packed, tmp_path) -> Path:
    shutil.copy(packed, tmp_path)
    return tmp_path


def run(folder: Path, *arguments: str, program: str = "model.pyz") -> subprocess.CompletedProcess[bytes]:
    # -I: no folder but the artifact is searched for modules of ours.
    return subprocess.run([sys.executable, "-I", program, *arguments], cwd=folder, capture_output=True)


def fields(result: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    assert result.returncode == 0, result.stderr.decode()
    return dict(line.split(": ", 1) for line in result.stdout.decode().splitlines())


@pytest.mark.parametrize("program", ["model.pyz", "./model.pyz", "unpacked"])
def test_info_reads_the_parts_of_a_zip_or_a_folder(folder, program):
    with zipfile.ZipFile(folder / "model.pyz") as archive:
        archive.extractall(folder / "unpacked")
    info = fields(run(folder, "info", program=program))
    assert info["model.width"] == "16"
    assert info["weights_bytes"] == str((folder / "unpacked" / "weights.bin").stat().st_size)


def test_score_of_an_untrained_model_is_that_of_equally_likely_tokens(folder):
    (folder / "text.txt").write_bytes(TEXT)
    score = fields(run(folder, "score", "text.txt"))
    assert score["documents"] == "1"
    assert score["bytes"] == str(len(TEXT))
    expected = math.log2(257) * (len(TEXT) + 1) / len(TEXT)
    assert float(score["bits_per_byte"]) == pytest.approx(expected, rel=0.02)


def test_score_reads_documents_of_different_lengths_from_jsonl(folder):
    texts = ["a", "some longer text", "é" * 30]
    (folder / "text.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    score = fields(run(folder, "score", "text.jsonl"))
    assert score["documents"] == "3"
    assert score["bytes"] == "77"
    assert float(score["bits_per_byte"]) == pytest.approx(math.log2(257) * 80 / 77, rel=0.02)


def test_compressed_file_comes_back_identical(folder):
    (folder / "text").write_bytes(TEXT)
    for arguments in (("compress", "text", "small"), ("decompress", "small", "again")):
        result = run(folder, *arguments)
        assert result.returncode == 0, result.stderr.decode()
    assert (folder / "again").read_bytes() == TEXT
    assert sorted(path.name for path in folder.iterdir()) == ["again", "model.pyz", "small", "text"]


def test_sample_continues_the_prompt_and_a_seed_repeats_it(folder):
    first, second, other = (
        run(folder, "sample", "The", "--tokens", "8", "--seed", seed, "--temperature", "1") for seed in "112"
    )
    assert first.returncode == 0, first.stderr.decode()
    assert first.stdout.startswith(b"The")
    assert first.stdout == second.stdout != other.stdout


def test_out_that_is_in_is_refused_and_kept(folder):
    (folder / "text").write_bytes(TEXT)
    result = run(folder, "compress", "text", "./text")
    assert result.returncode == 1
    assert b"OUT is the same file as IN, text: name another" in result.stderr
    assert (folder / "text").read_bytes() == TEXT


def test_bytes_that_are_no_compressed_file_are_refused_and_leave_nothing(folder):
    (folder / "small").write_bytes(b"")
    result = run(folder, "decompress", "small", "again")
    assert result.returncode == 1
    assert result.stderr.startswith(b"error: ")
    assert sorted(path.name for path in folder.iterdir()) == ["model.pyz", "small"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "missing.txt"), b"No such file or directory: 'missing.txt'"),
        (("score", "empty.txt"), b"empty.txt holds no text to score"),
        (("score", "bad.jsonl"), b'bad.jsonl, line 2: expected an object like {"text": "..."}'),
        (("sample", "The", "--tokens", "0"), b"--tokens must be 1 or more"),
        (("sample", "The", "--temperature", "nan"), b"--temperature 0 or more"),
    ],
)
def test_wrong_input_ends_with_one_line(folder, arguments, message):
    (folder / "empty.txt").write_bytes(b"")
    (folder / "bad.jsonl").write_text('{"text": "fine"}\n["not"]\n')
    result = run(folder, *arguments)
    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_artifact_without_weights_says_what_is_missing(folder):
    with zipfile.ZipFile(folder / "model.pyz") as archive:
        archive.extractall(folder / "unpacked")
    (folder / "unpacked" / "weights.bin").unlink()
    result = run(folder, "info", program="unpacked")
    assert result.returncode == 1
    assert b"unpacked holds no weights.bin" in result.stderr


def test_help_names_every_command(folder):
    text = run(folder, "--help").stdout.decode()
    for command in ("info", "score", "sample", "compress", "decompress"):
        assert command in text
