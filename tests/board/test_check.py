"""The check finds what was changed behind the ledger's back, and says what to do."""

import contextlib
import hashlib
import sqlite3

import pytest
from board_factory import BETTER, add_entry

from paramgolf.board.check import check
from paramgolf.board.ledger.events import chain_hash
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import settle
from paramgolf.errors import LedgerError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "board" / "ledger.sqlite"
    with Ledger(path, create=True) as ledger:
        add_entry(ledger, tmp_path / "first")
        add_entry(ledger, tmp_path / "second", BETTER)
        settle(ledger)
    return path


def tamper(path, statement):
    """As somebody would who has the file: the triggers are gone first."""
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount


def test_a_sound_ledger_has_no_problems_and_ends_in_its_head(path):
    checked = check(path)
    with Ledger(path) as ledger:
        assert checked.head == ledger.events()[-1].chain
    assert (checked.problems, checked.events, checked.unnamed) == ((), 6, 0)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE events SET why = 'otherwise' WHERE number = 2", "event 2, on first, was changed"),
        (
            "UPDATE events SET at = '2020-01-01T00:00:00+00:00' WHERE number = 3",
            "event 3, on second, was changed",
        ),
        (
            "UPDATE events SET body = replace(body, '\"record\":true', '\"record\":false') WHERE number = 1",
            "event 1",
        ),
        ("UPDATE events SET entry = 'other' WHERE number = 2", "event 2, on first, is filed as"),
        ("DELETE FROM events WHERE number = 2", "event 2 is missing"),
        ("DELETE FROM events WHERE number = 6", "does not say this of second"),
    ],
)
def test_what_was_changed_shows(path, statement, found):
    tamper(path, statement)
    problems = check(path).problems
    assert any(found in problem.what for problem in problems)
    assert all(problem.mend for problem in problems)


def test_a_rewritten_chain_still_cannot_say_what_could_not_happen(path):
    """Who has the file can also hash it anew; then the verdict that a record hangs on has to be there."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT number, at, who, why, body FROM events ORDER BY number").fetchall()
    tamper(path, "DELETE FROM events WHERE number > 0")
    before = "0" * 64
    with sqlite3.connect(path) as connection:
        for number, (_, at, who, why, body) in enumerate([row for row in rows if row[0] != 1], 1):
            before = chain_hash(before, number, at, who, why, body)
            connection.execute(
                "INSERT INTO events SELECT ?, json_extract(?, '$.kind'), json_extract(?, '$.entry'), "
                "NULL, ?, ?, ?, ?, ?",
                (number, body, body, at, who, why, body, before),
            )
    assert any("could not happen" in problem.what for problem in check(path).problems)


@pytest.mark.parametrize("spoil", [lambda p: p.unlink(), lambda p: p.write_bytes(b"other")])
def test_a_missing_or_changed_file_shows(path, spoil):
    with Ledger(path) as ledger:
        verdict = ledger.events()[1].body.verdict_sha256
    spoil(path.parent / "store" / verdict[:2] / verdict)
    (problem,) = check(path).problems
    assert verdict in problem.what
    assert "Bring that file" in problem.mend


def test_a_file_that_no_event_names_is_counted_and_no_problem(path):
    with Ledger(path) as ledger:
        assert ledger.store.put(b"left by a crash") == hashlib.sha256(b"left by a crash").hexdigest()
    assert (check(path).unnamed, check(path).problems) == (1, ())


def test_a_ranking_that_was_never_written_down_shows(path, tmp_path):
    with Ledger(path) as ledger:
        add_entry(ledger, tmp_path / "third")
    (problem,) = check(path).problems
    assert "third: ranked" in problem.what
    assert "board init" in problem.mend
    with Ledger(path) as ledger:
        settle(ledger)
    assert check(path).problems == ()


def test_a_damaged_database_is_said_to_be(path):
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 2 + 600] = b"\xff" * 600
    path.write_bytes(data)
    with contextlib.suppress(LedgerError):
        assert check(path).problems
