"""A ledger of before the journal is taken over: every event keeps its number and its chain hash."""

import sqlite3
from pathlib import Path

import pytest

from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ledger.sqlite_ledger import SQLITE_LEDGER, TAKEN_OVER
from paramgolf.errors import LedgerError, UsageError

# what the last version without a journal wrote
DUMP = Path(__file__).parent / "sqlite_ledger.sql"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "board"
    folder.mkdir()
    execute(folder, DUMP.read_text())
    execute(folder, "PRAGMA journal_mode = WAL")
    return folder


def execute(folder, script):
    connection = sqlite3.connect(folder / SQLITE_LEDGER)
    connection.executescript(script)
    connection.close()


def rows(folder):
    connection = sqlite3.connect(folder / SQLITE_LEDGER)
    found = connection.execute("SELECT number, kind, entry, at, who, why, chain FROM events").fetchall()
    connection.close()
    return found


def said(ledger):
    return [(e.number, e.body.kind, e.entry, e.at, e.who, e.why, e.chain) for e in ledger.events()]


def test_every_event_keeps_its_number_and_its_hash(folder):
    expected = rows(folder)
    assert said(Ledger(folder, create=True)) == expected
    assert said(Ledger(folder)) == expected
    assert not (folder / SQLITE_LEDGER).exists()
    assert (folder / TAKEN_OVER).is_file()


def test_until_then_it_is_neither_read_nor_changed(folder):
    before = (folder / SQLITE_LEDGER).read_bytes()
    with pytest.raises(UsageError, match="board init"):
        Ledger(folder)
    assert [path.name for path in folder.iterdir()] == [SQLITE_LEDGER]
    assert (folder / SQLITE_LEDGER).read_bytes() == before


def test_one_that_was_killed_on_the_way_goes_on(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("paramgolf.board.ledger.ledger.EVENTS_A_FILE", 5)
    monkeypatch.setattr("paramgolf.board.ledger.journal.EVENTS_A_FILE", 5)
    expected, old = rows(folder), (folder / SQLITE_LEDGER).read_bytes()
    ledger = Ledger(folder, create=True)
    assert len(ledger.journal.files()) == 3
    (folder / "journal" / "00000011.jsonl").unlink()
    (folder / SQLITE_LEDGER).write_bytes(old)
    assert said(Ledger(folder, create=True)) == expected


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("UPDATE events SET why = 'otherwise' WHERE number = 2", "event 2 is not as it was written"),
        ("DELETE FROM events WHERE number = 2", "event 2 is not as it was written"),
        ("UPDATE events SET body = '{}' WHERE number = 2", "no event"),
        ("PRAGMA user_version = 99", "schema 99.*Upgrade paramgolf"),
        ("PRAGMA application_id = 1", "something else"),
        ("DROP TABLE events", "cannot be taken over"),
    ],
)
def test_one_that_is_not_as_it_was_written_is_refused_and_left_alone(folder, script, message):
    triggers = ("events_are_not_changed", "events_are_not_deleted", "events_follow_one_another")
    execute(folder, "".join(f"DROP TRIGGER {name};" for name in triggers) + script)
    with pytest.raises(LedgerError, match=message):
        Ledger(folder, create=True)
    assert (folder / SQLITE_LEDGER).is_file()
    with pytest.raises(UsageError):
        Ledger(folder)


def test_two_ledgers_in_one_folder_are_not_joined(folder, tmp_path):
    old = (folder / SQLITE_LEDGER).read_bytes()
    Ledger(folder, create=True)
    line = (folder / "journal" / "00000001.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal" / "00000001.jsonl").write_bytes(b"".join(line[:12]))
    from paramgolf.board.intake.intake import rule_invalid

    rule_invalid(Ledger(folder), "second", who="me", why="so")
    (folder / SQLITE_LEDGER).write_bytes(old)
    with pytest.raises(LedgerError, match="different events"):
        Ledger(folder, create=True)


def test_a_file_that_is_no_database_is_refused(folder):
    (folder / SQLITE_LEDGER).write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(LedgerError, match="cannot be taken over"):
        Ledger(folder, create=True)
