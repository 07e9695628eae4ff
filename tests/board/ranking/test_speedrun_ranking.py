"""A game that is won by seconds: the same gate, ranking and tables, with another objective."""

import io
from dataclasses import replace

import pytest
from board_factory import make_entry, make_verdict
from rich.console import Console

from paramgolf.board.intake.intake import add_verdict, hand_in
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings, settle
from paramgolf.board.ranking.standings import Status
from paramgolf.board.ranking.table import print_standings, summary
from paramgolf.board.site.pages import site_files
from paramgolf.challenge import TargetReached, load_challenge
from paramgolf.judge.verdict import parse_verdict, verdict_json

GAME = load_challenge("local-speedrun")


def judged(entry: str, seconds: dict[int, float], bits: float):
    """A verdict on seeds that reached the target after so many seconds."""
    made = make_verdict(entry, {seed: bits + seed / 1000 for seed in seconds}, challenge=GAME.name)
    scores = tuple(
        replace(
            score,
            target=TargetReached(seconds=seconds[score.seed], questions=4, bits_per_byte=score.bits_per_byte),
        )
        for score in made.scores
    )
    return replace(made, scores=scores, objective_name="seconds_to_target")


@pytest.fixture(scope="module")
def standings(tmp_path_factory):
    """first; quicker, with worse bits per byte; a little quicker than that, by less than the margin."""
    folder = tmp_path_factory.mktemp("speedruns")
    ledger = Ledger(folder / "board", create=True)
    for entry, seconds, bits in (
        ("first", {0: 200.0, 1: 201.5, 2: 199.1}, 1.30),
        ("quicker", {0: 150.2, 1: 151.0, 2: 149.3}, 1.39),
        ("a-little", {0: 149.1, 1: 150.3, 2: 148.2}, 1.38),
    ):
        verdict = judged(entry, seconds, bits)
        scores = {score.seed: score.bits_per_byte for score in verdict.scores}
        hand_in(ledger, make_entry(folder / entry, scores=scores, challenge=GAME.name), who="Ada")
        add_verdict(ledger, verdict, GAME, who="the judge")
    settle(ledger)
    return read_standings(ledger)


def test_fewer_seconds_are_better_whatever_the_bits(standings):
    places = {row.entry: row.place for row in standings.rows}
    assert places == {"a-little": 1, "quicker": 2, "first": 3}


def test_the_gate_compares_seconds_by_the_margin_in_seconds(standings):
    first, quicker, little = (standings.row(name) for name in ("first", "quicker", "a-little"))
    assert (first.status, quicker.status) == (Status.FORMER_RECORD, Status.RECORD)
    assert quicker.gate.gain == pytest.approx(50.03, abs=0.01)
    assert quicker.gate.margin == GAME.record_margin_seconds
    assert "50.03 seconds is above the margin of 5.00 seconds" in quicker.status_reason
    assert little.status is Status.SHORT_OF_RECORD
    assert "nats" not in little.status_reason


def test_tables_and_json_say_seconds(standings):
    row = standings.row("quicker")
    assert summary(row)["seconds_to_target"] == pytest.approx(150.17, abs=0.01)
    out = io.StringIO()
    print_standings(standings.rows, Console(file=out, width=120))
    assert "seconds to the target" in out.getvalue()
    assert "150.17 ± 0.85" in out.getvalue()


def test_the_site_says_seconds_and_no_bits_per_byte(standings):
    files = dict(site_files(standings, title="Speedruns", base_url=None))
    index = files["index.html"].decode()
    assert "Seconds to the target" in index
    assert "Scores are seconds of training until the target was reached: lower is better." in index
    assert "Bits per byte" not in index
    assert b'"seconds_to_target": 150.1' in files["board.json"]
    assert b"5.00 seconds" in files["challenges.html"]


def test_a_verdict_keeps_its_target_and_one_without_keeps_its_bytes():
    verdict = judged("mine", {0: 150.0}, 1.39)
    assert parse_verdict(verdict_json(verdict).encode()) == verdict
    plain = verdict_json(make_verdict("mine", {0: 1.25}))
    assert "target" not in plain
    assert "objective" not in plain
