"""A speedrun from its challenge to a ranked row: trained, asked, packed, entered, judged."""

import json
import shutil
import tomllib
from dataclasses import replace

import pytest

from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings
from paramgolf.board.ranking.standings import Status
from paramgolf.cli.app import main
from paramgolf.common.files import sha256_of
from paramgolf.errors import UsageError
from paramgolf.lab.new_entry import new_entry
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import read_result
from paramgolf.lab.run.settings import load_settings
from paramgolf.lab.run.training import train_in

pytestmark = pytest.mark.slow

MADE = {"title": "Mine", "author": "Ada", "track": "fixed", "record": False, "licence": "MIT"}
BITS_KEYS = "record_margin_nats = 0.005\nreference_bytes_per_token = 2.436\n"


@pytest.fixture(scope="module")
def game(files, tmp_path_factory):
    """Challenge, recipe and corpus: the small game's, as a speedrun that a few steps win, on a tenth of its text."""
    folder = tmp_path_factory.mktemp("speedrun")
    rules = (files / "short.toml").read_text()
    rules = rules.replace('"short"', '"sprint"').replace('"bits_per_byte"', '"seconds_to_target"')
    keys = "target_bits_per_byte = 3.9\ntarget_questions = 4\nrecord_margin_seconds = 0.1\n"
    (folder / "sprint.toml").write_text(rules.replace(BITS_KEYS, keys))
    recipe = (files / "tiny.toml").read_text()
    (folder / "sprinter.toml").write_text(recipe.replace("[training]\n", "[training]\ntokens = 40_960\n"))
    shutil.copytree(files / "corpus", folder / "corpus")
    validation = folder / "corpus" / "validation.jsonl"
    validation.write_text("".join(validation.read_text().splitlines(keepends=True)[::10]))
    return folder


def arguments(game):
    return [game / "sprinter.toml", "--challenge", game / "sprint.toml", "--corpus", game / "corpus"]


@pytest.fixture(scope="module")
def reached(game):
    """The folder of a run that reached its target."""
    main(["run", *map(str, arguments(game)), "--out", str(game / "out")])
    return game / "out"


def test_the_run_ends_at_the_question_that_finds_the_target_reached(reached):
    result = read_result(reached / "result.json")
    assert result.target.questions == 1
    assert result.target.bits_per_byte == result.bits_per_byte <= 3.9
    # 40 % of the tokens that the recipe asks for
    assert result.train_tokens == 16_384


def test_the_artifact_that_was_measured_is_the_one_that_the_run_leaves(reached):
    question = reached / "question" / "model.pyz"
    assert sha256_of(question) == sha256_of(reached / "model.pyz")
    assert json.loads((reached / "target.json").read_text())["artifact_sha256"] == sha256_of(question)


def test_the_seconds_go_from_the_result_to_a_ranked_row(reached, game, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = read_result(reached / "result.json")
    new_entry(tmp_path / "mine", [reached], **MADE)
    entered = tomllib.loads((tmp_path / "mine" / "entry.toml").read_text())["seeds"][0]
    assert entered["target"]["seconds"] == result.target.seconds
    terms = [str(word) for word in arguments(game)[1:]]
    for words in (["init"], ["add", "mine"]):
        main(["board", *words])
    with pytest.raises(SystemExit) as stop:
        main(["board", "judge", "mine", *terms])
    assert stop.value.code == 0
    ledger = Ledger(tmp_path / "board")
    row = read_standings(ledger).row("mine")
    assert (row.status, row.place) == (Status.NON_RECORD, 1), row.status_reason
    assert row.objective.name == "seconds_to_target"
    assert row.score == result.target.seconds
    assert row.verdict.scores[0].target == result.target


def test_a_target_out_of_reach_is_asked_for_to_the_end_and_makes_no_entry(game, tmp_path, capfd):
    settings = settings_of(game)
    rules = replace(settings.challenge, target_bits_per_byte=0.5, target_questions=2)
    alone = replace(settings.recipe, training=replace(settings.recipe.training, cpu_processes=1))
    settings = replace(settings, challenge=rules, recipe=alone)
    train_in(settings, RunFolder(tmp_path), Reporter())
    assert "question 2 of 2" in capfd.readouterr().out
    assert not (tmp_path / "target.json").exists()


def test_a_run_that_was_stopped_is_not_gone_on_with(game, tmp_path):
    settings, folder = settings_of(game), RunFolder(tmp_path)
    folder.claim(settings)
    state = {"checkpoint": "step_00000003", "step": 3, "tokens": 6144, "seconds": 0.1, "loss": 5.0, "seed": 0}
    state |= {"recipe": "", "finished": False, "parts": []}
    folder.checkpoint.mkdir()
    (folder.checkpoint / "state.json").write_text(json.dumps(state))
    with pytest.raises(UsageError, match="its clock does not know"):
        train_in(settings, folder, Reporter())


def test_a_run_without_its_target_makes_no_entry(reached, tmp_path):
    for name in ("run.json", "model.pyz"):
        (tmp_path / name).write_bytes((reached / name).read_bytes())
    table = json.loads((reached / "result.json").read_text())
    del table["target"]
    (tmp_path / "result.json").write_text(json.dumps(table))
    with pytest.raises(UsageError, match="its target was not reached"):
        new_entry(tmp_path / "mine", [tmp_path], **MADE)


def settings_of(game):
    return load_settings(
        str(game / "sprinter.toml"), str(game / "sprint.toml"), corpus=str(game / "corpus"), seed=0
    )


def test_calibration_is_refused_against_a_target(game, tmp_path):
    settings = settings_of(game)
    scheme = replace(settings.recipe.schemes()["matrices"], feedback=True)
    settings = replace(settings, recipe=replace(settings.recipe, weights={"matrices": scheme}))
    with pytest.raises(UsageError, match="before any calibration"):
        train_in(settings, RunFolder(tmp_path), Reporter())
