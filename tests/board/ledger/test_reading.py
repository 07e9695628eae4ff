"""Reading a ledger writes nothing, and needs no right to."""

import contextlib
import shutil
import subprocess
import sys

import pytest
from board_factory import filled_ledger

from paramgolf.board.check import check
from paramgolf.board.intake.intake import rule_invalid
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_places, read_standings
from paramgolf.cli.app import main

READ_AND_WRITE = """
import sys
from pathlib import Path
from paramgolf.board.check import check
from paramgolf.board.intake.intake import rule_invalid
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings
ledger = Ledger(Path(sys.argv[1]))
print(len(read_standings(ledger).rows), len(check(ledger.folder).problems))
try:
    rule_invalid(ledger, "tuned", who="me", why="so")
except Exception as error:
    print(type(error).__name__, error)
"""


def state_of(folder):
    """Every name below `folder`, with its times and its bytes."""
    paths = sorted([folder, *folder.rglob("*")])
    return {p: (p.stat().st_mtime_ns, p.stat().st_ctime_ns, p.is_file() and p.read_bytes()) for p in paths}


@pytest.fixture
def folder(tmp_path):
    return filled_ledger(tmp_path).folder


def test_reading_changes_no_name_no_time_and_no_byte(folder, tmp_path):
    before = state_of(folder)
    read_standings(Ledger(folder))
    read_places(Ledger(folder))
    assert check(folder).problems == ()
    words = [
        ["list"],
        ["show", "tuned"],
        ["descendants", "leaky"],
        ["check"],
        ["site", "--out", tmp_path / "s"],
    ]
    for command in words:
        with contextlib.suppress(SystemExit):
            main(["board", *map(str, command), "--ledger", str(folder)])
    assert state_of(folder) == before


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap mounts the ledger read-only")
def test_a_ledger_on_a_read_only_medium_is_read_and_says_that_it_cannot_be_written(folder):
    words = [
        "bwrap",
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        sys.executable,
        "-c",
        READ_AND_WRITE,
        str(folder),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "10 0"
    assert second.startswith("LedgerError")
    assert "cannot be written" in second
    rule_invalid(Ledger(folder), "tuned", who="me", why="so")
