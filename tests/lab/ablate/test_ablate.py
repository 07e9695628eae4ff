"""A real ablation, small: a pair of runs, compared, resumed, and refused where its folder holds another."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from paramgolf.cli.app import main
from paramgolf.errors import TrainingError
from paramgolf.lab.ablate.ablate import _shortened
from paramgolf.lab.ablate.plan import Run
from paramgolf.lab.ablate.rounds import run_at_once
from paramgolf.lab.executor.local import LocalExecutor
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import read_settings

pytestmark = pytest.mark.slow

TOKENS = 4 * 2048


@pytest.fixture(scope="module")
def call(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation")
    words = [
        "ablate",
        files / "tiny.toml",
        "--without",
        "model.softcap_kind",
        "--seeds",
        1,
        "--tokens",
        TOKENS,
    ]
    return [
        *words,
        "--challenge",
        files / "short.toml",
        "--corpus",
        files / "corpus",
        "--out",
        folder / "out",
    ]


@pytest.fixture(scope="module")
def done(call, tmp_path_factory):
    """The folder of the ablation, after it was run."""
    main([*map(str, call)])
    return Path(call[-1])


def test_the_result_holds_both_sides_and_their_difference(done):
    result = json.loads((done / "ablation.json").read_text())
    (comparison,) = result["comparisons"]
    (base,), (variant,) = comparison["base"], comparison["variant"]
    assert comparison["change"] == 'model.softcap_kind = "tanh"'
    assert base["tokens"] == variant["tokens"] == TOKENS
    difference = variant["packed_bits_per_byte"] - base["packed_bits_per_byte"]
    assert comparison["packed"]["mean"] == pytest.approx(difference)
    assert comparison["packed"]["low"] is None
    assert 0 < abs(difference) < 0.5


def test_training_saw_neither_what_was_held_back_nor_validation(done, files):
    held = (done / "corpus" / "validation.jsonl").read_text().splitlines()
    train = (done / "corpus" / "train.jsonl").read_text().splitlines()
    validation = (files / "corpus" / "validation.jsonl").read_text().splitlines()
    assert held
    assert not set(held) & set(train)
    assert not set(validation) & set(train + held)


def test_the_same_call_again_repeats_nothing_and_shows_the_table(done, call, capsys):
    before = {path: path.stat().st_mtime_ns for path in done.rglob("measured.json")}
    main([*map(str, call), "--markdown"])
    out = capsys.readouterr().out
    assert len(before) == 2
    assert {path: path.stat().st_mtime_ns for path in done.rglob("measured.json")} == before
    assert out.count("finished before") == 2
    for part in ("float32 weights", "tokens/s", "verdict:", "one seed", "held back by documents"):
        assert part in out
    assert '| `model.softcap_kind = "tanh"` | 1 | ' in out


def test_json_is_printed_alone(done, call, capsys):
    main([*map(str, call), "--json"])
    assert json.loads(capsys.readouterr().out) == json.loads((done / "ablation.json").read_text())


def test_another_budget_in_the_same_folder_is_refused(done, call, capsys):
    with pytest.raises(SystemExit):
        main(["4096" if word == TOKENS else str(word) for word in call])
    assert "holds another run (challenge.train_bytes" in capsys.readouterr().err


def test_a_run_that_fails_says_what_it_said(done, tmp_path):
    settings = read_settings(next(done.rglob("run.json")))
    run = Run(label="base", recipe=settings.recipe, seed=0, folder=Path("runs", "broken"))
    folder = RunFolder(tmp_path / run.folder)
    folder.claim(settings)
    folder.data.symlink_to(next(done.rglob("tokens/*/data")))
    (folder.path / "checkpoint").mkdir()
    (folder.path / "checkpoint" / "state.json").write_text("{}")
    with (
        LocalExecutor() as executor,
        pytest.raises(TrainingError, match=r"base, seed 0: failed \(status 1\): .*state\.json is damaged"),
    ):
        run_at_once("round 1 of 1", [run], executor, tmp_path, Reporter())


def test_a_shortened_budget_replaces_the_challenges(settings):
    tokens = _shortened(settings.challenge, 1000, None, 2.5)
    assert (tokens.train_seconds, tokens.train_bytes) == (None, 2500)
    seconds = _shortened(replace(settings.challenge, train_bytes=7), None, 9.0, 2.5)
    assert (seconds.train_seconds, seconds.train_bytes) == (9.0, None)
    assert _shortened(settings.challenge, None, None, 2.5) == settings.challenge


def test_a_game_with_a_target_is_refused(call, capsys):
    with pytest.raises(SystemExit):
        main(["local-speedrun" if str(word).endswith("short.toml") else str(word) for word in call])
    assert "ends a run at its target" in capsys.readouterr().err
