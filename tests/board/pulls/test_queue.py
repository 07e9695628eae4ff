"""The queue says of each pull request where it is, and why it stopped."""

import json
import os
import subprocess
import sys

import pytest
from bare_game import entry_files, verdict_by_hand

from paramgolf.board.pulls.judging import PullJob, judge_pull
from paramgolf.board.pulls.pull_state import PullFolder, PullStatus, State, now
from paramgolf.board.pulls.queue import Place, queue
from paramgolf.errors import SandboxError
from paramgolf.judge.verdict import Validity


@pytest.fixture
def road(game, tmp_path):
    """The clone, the folder, and judging in it."""
    clone, out = game.clone(tmp_path / "out"), tmp_path / "out"

    def judge(pull, verdict):
        judge_pull(PullJob(clone=clone, pull=pull, out=out / str(pull), judge=verdict))

    return clone, out, judge


def places(road):
    return {one.pull: (one.place, one.why) for one in queue(road[0], road[1])}


def test_each_pull_request_has_its_place(game, road):
    _, _, judge = road
    for number in (1, 2, 3, 4, 5):
        game.pull(number, entry_files(f"entry{number}"))
    judge(2, lambda f: verdict_by_hand(f.name))
    judge(3, lambda f: verdict_by_hand(f.name, standing=Validity.INVALID))
    judge(4, lambda f: verdict_by_hand(f.name))
    game.merge(4, squash=True)
    game.merge(5)
    seen = places(road)
    assert {number: place for number, (place, _) in seen.items()} == {
        1: Place.WAITING,
        2: Place.PASSED,
        3: Place.FAILED,
        4: Place.MERGED,
        5: Place.MERGED,
    }
    assert "R02 size" in seen[3][1]


def test_what_is_being_judged_says_by_whom(game, road):
    game.pull(1, entry_files("mine"))
    seen = []
    road[2](1, lambda f: seen.append(places(road)[1]) or verdict_by_hand(f.name))
    assert seen[0][0] is Place.JUDGING
    assert f"process {os.getpid()}" in seen[0][1]


def test_a_judge_that_stopped_says_why(game, road):
    game.pull(1, entry_files("mine"))

    def broken(folder):
        raise SandboxError("no user namespaces here")

    with pytest.raises(SandboxError):
        road[2](1, broken)
    place, why = places(road)[1]
    assert place is Place.STOPPED
    assert "no user namespaces here" in why


def test_a_judge_that_is_gone_is_recognised(game, road):
    head = game.pull(1, entry_files("mine"))
    folder = PullFolder(folder=road[1] / "1")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with folder.at_work():
        folder.begin(PullStatus(pull=1, state=State.PENDING, description="Being judged", sha=head, at=now()))
        text = folder.holder.read_text().replace(str(os.getpid()), str(dead.pid))
    folder.holder.write_text(text)
    place, why = places(road)[1]
    assert place is Place.STOPPED
    assert f"process {dead.pid}" in why
    assert "paramgolf judge-pr --pull 1" in why


def test_a_branch_that_moved_waits_again(game, road):
    game.pull(1, entry_files("mine"))
    road[2](1, lambda f: verdict_by_hand(f.name))
    game.pull(1, entry_files("mine", artifact=b"newer"))
    assert places(road)[1][0] is Place.WAITING


def test_the_command_prints_a_table_or_json(game, tmp_path, capsys):
    from paramgolf.cli.app import main

    game.pull(12, entry_files("mine"))
    words = ["board", "queue", "--remote", str(game.remote), "--out", str(tmp_path / "out")]
    main(words)
    assert "waiting" in capsys.readouterr().out
    main([*words, "--json"])
    assert json.loads(capsys.readouterr().out)[0]["pull"] == 12
    main([*words, "--pull", "13", "--json"])
    assert json.loads(capsys.readouterr().out) == []
