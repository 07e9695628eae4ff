"""After the merge: ledger and site on main, in one commit, whoever else pushes; again, nothing changes."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from bare_game import entry_files, git, verdict_by_hand
from small_game import CHALLENGE_TOML

from paramgolf.board.ledger.events import History, body_json
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.pulls.accepting import AcceptJob, accept, what_is_new
from paramgolf.board.pulls.judging import PullJob, judge_pull
from paramgolf.board.pulls.main_entries import judge_merged, merged_entries
from paramgolf.board.pulls.publication import Publication
from paramgolf.board.pulls.pull_state import PullFolder
from paramgolf.board.ranking.ranking import read_standings
from paramgolf.board.ranking.standings import Status
from paramgolf.challenge import load_challenge
from paramgolf.errors import PullError

pytestmark = pytest.mark.slow
SQLITE_DUMP = Path(__file__).parents[1] / "ledger" / "sqlite_ledger.sql"


@pytest.fixture(scope="session")
def challenge(tmp_path_factory):
    path = tmp_path_factory.mktemp("challenge") / "game.toml"
    path.write_text(CHALLENGE_TOML)
    return load_challenge(str(path))


class Road:
    """Pull requests that are judged by hand and accepted in truth."""

    def __init__(self, game, challenge, folder):
        self.game, self.challenge, self.out, self.said = game, challenge, folder / "out", []

    def judged(self, number, name, **verdict):
        """Open and judge a pull request."""
        artifact = verdict.pop("artifact", name.encode())
        self.game.pull(number, entry_files(name, artifact=artifact))
        job = PullJob(
            clone=self.game.clone(self.out),
            pull=number,
            out=self.out / str(number),
            judge=lambda folder: verdict_by_hand(folder.name, artifact=artifact, **verdict),
        )
        judge_pull(job)

    def merged(self, number, name, squash=False, **verdict):
        self.judged(number, name, **verdict)
        self.game.merge(number, squash=squash)

    def accept(self, folder="out", **changes):
        options = {
            "clone": self.game.clone(self.out.parent / folder),
            "judged": self.out,
            "challenge": lambda name: self.challenge,
            "site": "site",
            "title": "A game",
            "say": self.said.append,
        }
        return accept(AcceptJob(**(options | changes)))

    def standings(self, folder):
        """The ranking that main has, from a whole checkout."""
        git(folder, "clone", "-q", str(self.game.remote), str(folder / "checkout"))
        ledger = Ledger(folder / "checkout" / "board")
        return read_standings(ledger)


@pytest.fixture
def road(game, challenge, tmp_path):
    return Road(game, challenge, tmp_path)


def test_what_was_merged_is_entered_ranked_and_shown(road, game, tmp_path):
    road.merged(1, "mine")
    merged = game.head()
    accepted = road.accept()
    assert (accepted.entries, accepted.problems) == (("mine",), ())
    assert git(game.remote, "rev-parse", f"{accepted.commit}^") == merged
    row = road.standings(tmp_path).row("mine")
    assert (row.status, row.score) == (Status.RECORD, 1.0)
    assert "Entry mine" in game.show("index.html", branch="site").decode()
    changed = git(game.remote, "diff", "--name-only", merged, accepted.commit).split()
    assert {path.split("/")[0] for path in changed} == {"board"}


def test_the_site_is_one_commit_however_often_it_changes(road, game):
    for number, name in enumerate(("mine", "another"), 1):
        road.merged(number, name)
        road.accept()
    assert git(game.remote, "rev-list", "--count", "refs/heads/site") == "1"
    assert "Entry another" in game.show("index.html", branch="site").decode()


def test_again_it_changes_nothing(road, game):
    road.merged(1, "mine")
    road.accept()
    before = game.head()
    assert not road.accept(folder="another").changed
    assert game.head() == before


def test_a_committed_store_is_whole_and_its_artifacts_cost_nothing(road, game, tmp_path):
    """An artifact in the store is the very object that the entry's folder has."""
    road.merged(1, "mine", artifact=b"x" * 2_000_000)
    road.accept()
    standings = road.standings(tmp_path)
    assert standings.row("mine").artifact_bytes == 2_000_000
    lines = git(game.remote, "ls-tree", "-r", "-l", "refs/heads/main").splitlines()
    large = [line.split() for line in lines if line.split()[3] == "2000000"]
    assert len(large) == 2
    assert large[0][2] == large[1][2]


def test_entries_are_ranked_in_the_order_of_their_merges(road, tmp_path):
    road.judged(1, "slow", scores=(1.0,))
    road.merged(2, "quick", scores=(1.2,))
    road.accept()
    road.game.merge(1)
    road.accept()
    rows = road.standings(tmp_path).rows
    assert [row.entry for row in rows] == ["quick", "slow"]


