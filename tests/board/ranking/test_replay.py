"""Stored entries judged again: one real judgement in the sandbox, and what changes by it."""

from dataclasses import replace

import pytest
from board_factory import CHALLENGE, add_entry, make_verdict

from collection import CHALLENGE_TOML, FRESH, TEXTS, as_entry, honest
from paramgolf.board.check import check
from paramgolf.board.intake.intake import add_verdict, hand_in
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings, settle
from paramgolf.board.ranking.replay import apply, differences, judge_stored, stored_folder
from paramgolf.board.ranking.replay import replay as judge_again
from paramgolf.board.ranking.standings import Status
from paramgolf.challenge import load_challenge
from paramgolf.errors import UsageError
from paramgolf.judge.measure import FULL
from paramgolf.judge.verdict import Validity
from paramgolf.judge.verify import Terms

pytestmark = pytest.mark.slow


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "board", create=True)


@pytest.fixture
def terms(tmp_path):
    (tmp_path / "game.toml").write_text(CHALLENGE_TOML)
    challenge = load_challenge(str(tmp_path / "game.toml"))
    return Terms(challenge=challenge, documents=TEXTS, depth=FULL, threads=1, fresh=FRESH)


def test_an_entry_is_handed_in_judged_ranked_and_judged_again(ledger, tmp_path, terms):
    """The whole road of one real entry: its verdict is the judge's, from the files in the store alone."""
    case = next(case for case in honest() if case.name == "order_1")
    folder = as_entry(replace(case, claims=3.3865), tmp_path / "order_1", "small-game")
    hand_in(ledger, folder, who="Ada")
    verdict = judge_stored(ledger, "order_1", terms)
    assert (verdict.entry, verdict.standing) == ("order_1", Validity.VALID), verdict.failed
    add_verdict(ledger, verdict, terms.challenge, who="the judge")
    settle(ledger)
    row = read_standings(ledger).row("order_1")
    assert (row.status, row.place, row.verdict) == (Status.NON_RECORD, 1, verdict)

    again = judge_again(ledger, ["order_1"], lambda name: terms)
    assert [one.changes for one in again.rejudged] == [()]
    assert again.standings == ()
    assert len(ledger.events()) == 3
    apply(ledger, again, who="the judge", why="judged again")
    assert settle(ledger)[0].body.verdict_sha256 != row.verdict_sha256
    assert check(ledger.folder).problems == ()


def test_what_a_rule_of_today_would_change_is_told_and_written_only_when_asked(ledger, tmp_path, monkeypatch):
    add_entry(ledger, tmp_path / "first")
    add_entry(ledger, tmp_path / "second", parents=("first",), record=False)
    now = make_verdict("first", standing=Validity.INVALID)
    monkeypatch.setattr("paramgolf.board.ranking.replay.verify", lambda folder, terms: now)
    today = Terms(challenge=CHALLENGE, documents=(), depth=FULL, threads=1)
    again = judge_again(ledger, ["first"], lambda name: today)
    assert again.rejudged[0].changes == (
        "valid -> invalid",
        *(f"R06 causality (seed {seed}): pass -> fail" for seed in range(3)),
    )
    assert again.standings == (
        ("first", "record, place 1", "invalid, place -"),
        ("second", "non-record, place 1", "non-record, place 1, disputed"),
    )
    assert read_standings(ledger).row("first").status is Status.RECORD
    apply(ledger, again, who="the judge", why="a new rule")
    assert read_standings(ledger).row("first").status is Status.INVALID


def test_the_folder_comes_back_as_it_was_handed_in_and_goes(ledger, tmp_path):
    add_entry(ledger, tmp_path / "mine")
    files = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "mine").rglob("*") if p.is_file()}
    with stored_folder(ledger, "mine") as folder:
        assert {
            p.relative_to(folder.parent): p.read_bytes() for p in folder.rglob("*") if p.is_file()
        } == files
    assert not folder.exists()


@pytest.mark.parametrize(("name", "message"), [("nobody", "No entry"), ("waiting", "no verdict yet")])
def test_only_what_was_judged_can_be_judged_again(ledger, tmp_path, name, message):
    add_entry(ledger, tmp_path / "waiting", judged=None)
    with pytest.raises(UsageError, match=message):
        judge_again(ledger, [name], lambda challenge: None)


def test_a_score_that_moves_more_than_machines_differ_is_a_difference():
    before, after = (make_verdict("mine", {0: score}) for score in (1.2, 1.2002))
    assert list(differences(before, after)) == ["seed 0: 1.2 -> 1.2002 bits per byte"]
    assert list(differences(before, make_verdict("mine", {0: 1.200001}))) == []
