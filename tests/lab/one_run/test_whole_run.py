"""The whole road, on a run that was killed in the middle of its training and started again."""

import json
import shutil
from hashlib import sha256

import pytest

from paramgolf.cli.app import main
from paramgolf.corpus import read_documents
from paramgolf.lab.recipes.info import describe
from paramgolf.lab.run.summary import KEYS
from paramgolf.score.proof import CONTAINER_BYTES, TOLERANCE

PROMISED = {
    "challenge",
    "recipe",
    "seed",
    "commit",
    "environment",
    "parameters",
    "train_tokens",
    "train_seconds",
    "warmup_seconds",
    "tokens_per_second",
    "artifact_bytes",
    "artifact_limit",
    "bits_per_byte",
    "bits_per_byte_unquantised",
    "documents",
    "text_bytes",
    "compressed_bytes",
    "proven",
    "score_seconds",
    "prove_seconds",
    "isolation",
    "compressors",
    "artifact_sha256",
    "ledger",
}


def test_result_has_every_promised_key(finished):
    assert set(json.loads((finished.folder / "result.json").read_text())) >= PROMISED


def test_result_says_what_the_files_are(finished):
    result, data = finished.result, finished.artifact.read_bytes()
    documents = list(read_documents(finished.documents))
    assert (result.artifact_bytes, result.artifact_sha256) == (len(data), sha256(data).hexdigest())
    assert sum(size for _, size in result.ledger) == len(data) <= result.artifact_limit == 300_000
    assert (result.documents, result.text_bytes) == (len(documents), sum(map(len, documents)))
    assert (result.challenge, result.recipe, result.seed) == ("short", "tiny", 0)


def test_training_kept_its_clock_and_learnt(finished):
    result = finished.result
    assert 0 < result.train_seconds <= 4.5
    assert result.train_tokens == 2048 * result.steps
    assert result.environment.processes == 2
    # Far less than bytes cost without any prediction; how far 4 seconds lead depends on how busy the machine is.
    assert 1 < result.bits_per_byte < 3


def test_the_proof_agrees_with_the_score(finished):
    result = finished.result
    assert result.proven
    assert result.isolation == "bubblewrap"
    allowed = TOLERANCE * result.bits_per_byte * result.text_bytes / 8 + CONTAINER_BYTES
    assert abs(result.compressed_bytes - result.bits_per_byte * result.text_bytes / 8) <= allowed
    assert result.bits_per_byte_unquantised == pytest.approx(result.bits_per_byte, rel=0.02)


def test_the_killed_run_went_on_from_its_checkpoint(finished):
    assert finished.killed_after > 0
    assert f"resuming after step {finished.killed_after:,}" in finished.output
    steps = [json.loads(line)["step"] for line in (finished.folder / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, finished.result.steps + 1))


def test_output_closes_with_key_values_words_and_next_commands(finished):
    closing = finished.output[finished.output.index("\nchallenge: short") :]
    assert all(f"\n{key}: " in closing for key in KEYS)
    words = f"model.pyz, {finished.artifact.stat().st_size:,} bytes, compresses"
    assert words in closing
    assert "decompressed, they are identical. xz -9 needs" in closing
    assert 'model.pyz sample "The"' in closing


def test_a_finished_run_is_not_done_again(finished, capsys):
    before = finished.artifact.stat().st_mtime_ns
    (finished.folder / "report.html").unlink()
    main(finished.arguments)
    assert "finished already" in capsys.readouterr().out
    assert finished.artifact.stat().st_mtime_ns == before
    assert (finished.folder / "report.html").exists()


def test_the_folder_of_another_run_is_refused(finished, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*finished.arguments, "--seed", "7"])
    error = capsys.readouterr().err
    assert "seed: 0 there, 7 asked" in error
    assert "Give another --out" in error


def test_packing_over_the_limit_leaves_no_artifact(finished, capsys, tmp_path):
    for part in ("checkpoint", "data"):
        shutil.copytree(finished.folder / part, tmp_path / part)
    settings = json.loads((finished.folder / "run.json").read_text())
    settings["challenge"]["artifact_bytes"] = 50_000
    (tmp_path / "run.json").write_text(json.dumps(settings))
    (tmp_path / "model.pyz").write_bytes(b"from before")
    with pytest.raises(SystemExit, match="1"):
        main(["pack", str(tmp_path)])
    error = capsys.readouterr().err
    assert "over the limit of 50,000" in error
    assert "weights: matrices" in error
    assert not (tmp_path / "model.pyz").exists()


def test_packing_again_gives_the_same_artifact(finished, capsys, tmp_path):
    for part in ("checkpoint", "data"):
        shutil.copytree(finished.folder / part, tmp_path / part)
    shutil.copy(finished.folder / "run.json", tmp_path)
    main(["pack", str(tmp_path)])
    assert "Next: paramgolf score" in capsys.readouterr().out
    assert (tmp_path / "model.pyz").read_bytes() == finished.artifact.read_bytes()


def test_the_forecast_of_bytes_is_near_what_packing_makes(finished, settings, files):
    info = describe(str(files / "tiny.toml"), settings.challenge)
    assert info["expected_bytes"] == pytest.approx(finished.result.artifact_bytes, rel=0.1)
