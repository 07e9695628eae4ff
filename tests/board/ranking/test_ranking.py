"""What the ranking says of each entry, and what a ruling, a late verdict or a replay does to it."""

from dataclasses import replace

import pytest
from board_factory import BETTER, CHALLENGE, RECORD, add_entry, filled_ledger, make_verdict

from paramgolf.board.intake.intake import add_verdict, reinstate, rule_invalid
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings, settle
from paramgolf.board.ranking.standings import Status
from paramgolf.challenge import BITS_PER_BYTE
from paramgolf.judge.verdict import Validity

BEST = {seed: score - 0.02 for seed, score in BETTER.items()}
LOCAL = ("local", "fixed")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "board", create=True)


def judge(ledger, entry, scores, **changes):
    return add_verdict(ledger, make_verdict(entry, scores, **changes), CHALLENGE, who="the judge")


def statuses(ledger):
    return {row.entry: row.status for row in read_standings(ledger).rows}


def test_a_filled_ledger_has_every_status(tmp_path):
    ledger = filled_ledger(tmp_path)
    standings = read_standings(ledger)
    assert {row.entry: (row.status, row.place) for row in standings.rows} == {
        "baseline": (Status.FORMER_RECORD, 3),
        "leaky": (Status.INVALID, None),
        "odd-idea": (Status.NON_RECORD, 4),
        "twin": (Status.NON_RECORD, 4),
        "wider-bigram": (Status.RECORD, 2),
        "tuned": (Status.SHORT_OF_RECORD, 1),
        "careless": (Status.INVALID, None),
        "unproven": (Status.UNDECIDED, None),
        "adaptive-counts": (Status.RECORD, 1),
        "fresh": (Status.WAITING, None),
    }
    assert standings.records == {
        LOCAL: ("baseline", "wider-bigram"),
        ("local", "adaptive"): ("adaptive-counts",),
    }


def test_a_row_has_what_was_measured_and_what_the_papers_draw(ledger, tmp_path):
    add_entry(ledger, tmp_path / "mine", readme="# Mine\n", changed="All of it", link="https://example.org/1")
    row = read_standings(ledger).row("mine")
    assert row.score == pytest.approx(sum(RECORD.values()) / 3, abs=1e-12)
    assert row.deviation == pytest.approx(0.000351, abs=1e-6)
    assert row.seed_scores == tuple(RECORD.items())
    assert (row.readme, row.changed, row.link) == ("# Mine\n", "All of it", "https://example.org/1")
    assert row.byte_ledger == (("code", 20000), ("tokenizer", 1800), ("weights", 470000))
    assert [curve.label for curve in row.curves] == ["seed 0", "seed 1", "seed 2"]
    assert row.curves[0].points[0] == (0.5, 5.0)
    assert ledger.store.get(row.verdict_sha256)
    assert [event.kind for event in row.events] == ["submitted", "judged"]


def test_the_gate_has_the_margin_of_the_challenge_and_the_p_value(ledger, tmp_path):
    add_entry(ledger, tmp_path / "first")
    add_entry(ledger, tmp_path / "second", BETTER)
    gate = read_standings(ledger).row("second").gate
    assert (gate.compared_with, gate.decision) == ("first", "record")
    assert gate.gain == pytest.approx(0.01, abs=1e-9)
    assert gate.margin == BITS_PER_BYTE.margin(CHALLENGE)
    assert 0 < gate.p_value < gate.significance_level == CHALLENGE.significance_level


def test_the_margin_is_that_of_the_challenge_it_was_judged_under(ledger, tmp_path):
    """A later catalogue with another margin does not open the gate for what was judged before."""
    add_entry(ledger, tmp_path / "first")
    better, best = ({seed: score - gain for seed, score in RECORD.items()} for gain in (0.002, 0.0021))
    add_entry(ledger, tmp_path / "second", better)
    assert statuses(ledger)["second"] is Status.SHORT_OF_RECORD
    add_entry(ledger, tmp_path / "third", best, judged=None)
    lenient = replace(CHALLENGE, record_margin_nats=1e-4)
    add_verdict(ledger, make_verdict("third", best), lenient, who="the judge")
    assert statuses(ledger) == {
        "first": Status.FORMER_RECORD,
        "second": Status.SHORT_OF_RECORD,
        "third": Status.RECORD,
    }


def test_the_first_record_needs_the_seeds_of_the_challenge(ledger, tmp_path):
    add_entry(ledger, tmp_path / "too-few", {0: 1.2, 1: 1.2001})
    add_entry(ledger, tmp_path / "enough")
    rows = read_standings(ledger)
    assert rows.row("too-few").status is Status.SHORT_OF_RECORD
    assert "needs 3 seeds: it has 2" in rows.row("too-few").status_reason
    assert rows.row("enough").status is Status.RECORD


def test_the_order_of_submission_rules_whenever_each_was_judged(ledger, tmp_path):
    """second is better than first, judged before it, and still compared with it."""
    add_entry(ledger, tmp_path / "first", judged=None)
    add_entry(ledger, tmp_path / "second", BETTER)
    provisional = read_standings(ledger).row("second")
    assert (provisional.status, provisional.gate.compared_with) == (Status.RECORD, None)
    assert "provisional: first" in provisional.status_reason
    judge(ledger, "first", BEST)
    assert statuses(ledger) == {"first": Status.RECORD, "second": Status.SHORT_OF_RECORD}
    assert "provisional" not in read_standings(ledger).row("second").status_reason