def test_an_entry_without_a_verdict_waits_and_is_judged_from_main(road, game, tmp_path):
    game.push(entry_files("mine"))
    accepted = road.accept()
    assert "mine has no verdict yet" in accepted.problems[0]
    clone = game.clone(road.out)
    calls = []

    def judge(folder):
        calls.append(folder.name)
        return verdict_by_hand(folder.name)

    for _ in range(2):
        judge_merged(clone, road.out, judge, road.said.append)
    assert calls == ["mine"]
    judge_merged(clone, road.out, judge, road.said.append, reproduce=True)
    assert calls == ["mine", "mine"]
    assert road.accept().problems == ()
    assert judge_merged(clone, road.out, judge, road.said.append) == []
    assert road.standings(tmp_path).row("mine").status is Status.RECORD


def test_a_verdict_on_other_files_is_not_taken(road, game):
    road.judged(1, "mine")
    game.push(entry_files("mine", artifact=b"another"))
    assert "mine has no verdict yet" in road.accept().problems[0]


def test_a_broken_folder_of_main_hinders_no_other(road, game):
    game.push({"entries/broken/README.md": b"no entry.toml\n", "entries/loose": b"a file\n"})
    road.merged(1, "mine")
    accepted = road.accept()
    assert accepted.entries == ("mine",)
    assert accepted.problems[0].startswith("broken: ")


def test_a_pull_request_that_is_not_merged_is_not_accepted(road):
    road.judged(1, "mine")
    with pytest.raises(PullError, match="Pull request 1 is not on the main branch"):
        road.accept(only=frozenset({1}))


def test_one_pull_request_can_be_accepted_alone(road):
    road.merged(1, "one")
    road.merged(2, "two")
    assert road.accept(only=frozenset({2})).entries == ("two",)


def test_main_that_moves_between_fetch_and_push_costs_a_round_and_loses_nothing(
    road, game, tmp_path, monkeypatch
):
    road.merged(1, "mine")
    honest, pushes = Publication.push, []

    def push(self, message):
        pushes.append(message)
        if len(pushes) == 1:
            game.push({"README.md": b"# Changed meanwhile\n"})
        return honest(self, message)

    monkeypatch.setattr(Publication, "push", push)
    assert road.accept().entries == ("mine",)
    assert len(pushes) == 2
    assert game.show("README.md") == b"# Changed meanwhile\n"
    assert road.standings(tmp_path).row("mine").status is Status.RECORD


def test_two_at_once_both_succeed_and_enter_each_once(road, game, tmp_path):
    for number in (1, 2):
        road.merged(number, f"entry{number}", squash=number == 2)
    errors = []

    def run(folder):
        try:
            road.accept(folder=folder)
        except PullError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    rows = road.standings(tmp_path).rows
    assert sorted(row.entry for row in rows) == ["entry1", "entry2"]
    for row in rows:
        assert sorted(event.kind for event in row.events if event.kind in ("submitted", "judged")) == [
            "judged",
            "submitted",
        ]


KILLED = """
import os, signal, sys
from pathlib import Path
from paramgolf.board.pulls import accepting
from paramgolf.board.pulls.accepting import AcceptJob, accept
from paramgolf.board.pulls.clone import Clone
from paramgolf.challenge import load_challenge
accepting.build_site = lambda *words, **more: os.kill(os.getpid(), signal.SIGKILL)
out = Path(sys.argv[2])
accept(AcceptJob(
    clone=Clone.open(out / "repository.git", sys.argv[1]), judged=out,
    challenge=lambda name: load_challenge(sys.argv[3]), site="site", title="A game",
))
"""


def test_killed_half_way_main_is_as_it_was_and_then_it_finishes(road, game, tmp_path):
    road.merged(1, "mine")
    (tmp_path / "game.toml").write_text(CHALLENGE_TOML)
    before = game.head()
    words = [sys.executable, "-c", KILLED, str(game.remote), str(road.out), str(tmp_path / "game.toml")]
    assert subprocess.run(words, check=False).returncode == -9
    assert game.head() == before
    assert road.accept().entries == ("mine",)


def test_who_may_not_push_is_told(road, game):
    road.merged(1, "mine")
    hook = game.remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PullError, match="may push to main"):
        road.accept()


def test_a_site_keeps_what_is_not_of_it(road, game):
    road.merged(1, "mine")
    road.accept()
    files = {"CNAME": b"board.example\n"}
    game.set("refs/heads/site", game.commit(files, parent="refs/heads/site"))
    road.merged(2, "another")
    road.accept()
    assert game.show("CNAME", branch="site") == b"board.example\n"
    assert b"Entry another" in game.show("index.html", branch="site")


