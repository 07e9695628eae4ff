"""What is taken in from outside: a stranger's folder, a verdict from anywhere."""

import os

import pytest
from board_factory import make_entry, make_verdict

from paramgolf.board.intake import intake
from paramgolf.board.intake.intake import hand_in, verdict_in
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.errors import EntryError, UsageError
from paramgolf.judge.verdict import write_verdict

ME = {"who": "me", "why": "so"}


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "board", create=True)


@pytest.fixture
def entry(tmp_path):
    return make_entry(tmp_path / "mine")


def test_every_regular_file_is_kept_but_what_the_judge_left(ledger, entry):
    (entry / "notes").mkdir()
    (entry / "notes" / "what did not work.md").write_text("Much.")
    before = hand_in(ledger, entry, **ME)
    write_verdict(entry / "verdict.json", make_verdict("mine"))
    (entry / "verdict.html").write_text("<p>")
    assert hand_in(ledger, entry, **ME) == before
    kept = {file.path: ledger.store.get(file.sha256) for file in before.body.files}
    assert kept == {
        path.relative_to(entry).as_posix(): path.read_bytes()
        for path in entry.rglob("*")
        if path.is_file() and not path.name.startswith("verdict")
    }


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda e: (e / "link").symlink_to("/etc/passwd"), "symbolic link"),
        (lambda e: os.mkfifo(e / "pipe"), "FIFO"),
        (lambda e: (e / "entry.toml").unlink(), "no entry.toml"),
        (lambda e: (e / "entry.toml").write_bytes(b"x" * 70_000), "at most 65,536"),
        (lambda e: (e / "entry.toml").write_text("title = "), "no TOML"),
        (lambda e: (e / "a\nb").write_text("x"), "Rename it"),
        (lambda e: [(e / f"file-{n}").touch() for n in range(intake.MOST_FILES)], "more than 500 names"),
        (lambda e: (e / "big").write_bytes(b"x" * 2000), "at most 1,000"),
    ],
)
def test_what_no_entry_may_hold_is_refused_and_leaves_no_event(ledger, entry, spoil, message, monkeypatch):
    spoil(entry)
    if (entry / "big").exists():
        monkeypatch.setattr(intake, "LARGEST_ENTRY", 1000)
    with pytest.raises(EntryError, match=message):
        hand_in(ledger, entry, **ME)
    assert ledger.events() == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "../mine"}, "entry"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"changed": "x\x1b[2J"}, "changed"),
        ({"handed_in_at": "yesterday"}, "handed_in_at"),
        ({"handed_in_at": "2999-01-01T00:00:00+00:00"}, "not yet"),
    ],
)
def test_a_wrong_value_is_named(ledger, entry, given, message):
    with pytest.raises(UsageError, match=message):
        hand_in(ledger, entry, **ME, **given)


def test_a_verdict_may_lie_anywhere_but_has_to_be_one(tmp_path):
    write_verdict(tmp_path / "v.json", make_verdict("mine"))
    assert verdict_in(tmp_path / "v.json") == make_verdict("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "text").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "v.json")
    for name in ("pipe", "text", "link", "missing"):
        with pytest.raises(UsageError, match="no verdict"):
            verdict_in(tmp_path / name)