def test_it_is_when_it_was_handed_in_that_counts_not_when_it_was_written(ledger, tmp_path):
    add_entry(ledger, tmp_path / "late", handed_in_at="2026-11-02T00:00:00+00:00")
    add_entry(ledger, tmp_path / "early", handed_in_at="2026-11-01T00:00:00+00:00")
    standings = read_standings(ledger)
    assert [row.entry for row in standings.rows] == ["early", "late"]
    assert standings.records == {LOCAL: ("early",)}


def test_invalidating_a_record_ranks_again_what_came_after_it(ledger, tmp_path):
    add_entry(ledger, tmp_path / "first")
    add_entry(ledger, tmp_path / "second", BETTER)
    add_entry(ledger, tmp_path / "third", {s: b - 0.001 for s, b in BETTER.items()})
    before = read_standings(ledger)
    assert before.row("third").gate.compared_with == "second"
    rule_invalid(ledger, "second", who="an organiser", why="It read the validation text.")
    assert statuses(ledger) == {
        "first": Status.FORMER_RECORD,
        "second": Status.INVALID,
        "third": Status.RECORD,
    }
    assert read_standings(ledger).row("third").gate.compared_with == "first"
    reinstate(ledger, "second", who="an organiser", why="It did not.")
    assert replace(read_standings(ledger), rows=(), made_at="") == replace(before, rows=(), made_at="")
    assert statuses(ledger) == {row.entry: row.status for row in before.rows}


def test_a_later_verdict_replaces_the_one_before(ledger, tmp_path):
    add_entry(ledger, tmp_path / "mine")
    judge(ledger, "mine", RECORD, standing=Validity.INVALID)
    assert statuses(ledger) == {"mine": Status.INVALID}


def test_a_copy_of_the_record_is_no_record(ledger, tmp_path):
    add_entry(ledger, tmp_path / "first")
    copied = add_entry(ledger, tmp_path / "copy", judged=None).body
    artifacts = {score.seed: score.artifact_sha256 for score in make_verdict("first").scores}
    held = [
        replace(f, sha256=artifacts[int(f.path.split("/")[1])]) if f.path.endswith("pyz") else f
        for f in copied.files
    ]
    ledger.append(replace(copied, files=tuple(held)), who="me", why="copied")
    judge(ledger, "copy", BETTER, artifacts=artifacts)
    row = read_standings(ledger).row("copy")
    assert row.status is Status.SHORT_OF_RECORD
    assert "the same artifact" in row.status_reason


def test_texts_that_differ_are_not_compared(ledger, tmp_path):
    add_entry(ledger, tmp_path / "first")
    add_entry(ledger, tmp_path / "second", BETTER, judged=None)
    other = replace(make_verdict("second", BETTER), documents_sha256="e" * 64)
    add_verdict(ledger, other, CHALLENGE, who="the judge")
    row = read_standings(ledger).row("second")
    assert row.status is Status.SHORT_OF_RECORD
    assert "documents_sha256" in row.status_reason


def test_equal_scores_share_a_place_and_say_so(ledger, tmp_path):
    for name in ("one", "two"):
        add_entry(ledger, tmp_path / name, record=False)
    add_entry(ledger, tmp_path / "three", {s: b + 1 for s, b in RECORD.items()}, record=False)
    rows = read_standings(ledger)
    assert [row.place for row in rows.rows] == [1, 1, 3]
    assert rows.row("one").status_reason.endswith("level with two")


def test_what_builds_on_an_invalid_entry_is_disputed_until_it_is_judged_again(ledger, tmp_path):
    add_entry(ledger, tmp_path / "base")
    add_entry(ledger, tmp_path / "child", BETTER, parents=("base", "unknown"))
    add_entry(ledger, tmp_path / "grandchild", BEST, parents=("child",))
    assert read_standings(ledger).row("base").descendants == ("child", "grandchild")
    rule_invalid(ledger, "base", who="an organiser", why="It read the validation text.")
    assert [row.disputed for row in read_standings(ledger).rows] == [False, True, True]
    assert "builds on base" in read_standings(ledger).row("grandchild").status_reason
    judge(ledger, "child", BETTER, judged_at="2026-11-23T00:00:00+00:00")
    assert [row.disputed for row in read_standings(ledger).rows] == [False, False, True]


def test_what_was_judged_after_its_base_was_invalid_is_not_disputed(ledger, tmp_path):
    add_entry(ledger, tmp_path / "base", judged=Validity.INVALID)
    add_entry(ledger, tmp_path / "child", parents=("base",))
    judge(ledger, "base", RECORD, standing=Validity.INVALID, judged_at="2026-11-23T00:00:00+00:00")
    assert not read_standings(ledger).row("child").disputed


def test_the_history_tells_what_the_ranking_came_to(ledger, tmp_path):
    add_entry(ledger, tmp_path / "first")
    settle(ledger)
    add_entry(ledger, tmp_path / "second", BETTER)
    written = settle(ledger)
    assert [(e.entry, e.body.kind) for e in written] == [("first", "superseded"), ("second", "ranked")]
    assert written[0].body.by == "second"
    assert settle(ledger) == ()
    rule_invalid(ledger, "second", who="an organiser", why="No.")
    assert [(e.entry, e.body.kind) for e in settle(ledger)] == [("first", "ranked"), ("second", "ranked")]
