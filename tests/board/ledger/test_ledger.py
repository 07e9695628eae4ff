"""The ledger: what can be written, once, in order, by several at a time."""

import multiprocessing
from dataclasses import replace

import pytest
from board_factory import CHALLENGE, add_entry, make_entry, make_verdict, submission
from ledger_writer import write_submissions

from paramgolf.board.check import check
from paramgolf.board.intake.intake import add_verdict, hand_in, reinstate, rule_invalid
from paramgolf.board.ledger.events import FIRST_CHAIN, Judged
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.challenge import challenge_json
from paramgolf.errors import LedgerError, UsageError
from paramgolf.judge.verdict import Validity, verdict_json

ME = {"who": "me", "why": "so"}


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "board", create=True)


def judged(ledger, verdict, **changes):
    state = ledger.state_of(verdict.entry)
    body = Judged(
        entry=verdict.entry,
        submission=state.submitted.number if state.submitted else 1,
        verdict_sha256=ledger.store.put(verdict_json(verdict).encode()),
        challenge_sha256=ledger.store.put(challenge_json(CHALLENGE).encode()),
        standing=verdict.standing,
    )
    return replace(body, **changes)


def test_there_has_to_be_one(tmp_path):
    with pytest.raises(UsageError, match="board init"):
        Ledger(tmp_path)


@pytest.mark.parametrize("create", [True, False])
def test_it_is_a_folder(tmp_path, create):
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(UsageError, match=f"--ledger {tmp_path}$"):
        Ledger(tmp_path / "ledger.sqlite", create=create)


def test_what_was_written_is_there_when_it_is_opened_again(ledger, tmp_path):
    written = add_entry(ledger, tmp_path / "mine")
    again = Ledger(ledger.folder)
    assert again.events()[-1] == written
    assert again.events_of("mine") == again.events()
    assert again.events()[0].chain != FIRST_CHAIN


def test_the_same_again_is_the_same_event(ledger, tmp_path):
    first = [
        hand_in(ledger, make_entry(tmp_path / "mine"), **ME),
        add_verdict(ledger, make_verdict("mine"), CHALLENGE, who="the judge"),
    ]
    again = [
        hand_in(ledger, tmp_path / "mine", **ME),
        add_verdict(ledger, make_verdict("mine"), CHALLENGE, who="the judge"),
    ]
    assert again == first
    assert ledger.events() == tuple(first)


def test_other_files_under_the_same_name_are_handed_in_anew_until_one_is_valid(ledger, tmp_path):
    add_entry(ledger, tmp_path / "mine", judged=Validity.UNDECIDED)
    (tmp_path / "mine" / "README.md").write_text("# Better\n")
    anew = hand_in(ledger, tmp_path / "mine", **ME)
    state = ledger.state_of("mine")
    assert (state.submitted, state.judged) == (anew, None)
    add_verdict(ledger, make_verdict("mine"), CHALLENGE, who="the judge")
    (tmp_path / "mine" / "README.md").write_text("# Better still\n")
    with pytest.raises(UsageError, match="judged valid"):
        hand_in(ledger, tmp_path / "mine", **ME)


def test_a_name_that_differs_in_case_alone_is_taken(ledger, tmp_path):
    add_entry(ledger, tmp_path / "mine")
    with pytest.raises(UsageError, match="upper and lower case"):
        hand_in(ledger, make_entry(tmp_path / "Mine"), **ME)


@pytest.mark.parametrize(
    ("happen", "message"),
    [
        (
            lambda ledger, _: add_verdict(ledger, make_verdict("nobody"), CHALLENGE, who="me"),
            "No entry 'nobody'",
        ),
        (lambda ledger, _: ledger.append(judged(ledger, make_verdict("nobody")), **ME), "not handed in"),
        (
            lambda ledger, _: ledger.append(judged(ledger, make_verdict("mine"), submission=7), **ME),
            "event 7",
        ),
        (lambda ledger, _: reinstate(ledger, "mine", **ME), "nothing to take back"),
        (lambda ledger, _: [rule_invalid(ledger, "mine", **ME) for _ in "12"], "ruled invalid already"),
        (
            lambda ledger, path: (rule_invalid(ledger, "mine", **ME), anew(ledger, path)),
            "is ruled invalid: so",
        ),
    ],
)
def test_what_cannot_happen_is_refused_and_leaves_no_event(ledger, tmp_path, happen, message):
    hand_in(ledger, make_entry(tmp_path / "mine"), **ME)
    with pytest.raises(UsageError, match=message):
        happen(ledger, tmp_path / "mine")
    assert {event.body.kind for event in ledger.events()} <= {"submitted", "invalidated"}


def anew(ledger, folder):
    (folder / "README.md").write_text("# Anew\n")
    hand_in(ledger, folder, **ME)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entry": "other"}, "No entry 'other'"),
        ({"challenge": "practice"}, "challenge is 'practice'"),
        ({"track": "adaptive"}, "track is 'adaptive'"),
        ({"record": False}, "record is False"),
        ({"depth": "quick"}, "depth is 'quick'"),
        ({"rules_version": 2}, "rules is"),
        ({"scores": ()}, "has no score"),
        ({"scores": make_verdict("mine", artifacts={1: "f" * 64}).scores}, "other files"),
    ],
)
def test_a_verdict_on_something_else_earns_no_row(ledger, tmp_path, changes, message):
    hand_in(ledger, make_entry(tmp_path / "mine"), **ME)
    with pytest.raises(UsageError, match=message):
        add_verdict(ledger, replace(make_verdict("mine"), **changes), CHALLENGE, who="me")
    assert len(ledger.events()) == 1


def test_an_event_never_names_a_missing_file(ledger):
    body = submission(ledger.store, "mine")
    ledger.store._path(body.shown_sha256).unlink()
    with pytest.raises(LedgerError, match="has no"):
        ledger.append(body, **ME)
    assert ledger.events() == ()


def test_several_events_are_written_together_or_not_at_all(ledger):
    from paramgolf.board.ledger.events import Invalidated
    from paramgolf.board.ledger.ledger import Entered

    fine = Entered(body=submission(ledger.store, "mine"), **ME)
    with pytest.raises(UsageError):
        ledger.append_all([fine, Entered(body=Invalidated(entry="nobody"), **ME)])
    assert ledger.events() == ()
    assert ledger.append_all([fine], after=3) is None
    assert ledger.append_all([fine], after=0) is not None


@pytest.mark.slow
def test_two_writers_at_once_take_turns(ledger):
    context = multiprocessing.get_context("forkserver")
    writers = [
        context.Process(target=write_submissions, args=(ledger.folder, f"writer-{n}", 40)) for n in "12"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    events = Ledger(ledger.folder).events()
    assert len(events) == 80
    assert {event.entry for event in events} == {f"writer-{n}-{i}" for n in "12" for i in range(40)}
    assert check(ledger.folder).problems == ()
