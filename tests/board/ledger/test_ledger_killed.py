"""A writer killed at any moment loses nothing that it acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import ledger_writer
import pytest

from paramgolf.board.check import check
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import settle

pytestmark = pytest.mark.slow

KILLS = 100
# further events that a writer acknowledges before it is killed, and then some seconds
MOST_EVENTS = 2
MOST_SECONDS = 0.02
PATIENCE = 60


def wait_until(condition):
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.001)


def test_a_hundred_killed_writers_lose_nothing_that_was_acknowledged(tmp_path):
    path, acknowledged = tmp_path / "board", tmp_path / "acknowledged"
    Ledger(path, create=True)
    acknowledged.touch()
    rng = random.Random(5)

    def lines():
        return acknowledged.read_bytes().count(b"\n")

    with subprocess.Popen(
        [sys.executable, ledger_writer.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        for life in range(KILLS):
            print(path, f"life-{life}", acknowledged, sep="\t", file=starter.stdin, flush=True)
            writer = int(starter.stdout.readline())
            enough = lines() + rng.randint(0, MOST_EVENTS)
            wait_until(lambda enough=enough: lines() >= enough)
            time.sleep(rng.uniform(0, MOST_SECONDS))
            os.kill(writer, signal.SIGKILL)
            wait_until(lambda writer=writer: not Path(f"/proc/{writer}").exists())
        starter.stdin.close()

    ledger = Ledger(path)
    written = {(event.number, event.chain) for event in ledger.events()}
    settle(ledger)
    promised = {
        (int(number), chain) for number, chain in map(str.split, acknowledged.read_text().splitlines())
    }
    assert len(promised) > KILLS / 2
    assert promised <= written
    assert len(written - promised) <= KILLS
    assert check(path).problems == ()