def test_a_site_that_moved_meanwhile_costs_a_round(road, game, monkeypatch):
    road.merged(1, "mine")
    road.accept()
    road.merged(2, "another")
    honest, pushes = Publication.push, []

    def push(self, message):
        pushes.append(message)
        if len(pushes) == 1:
            game.set("refs/heads/site", game.commit({"CNAME": b"x\n"}, parent="refs/heads/site"))
        return honest(self, message)

    before = game.head()
    monkeypatch.setattr(Publication, "push", push)
    assert road.accept().entries == ("another",)
    assert len(pushes) == 2
    assert game.show("CNAME", branch="site") == b"x\n"
    assert git(game.remote, "rev-list", "--count", f"{before}..refs/heads/main", "--", "board") == "1"


def test_the_site_of_a_version_before_moves_from_main_to_its_branch(road, game):
    files = {"site/CNAME": b"board.example\n", "site/board.json": b"{}", "site/index.html": b"old"}
    game.push(files)
    road.merged(1, "mine")
    road.accept()
    assert "site" not in git(game.remote, "ls-tree", "--name-only", "main").split()
    assert game.show("CNAME", branch="site") == b"board.example\n"
    assert b"Entry mine" in game.show("index.html", branch="site")


def test_a_folder_of_main_that_is_no_site_of_ours_stays(road, game):
    game.push({"site/mine.html": b"mine"})
    road.merged(1, "mine")
    road.accept()
    assert game.show("site/mine.html") == b"mine"


@pytest.mark.parametrize("name", ["main", "-x", "a b", "a..b", ""])
def test_a_branch_that_cannot_be_the_sites_is_refused(road, name):
    road.merged(1, "mine")
    with pytest.raises(PullError, match="cannot be the site's branch"):
        road.accept(site=name)


def test_what_is_new_is_the_first_paragraph(tmp_path):
    (tmp_path / "README.md").write_text("# Title\n\nA smaller\ntable.\x1b[31m\n\nMore.\n")
    assert what_is_new(tmp_path) == "A smaller table.\ufffd[31m"
    (tmp_path / "README.md").unlink()
    assert what_is_new(tmp_path) == ""


def test_a_verdict_that_a_kill_left_half_is_not_taken(road, game):
    road.merged(1, "mine")
    left = PullFolder(folder=road.out / "1")
    left.verdict.write_text(left.verdict.read_text().replace('"valid"', '"invalid"'))
    assert "mine has no verdict yet" in road.accept().problems[0]


def test_entries_come_in_the_order_of_their_merges_within_a_second_too(game, tmp_path):
    for name in ("third", "first", "second"):
        game.push(entry_files(name))
    game.push({"entries/first/README.md": b"# Better said\n"})
    clone = game.clone(tmp_path / "out")
    merged = merged_entries(clone, clone.fetch_main())
    assert [one.name for one in merged] == ["third", "second", "first"]
    assert merged[-1].commit == game.head()


def test_a_ledger_in_sqlite_on_main_is_taken_over(road, game, tmp_path):
    """The version before the journal committed one file; its events keep their places."""
    said = {
        "entry": "of-old",
        "title": "Of old",
        "authors": ("Bob",),
        "challenge": "parameter-golf",
        "track": "10min_16mb",
        "record": True,
        "published": True,
        "bits_per_byte": 1.2,
        "deviation": None,
        "seed_scores": (),
        "artifact_bytes": None,
        "handed_in_at": "2026-05-01T00:00:00+00:00",
    }
    old = Ledger(tmp_path / "old", create=True)
    event = old.append(History(**said), who="the import", why="so")
    game.push({"board/ledger.sqlite": sqlite_file(tmp_path / "ledger.sqlite", event)})
    road.merged(1, "mine")
    assert road.accept().problems == ()
    assert [row.entry for row in road.standings(tmp_path).rows] == ["of-old", "mine"]
    assert Ledger(tmp_path / "checkout" / "board").events()[0] == event
    assert git(game.remote, "ls-tree", "--name-only", "main:board").split() == [
        ".gitignore",
        "journal",
        "store",
    ]


def sqlite_file(path, event):
    """A ledger of one event, as the version before wrote it."""
    connection = sqlite3.connect(path)
    lines = SQLITE_DUMP.read_text().splitlines()
    connection.executescript("\n".join(line for line in lines if not line.startswith("INSERT")))
    body = event.body
    row = (event.number, body.kind, body.entry, body.key, event.at, event.who, event.why, body_json(body))
    connection.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?)", (*row, event.chain))
    connection.commit()
    connection.close()
    return path.read_bytes()


def test_one_entry_more_changes_one_file_of_the_journal(road, game):
    road.merged(1, "mine")
    road.accept()
    before = game.head()
    road.merged(2, "another")
    road.accept()
    changed = git(game.remote, "diff", "--name-only", before, game.head(), "--", "board").split()
    assert [path for path in changed if "/store/" not in path] == ["board/journal/00000001.jsonl"]
