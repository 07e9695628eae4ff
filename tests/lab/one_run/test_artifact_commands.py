"""score, prove, sample, compress, decompress and info on a real artifact."""

import json
import zipfile

import pytest

from paramgolf.cli.app import main


def test_score_again_gives_the_same_bits_as_the_run(finished, capsys):
    for _ in range(2):
        main(["score", str(finished.artifact), "--documents", str(finished.documents), "--json"])
        assert json.loads(capsys.readouterr().out)["bits_per_byte"] == finished.result.bits_per_byte


def test_prove_says_in_json_that_it_is_proven(finished, capsys):
    main(["prove", str(finished.artifact), "--documents", str(finished.documents), "--json"])
    proof = json.loads(capsys.readouterr().out)
    assert proof["proven"]
    assert proof["compressed_bytes"] == finished.result.compressed_bytes


def test_sample_is_repeatable(finished, capsys):
    texts = []
    for _ in range(2):
        main(["sample", str(finished.artifact), "We have", "--tokens", "20", "--seed", "3"])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith("We have")
    assert len(texts[0]) > 20


def test_a_file_comes_back_from_the_sandbox(finished, tmp_path, capsys):
    source, small, back = (tmp_path / name for name in ("letter.txt", "letter.golf", "back.txt"))
    source.write_text("My fellow Americans, the state of our Union is strong.\n" * 10)
    main(["compress", str(finished.artifact), str(source), str(small)])
    main(["decompress", str(finished.artifact), str(small), str(back)])
    assert back.read_bytes() == source.read_bytes()
    assert small.stat().st_size < source.stat().st_size / 2
    assert "Next: paramgolf decompress" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["score", "{missing}", "--documents", "{documents}"], 2, "There is no artifact at"),
        (["score", "{documents}", "--documents", "{documents}"], 2, "is no artifact: it is no zip"),
        (["score", "{artifact}", "--documents", "{missing}"], 2, "there is no such file"),
        (["score", "{artifact}", "--documents", "{artifact}"], 2, "no reader for this suffix"),
        (["score", "{artifact}", "--documents", "{broken}"], 1, "byte 0"),
        (["score", "{artifact}", "--documents", "{documents}", "--challenge", "locl"], 2, "'local'"),
        (["prove", "{artifact}", "--documents", "{documents}", "--threads", "0"], 2, "Must be >= 1"),
        (["sample", "{artifact}", "The", "--tokens", "0"], 2, "allowed are 1 token or more"),
        (["compress", "{artifact}", "{missing}", "{missing}"], 2, "There is no file"),
        (["decompress", "{artifact}", "{broken}", "{missing}"], 1, "cannot be decompressed"),
        (["info", "{broken}"], 1, "is no artifact"),
        (["pack", "{folder}"], 2, "is no run folder"),
    ],
)
def test_what_a_person_did_wrong_is_said_in_one_line(finished, tmp_path, capsys, words, status, message):
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b"\xff\xfe{}{")
    paths = {
        "artifact": finished.artifact,
        "documents": finished.documents,
        "missing": tmp_path / "missing.jsonl",
        "broken": broken,
        "folder": tmp_path,
    }
    with pytest.raises(SystemExit) as stop:
        main([word.format(**paths) for word in words])
    error = capsys.readouterr().err
    assert stop.value.code == status
    assert message in error
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1


def test_an_artifact_over_the_challenge_limit_is_not_scored(finished, files, tmp_path, capsys):
    small = (files / "short.toml").read_text().replace("300_000", "1_000")
    (tmp_path / "small.toml").write_text(small)
    words = ["score", str(finished.artifact), "--documents", str(finished.documents)]
    with pytest.raises(SystemExit):
        main([*words, "--challenge", str(tmp_path / "small.toml")])
    assert "allows 1,000" in capsys.readouterr().err


def test_info_of_an_artifact_accounts_for_every_byte(finished, capsys):
    main(["info", str(finished.artifact), "--json"])
    info = json.loads(capsys.readouterr().out)
    assert info["artifact_bytes"] == finished.result.artifact_bytes
    assert sum(info["members"].values()) + info["zip_overhead"] == info["artifact_bytes"]
    assert info["parameters"] == finished.result.parameters
    assert info["config"]["model"]["width"] == 64


def test_info_never_runs_an_artifact(tmp_path, capsys):
    path, witness = tmp_path / "model.pyz", tmp_path / "ran"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("entry.py", "__main__.py"):
            archive.writestr(name, f"open({str(witness)!r}, 'w')")
        archive.writestr("config.json", '{"model": {"layers": 1000000000}}')
    main(["info", str(path)])
    assert "entry.py" in capsys.readouterr().out
    assert not witness.exists()
