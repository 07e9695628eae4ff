"""The ledger's schema, one migration after the other."""

import sqlite3

import pytest

from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ledger.migrations import migrate, migrations, version_of
from paramgolf.errors import LedgerError

EVENT = (1, "invalidated", "mine", None, "2026-11-22T00:00:00+00:00", "me", "so", "{}", "c" * 64)
INSERT = "INSERT INTO events (number, kind, entry, key, at, who, why, body, chain) VALUES (?,?,?,?,?,?,?,?,?)"


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def test_numbers_follow_one_another():
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_1_makes_the_events(connection):
    migrate(connection, up_to=1)
    connection.execute(INSERT, EVENT)
    assert version_of(connection) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET why = 'otherwise'",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events",
        "INSERT OR REPLACE INTO events SELECT 2, kind, entry, 'key', at, who, why, body, 'd' FROM events",
        "INSERT INTO events SELECT 3, kind, entry, NULL, at, who, why, body, 'd' FROM events",
    ],
)
def test_2_keeps_what_was_there_and_makes_it_append_only(connection, change):
    migrate(connection, up_to=1)
    connection.execute(INSERT, (*EVENT[:3], "key", *EVENT[4:]))
    migrate(connection)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change)
    assert connection.execute("SELECT count(*), max(why) FROM events").fetchone() == (1, "so")


def test_again_changes_nothing(connection):
    migrate(connection)
    before = list(connection.iterdump())
    migrate(connection)
    assert list(connection.iterdump()) == before


def test_a_newer_ledger_is_refused_with_the_mend(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match=r"99.*Upgrade paramgolf"):
        Ledger(path)


@pytest.mark.parametrize("text", ["CREATE TABLE other (x)", None])
def test_another_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "other"
    if text:
        with sqlite3.connect(path) as connection:
            connection.execute(text)
    else:
        path.write_bytes(b"This is a letter, not a database. " * 100)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="cannot be opened as a ledger"):
        Ledger(path)
    assert path.read_bytes() == before
