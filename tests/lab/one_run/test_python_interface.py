"""The Python interface on a real artifact, and every code block of docs/api.md."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import paramgolf
from paramgolf.cli.app import main
from paramgolf.errors import ProofError

BLOCKS = re.findall(
    r"^```python\n(.*?)^```$",
    (Path(__file__).parents[3] / "docs" / "api.md").read_text(),
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def model(finished):
    with paramgolf.load(finished.artifact) as model:
        yield model


def test_every_code_block_of_the_docs_runs(finished, files, tmp_path, monkeypatch, capsys):
    """Where the docs play `tiny`, the one run stands for it: its folder is the one that `tiny` would leave."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tiny-tiny-0").symlink_to(finished.folder)
    monkeypatch.chdir(tmp_path)
    play = paramgolf.run

    def stand_in(*, challenge):
        assert challenge == "tiny"
        one = {"corpus": str(files / "corpus"), "out": "out/tiny-tiny-0"}
        return play(str(files / "tiny.toml"), str(files / "short.toml"), **one, quiet=True)

    monkeypatch.setattr(paramgolf, "run", stand_in, raising=False)
    names = {}
    for block in BLOCKS:
        exec(compile(block, "docs/api.md", "exec"), names)
    out = capsys.readouterr().out
    assert f"{finished.result.bits_per_byte} True out/tiny-tiny-0/model.pyz" in out
    assert "There is no artifact at nowhere.pyz" in out
    assert isinstance(names["verdict"], paramgolf.Verdict)
    assert names["document"].text.startswith(b"My fellow Americans")


def test_bits_of_bytes_and_of_the_end_sum_to_what_the_command_measures(model, finished, tmp_path, capsys):
    text = "It is not the Union of 1950; NASA and McDonald's say so.\n" * 3
    (tmp_path / "text.txt").write_text(text)
    main(["score", str(finished.artifact), "--documents", str(tmp_path / "text.txt"), "--json"])
    measured = json.loads(capsys.readouterr().out)
    score = model.score(text)
    (document,) = score.documents
    assert score.bits == measured["bits"]
    assert document.byte_bits.sum() + document.end_bits == pytest.approx(score.bits)
    assert b"".join(piece for piece, _ in document.pieces) == text.encode()
    assert np.diff(document.token_ends).min() >= 0
    # Token by token, not in one lump.
    assert len(document.pieces) > len(text) / 10


def test_a_finished_run_is_given_again_without_a_word(finished, files, capsys):
    one = {"corpus": str(files / "corpus"), "out": finished.folder, "quiet": True}
    result = paramgolf.run(str(files / "tiny.toml"), str(files / "short.toml"), **one)
    assert capsys.readouterr().out == ""
    assert result.artifact_sha256 == finished.result.artifact_sha256
    assert (result.artifact, result.report) == (finished.artifact, finished.folder / "report.html")
    assert vars(finished.result).items() <= vars(result).items()


def test_a_run_that_was_not_proven_raises(finished, files, tmp_path):
    for path in finished.folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "result.json").unlink()
    (tmp_path / "report.html").unlink()
    result = json.loads((finished.folder / "result.json").read_text())
    (tmp_path / "result.json").write_text(
        json.dumps(result | {"proven": False, "proof_failure": "It differs."})
    )
    one = {"corpus": str(files / "corpus"), "out": tmp_path, "quiet": True}
    with pytest.raises(ProofError, match="It differs"):
        paramgolf.run(str(files / "tiny.toml"), str(files / "short.toml"), **one)


def test_the_command_and_the_interface_compress_alike(model, finished, tmp_path):
    (tmp_path / "text").write_text("the state of the Union")
    main(["compress", str(finished.artifact), str(tmp_path / "text"), str(tmp_path / "small")])
    assert model.compress("the state of the Union") == (tmp_path / "small").read_bytes()
