"""What the ranking says, status by status."""

import pytest
from board_factory import filled_ledger

from paramgolf.board.ledger import Ledger
from paramgolf.board.ranking import read_standings
from paramgolf.board.standings import Status


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "board" / "ledger.sqlite", create=True) as ledger:
        yield ledger


def test_a_filled_ledger_has_every_status(tmp_path):
    with filled_ledger(tmp_path) as ledger:
        standings = read_standings(ledger)
    statuses = {row.entry: row.status for row in standings.rows}
    assert statuses == {
        "baseline": Status.FORMER_RECORD,
        "leaky": Status.INVALID,
        "odd-idea": Status.NON_RECORD,
        "twin": Status.NON_RECORD,
        "wider-bigram": Status.RECORD,
        "tuned": Status.SHORT_OF_RECORD,
        "careless": Status.INVALID,
        "unproven": Status.UNDECIDED,
        "adaptive-counts": Status.RECORD,
        "fresh": Status.WAITING,
    }
