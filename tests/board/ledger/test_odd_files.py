"""What lies in a ledger's folder and is no file of it; files handed in that were handed in before."""

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from paramgolf.board.check import check
from paramgolf.board.ledger.events import Invalidated, StoredFile, Submitted
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ledger.sqlite_ledger import APPLICATION_ID
from paramgolf.errors import LedgerError, UsageError

EMPTY = hashlib.sha256(b"").hexdigest()


def _hand_in(ledger: Ledger, data: bytes) -> int:
    body = Submitted(
        entry="mine",
        title="Mine",
        authors=("Ada",),
        challenge="local",
        track="fixed",
        record=False,
        parents=(),
        files=(StoredFile(path="a", sha256=ledger.store.put(data), size=len(data)),),
        shown_sha256=ledger.store.put(b'{"curves":[],"byte_ledger":[]}'),
        handed_in_at="2026-11-01T00:00:00+00:00",
    )
    return ledger.append(body, who="Ada", why="handed in").number


def test_files_that_were_replaced_can_be_handed_in_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, create=True)
    assert [_hand_in(ledger, data) for data in (b"A", b"B", b"B", b"A", b"A")] == [1, 2, 2, 3, 3]
    assert ledger.state_of("mine").submitted == ledger.events()[2]
    assert Ledger(tmp_path).events() == ledger.events()
    assert _hand_in(Ledger(tmp_path), b"A") == 3


def test_a_journal_renamed_in_digits_of_another_script_is_reported(tmp_path: Path) -> None:
    _hand_in(Ledger(tmp_path, create=True), b"A")
    (tmp_path / "journal" / "00000001.jsonl").rename(tmp_path / "journal" / ("\u0660" * 7 + "\u0661.jsonl"))
    assert check(tmp_path).problems


@pytest.mark.parametrize("path", ["junk", "ab/junk", f"ab/{EMPTY}", f"ab/ab{'0' * 62}"])
def test_what_is_no_file_of_the_store_is_reported(tmp_path: Path, path: str) -> None:
    _hand_in(Ledger(tmp_path, create=True), b"A")
    assert not check(tmp_path).problems
    (tmp_path / "store" / path).parent.mkdir(exist_ok=True)
    (tmp_path / "store" / path).write_bytes(b"other")
    assert len(check(tmp_path).problems) == 1


@pytest.mark.parametrize("kind", ["fifo", "endless", "link"])
def test_what_is_no_plain_file_is_replaced_by_one(tmp_path: Path, kind: str) -> None:
    store = Ledger(tmp_path / "board", create=True).store
    place = store.folder / EMPTY[:2] / EMPTY
    place.parent.mkdir(parents=True)
    (tmp_path / "empty").touch()
    if kind == "fifo":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero" if kind == "endless" else tmp_path / "empty")
    assert not store.has(EMPTY)
    assert store.get(store.put(b"")) == b""


def test_a_reason_that_is_no_text_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, create=True)
    _hand_in(ledger, b"A")
    with pytest.raises(UsageError, match="UTF-8"):
        ledger.append(Invalidated(entry="mine"), who="Ada", why="\udcff")


@pytest.mark.parametrize("kind", ["folder", "fifo", "bytes"])
def test_an_older_ledger_that_is_none_is_named(tmp_path: Path, kind: str) -> None:
    old = tmp_path / "ledger.sqlite"
    if kind == "folder":
        old.mkdir()
    elif kind == "fifo":
        os.mkfifo(old)
    else:
        connection = sqlite3.connect(old)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("CREATE TABLE events (number, at, who, why, body, chain)")
        row = (1, b"\xff", "Ada", "why", '{"kind":"invalidated","entry":"a"}', "0" * 64)
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.commit()
        connection.close()
    with pytest.raises(LedgerError, match="taken over"):
        Ledger(tmp_path, create=True)
    assert old.exists()


def test_what_git_is_told_of_the_journal_is_checked(tmp_path: Path) -> None:
    _hand_in(Ledger(tmp_path, create=True), b"A")
    assert check(tmp_path).problems == ()
    (tmp_path / "journal" / ".gitattributes").write_text("* text=auto\n")
    (problem,) = check(tmp_path).problems
    assert "git may turn line endings" in problem.what
    (tmp_path / "journal" / ".gitattributes").unlink()
    Ledger(tmp_path, create=True)
    assert check(tmp_path).problems == ()
