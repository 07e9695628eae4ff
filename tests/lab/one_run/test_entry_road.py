"""From a finished run to a verdict: `new entry`, `verify`, and what the recipe says in between."""

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from itertools import islice

import pytest

from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings
from paramgolf.cli.app import main
from paramgolf.corpus import read_documents, write_documents
from paramgolf.errors import UsageError
from paramgolf.judge.verdict import Outcome
from paramgolf.lab.new_entry import new_entry, recipe_toml
from paramgolf.train.recipe.files import load_recipe, recipe_names

MADE = {"title": "Mine", "author": "Ada", "track": "fixed", "record": False, "licence": "MIT"}


def paramgolf(*arguments):
    command = [sys.executable, "-m", "paramgolf", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=500)


def test_a_run_becomes_an_entry_that_is_valid(finished, files, tmp_path):
    entry = tmp_path / "mine"
    made = paramgolf("new", "entry", entry, "--from", finished.folder, "--author", "Ada")
    assert made.returncode == 0, made.stderr
    judged = paramgolf(
        *("verify", entry, "--challenge", files / "short.toml", "--corpus", files / "corpus", "--reproduce")
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    verdict = json.loads((entry / "verdict.json").read_text())
    assert verdict["standing"] == "valid"
    assert verdict["scores"][0]["bits_per_byte"] == finished.result.bits_per_byte
    findings = {finding["rule"]: finding for finding in verdict["findings"]}
    assert findings["R14"]["outcome"] == "pass", findings["R14"]
    assert f"{finished.result.train_tokens:,} tokens" in findings["R14"]["evidence"]
    # A slower hour than that of the run may take longer than the clock for the same tokens.
    assert findings["R18"]["outcome"] in ("pass", "undecided")
    assert (
        f"{finished.result.train_tokens:,} tokens"
        in findings["R18"]["measured"] + findings["R18"]["evidence"]
    )
    assert "Mine" not in (entry / "verdict.html").read_text()
    assert f"{finished.result.bits_per_byte:.4f} bits per byte over 1 seed" in judged.stdout


def test_an_entry_holds_the_papers_of_its_run(finished, tmp_path):
    new_entry(tmp_path / "mine", [finished.folder], **MADE)
    entry = tomllib.loads((tmp_path / "mine" / "entry.toml").read_text())
    assert entry["seeds"][0]["sha256"] == finished.result.artifact_sha256
    for key in ("artifact", "result", "log", "manifest"):
        assert (tmp_path / "mine" / entry["seeds"][0][key]).is_file()
    with pytest.raises(UsageError, match="there already"):
        new_entry(tmp_path / "mine", [finished.folder], **MADE)


def test_the_same_seed_twice_makes_no_entry(finished, tmp_path):
    with pytest.raises(UsageError, match=r"seeds \[0, 0\]"):
        new_entry(tmp_path / "mine", [finished.folder, finished.folder], **MADE)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run_makes_no_entry(tmp_path):
    with pytest.raises(UsageError, match="no run folder"):
        new_entry(tmp_path / "mine", [tmp_path], **MADE)
    with pytest.raises(UsageError, match="at least one run"):
        new_entry(tmp_path / "mine", [], **MADE)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_reads_back_as_it_was(name, tmp_path):
    recipe = load_recipe(name)
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_toml(recipe))
    assert load_recipe(str(path)) == replace(recipe, name="recipe")


def test_the_board_has_a_stored_entry_trained_again(finished, files, tmp_path, monkeypatch):
    """Its log is cut to its first steps, so that training is short, and cannot make what was entered.

    Two documents are scored; the manifest, which is of all, is left out.
    """
    monkeypatch.chdir(tmp_path)
    write_documents(tmp_path / "two.jsonl", islice(read_documents(finished.documents), 2))
    new_entry(tmp_path / "mine", [finished.folder], **MADE)
    log = tmp_path / "mine" / "seeds" / "0" / "log.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:3]))
    entry = tmp_path / "mine" / "entry.toml"
    lines = entry.read_text().splitlines(keepends=True)
    entry.write_text("".join(line for line in lines if not line.startswith("manifest")))
    terms = ("--challenge", str(files / "short.toml"), "--corpus", str(files / "corpus"))
    judge = ("judge", "mine", *terms, "--documents", str(tmp_path / "two.jsonl"), "--reproduce")
    for words in (("init",), ("add", "mine"), judge):
        try:
            main(["board", *words])
        except SystemExit as stop:
            assert (words, stop.code) == (judge, 1)  # noqa: PT017 - a cheat's exit, not an error's message
    ledger = Ledger(tmp_path / "board")
    row = read_standings(ledger).row("mine")
    assert row.verdict.trained_again == 0
    assert row.verdict.reproduction.outcome is Outcome.FAIL
    assert "Seed 0 was trained again from its recipe: fail" in row.verdict.reproduction_in_words
    assert [event.why for event in row.events if event.kind == "judged"] == ["judged, seed 0 trained again"]
