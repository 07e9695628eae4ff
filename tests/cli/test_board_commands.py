"""The commands, in the order of their use."""

import json
import sqlite3
from pathlib import Path

import pytest
from board_factory import BETTER, RECORD, filled_ledger, make_entry, make_verdict, trained_again

from paramgolf.cli.app import main
from paramgolf.judge.verdict import Outcome, Validity, write_verdict

SQLITE_DUMP = Path(__file__).parents[1] / "board" / "ledger" / "sqlite_ledger.sql"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def board(here, capsys):
    def run(*words, status=0):
        try:
            main(["board", *words])
            found = 0
        except SystemExit as stop:
            found = stop.code or 0
        said = capsys.readouterr()
        assert found == status, said
        return said.out + said.err

    return run


def test_from_an_empty_folder_to_a_ranking_and_back(board, here):
    assert "board init" in board("list", status=2)
    board("init")
    assert "No entries yet" in board("list")
    for name, scores in (("first", RECORD), ("second", BETTER)):
        make_entry(here / name, scores=scores, parents=("first",) if name == "second" else ())
        write_verdict(here / f"{name}.json", make_verdict(name, scores))
        assert f"board judge {name}" in board("add", name, "--changed", "More of it")
        assert f"{name} is record" in board("judge", name, "--verdict", f"{name}.json")
    table = board("list")
    assert "1.24003 ± 0.00025" in table
    assert "former record" in table
    assert "second" in board("descendants", "first")
    assert "replay --apply second" in board("invalidate", "first", "--why", "It read the text.")
    shown = board("show", "second")
    assert "disputed" in shown
    assert "More of it" in shown
    board("reinstate", "first", "--why", "It did not.")
    assert "no problems" in board("check")


def test_json_is_all_there_is_on_standard_output(here, capsys):
    filled_ledger(here)
    main(["board", "list", "--json", "--track", "fixed"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["place"] for row in rows] == [1, 2, 3, 4, 4, None, None, None, None]
    assert {row["track"] for row in rows} == {"fixed"}
    main(["board", "show", "odd-idea", "--json"])
    assert json.loads(capsys.readouterr().out)["events"][-1]["kind"] == "ranked"


def test_an_invalid_verdict_is_written_and_exits_1(board, here):
    board("init")
    make_entry(here / "mine")
    board("add", "mine")
    write_verdict(here / "v.json", make_verdict("mine", standing=Validity.INVALID))
    assert "failed R06 causality" in board("judge", "mine", "--verdict", "v.json", status=1)


def test_a_verdict_that_is_given_cannot_be_reproduced_as_well(board, here):
    said = board("judge", "mine", "--verdict", "v.json", "--reproduce", status=2)
    assert "Leave out --verdict, or --reproduce." in said


def test_the_table_and_a_row_say_what_training_again_came_to(board, here):
    board("init")
    make_entry(here / "mine")
    board("add", "mine")
    write_verdict(here / "v.json", trained_again(make_verdict("mine"), Outcome.PASS))
    board("judge", "mine", "--verdict", "v.json")
    assert "trained again: pass" in " ".join(board("list").split())
    shown = " ".join(board("show", "mine").split())
    assert "Seed 0 was trained again from its recipe: pass, 1.2500 entered, 1.2501 trained again" in shown
    assert "judged, seed 0 trained again" in shown
    assert json.loads(board("list", "--json"))["rows"][0]["trained_again"] == 0


def test_a_ledger_with_a_problem_exits_1_and_says_the_mend(board, here):
    filled_ledger(here)
    next((here / "board" / "store").glob("*/*")).unlink()
    assert "fix: Bring that file" in board("check", status=1)


@pytest.mark.parametrize("words", [("show", "basline"), ("judge", "basline"), ("descendants", "basline")])
def test_a_mistyped_name_lists_near_ones(board, here, words):
    filled_ledger(here)
    assert "Did you mean 'baseline'" in board(*words, status=2)


def test_init_takes_a_ledger_in_sqlite_over_and_the_rest_asks_for_it(board, here):
    (here / "board").mkdir()
    connection = sqlite3.connect(here / "board" / "ledger.sqlite")
    connection.executescript(SQLITE_DUMP.read_text())
    connection.close()
    assert "paramgolf board init --ledger board" in board("check", status=2)
    assert "The store does not give" in board("init", status=1)  # only its events are here
    assert "named by none" in board("check", status=1)
    assert "second" in (here / "board" / "journal" / "00000001.jsonl").read_text()
