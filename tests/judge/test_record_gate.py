"""The record gate over verdicts: who passes, who does not, and what it says."""

import io
import json
import os
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from paramgolf.challenge import BITS_PER_BYTE, load_challenge
from paramgolf.errors import UsageError
from paramgolf.judge.compare_table import print_comparison
from paramgolf.judge.record_gate import Decision, compare, judge_record
from paramgolf.judge.significance import welch_test
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict, write_verdict

LOCAL = load_challenge("local")
RECORD = {1: 1.2500, 2: 1.2504, 3: 1.2497}
BETTER = {1: 1.2400, 2: 1.2403, 3: 1.2398}


def verdict(scores, *, entry="mine", artifacts=None, **changes):
    """A verdict with these bits per byte by seed; `artifacts` name those that are not the seed's first one."""
    names = {seed: f"{entry}-{seed}" for seed in scores} | (artifacts or {})
    return replace(
        Verdict(
            entry=entry,
            title=entry.title(),
            challenge="local",
            rules_version=1,
            track="fixed",
            record=True,
            standing=Validity.VALID,
            depth="full",
            findings=(),
            scores=tuple(
                SeedScore(
                    seed=seed,
                    artifact_sha256=names[seed],
                    artifact_bytes=499_000,
                    bits_per_byte=score,
                    bits=score * 1e6,
                    text_bytes=1_000_000,
                    score_seconds=9.0,
                )
                for seed, score in scores.items()
            ),
            documents_sha256="d0c5",
            environment={},
            judged_at="2026-11-22T00:00:00Z",
            seconds=60.0,
        ),
        **changes,
    )


def judged(scores, *, extra=(), record=RECORD, record_changes=None, **changes):
    standing_record = verdict(record, entry="theirs", **(record_changes or {}))
    return judge_record(verdict(scores, **changes), standing_record, extra, LOCAL)


def test_a_clear_gain_on_three_seeds_is_a_record():
    comparison = judged(BETTER)
    assert comparison.is_record
    assert comparison.decision is Decision.RECORD
    expected = welch_test(list(BETTER.values()), list(RECORD.values()), margin=BITS_PER_BYTE.margin(LOCAL))
    assert comparison.test == expected
    assert (comparison.more_entry_seeds, comparison.more_seeds_each_side) == (None, None)
    assert "above the margin" in comparison.reasons[0]


def test_an_entry_that_was_judged_by_another_objective_is_refused():
    other = verdict(BETTER)
    object.__setattr__(other, "objective_name", "another")
    with pytest.raises(UsageError, match="was judged by another, and 'local' is won by bits_per_byte"):
        judge_record(other, verdict(RECORD, entry="theirs"), [], LOCAL)


def test_a_gain_below_the_margin_is_no_record_however_sure():
    comparison = judged({seed: score - 0.0029 for seed, score in RECORD.items()})
    assert comparison.decision is Decision.NOT_A_RECORD
    assert "not above the margin" in comparison.reasons[0]
    assert comparison.more_entry_seeds is None


@pytest.mark.parametrize(
    ("scores", "record", "advice"),
    [
        # where the entry is the noisier, its own seeds do as well as those of both
        ([1.2400, 1.2435, 1.2465], [1.2500, 1.2504, 1.2497], "8 seeds more of the entry would decide it"),
        (
            [1.2400, 1.2435, 1.2465],
            [1.2500, 1.2506, 1.2491, 1.2495],
            "10 seeds more of the entry or 9 seeds more of each side would decide it",
        ),
        # where the record is, they alone never do
        (
            [1.2450, 1.2461, 1.2455],
            [1.2500, 1.2506, 1.2491, 1.2495],
            "; 3 seeds more of each side would decide it",
        ),
        # a hair above the margin
        (
            [1.2400, 1.2435, 1.2465],
            [1.2450, 1.2469, 1.2471],
            "; not even 500 seeds more would decide it",
        ),
    ],
)
def test_a_noisy_gain_is_undecided_and_says_how_many_seeds_would_decide(scores, record, advice):
    comparison = judged(dict(enumerate(scores)), record=dict(enumerate(record)))
    assert comparison.decision is Decision.UNDECIDED
    assert advice in comparison.reasons[0]


@pytest.mark.parametrize(
    ("side", "count"), [("entry", 2), ("entry", 1), ("entry", 0), ("record", 2), ("record", 1)]
)
def test_fewer_seeds_than_the_minimum_never_pass(side, count):
    seeds = list(range(1, 1 + count))
    if side == "entry":
        comparison = judged({seed: BETTER[seed] for seed in seeds})
    else:
        comparison = judged(BETTER, record={seed: RECORD[seed] for seed in seeds})
    assert comparison.decision is Decision.UNDECIDED
    assert any(f"the {side} has" in reason and f"{3 - count} more" in reason for reason in comparison.reasons)


@pytest.mark.parametrize("standing", [s for s in Validity if s is not Validity.VALID])
def test_only_valid_verdicts_pass(standing):
    finding = Finding(
        rule="R1", name="byte cap", outcome=Outcome.FAIL, measured="2", limit="1", evidence="the size"
    )
    ours = judged(BETTER, standing=standing, findings=(finding,))
    theirs = judged(BETTER, record_changes={"standing": standing})
    further = judged(BETTER, extra=[verdict(BETTER, standing=standing)])
    assert not any(comparison.is_record for comparison in (ours, theirs, further))
    assert theirs.decision is further.decision is Decision.UNDECIDED
    if standing is Validity.INVALID:
        assert ours.decision is Decision.NOT_A_RECORD
        assert "byte cap" in ours.reasons[0]


def test_an_entry_outside_the_record_track_sets_none():
    assert judged(BETTER, record=RECORD).is_record
    assert judge_record(
        verdict(BETTER, record=False), verdict(RECORD, entry="theirs"), [], LOCAL
    ).decision is (Decision.NOT_A_RECORD)


@pytest.mark.parametrize(
    "other", [{"challenge": "practice"}, {"rules_version": 2}, {"documents_sha256": "0ther"}]
)
def test_verdicts_of_different_games_are_not_compared(other):
    (key,) = other
    with pytest.raises(UsageError, match=key):
        judged(BETTER, record_changes=other)
    with pytest.raises(UsageError, match=key):
        judged(BETTER, extra=[verdict(BETTER, **other)])


def test_the_challenge_must_be_that_of_the_verdicts():
    with pytest.raises(UsageError, match="practice"):
        judge_record(verdict(BETTER), verdict(RECORD, entry="theirs"), [], load_challenge("practice"))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 0.0, -1.0])
def test_scores_that_cannot_be_are_refused(bad):
    with pytest.raises(UsageError, match="seed 2"):
        judged(BETTER | {2: bad})


def test_a_seed_or_an_artifact_twice_is_refused():
    twice = verdict(BETTER)
    with pytest.raises(UsageError, match="seed 1 is there 2 times"):
        judge_record(
            replace(twice, scores=(*twice.scores, replace(twice.scores[0], artifact_sha256="new"))),
            verdict(RECORD, entry="theirs"),
            [],
            LOCAL,
        )
    with pytest.raises(UsageError, match="artifact 'mine-1' is there 2 times"):
        judged(BETTER, artifacts={2: "mine-1"})
    with pytest.raises(UsageError, match="artifacts of its own"):
        judged(BETTER, artifacts={2: "theirs-3"})


def test_the_same_seed_numbers_on_both_sides_are_no_duplicates():
    assert set(BETTER) == set(RECORD)
    assert judged(BETTER).is_record


@pytest.mark.parametrize("same", [{1: 1.24, 2: 1.24, 3: 1.2398}, {1: 1.24, 2: 1.2403, 3: 1.2500}])
def test_scores_equal_to_the_last_bit_with_other_hashes_are_flagged(same):
    comparison = judged(same)
    assert comparison.decision is not Decision.RECORD
    assert any("to the last bit" in reason for reason in comparison.reasons)


def test_no_spread_on_either_side_is_undecided():
    comparison = judged(dict.fromkeys((1, 2, 3), 1.2), record=dict.fromkeys((1, 2, 3), 1.3))
    assert comparison.decision is Decision.UNDECIDED
    assert any("the noise is not known" in reason for reason in comparison.reasons)


def test_the_same_artifact_measured_elsewhere_adds_nothing():
    again = verdict({seed: score + 1e-6 for seed, score in BETTER.items()})
    alone, pooled = judged(BETTER), judged(BETTER, extra=[again, again])
    assert pooled.test == alone.test
    assert pooled.is_record


def test_the_same_artifact_measured_differently_is_not_relied_on():
    comparison = judged(BETTER, extra=[verdict(BETTER | {2: 1.2453})])
    assert comparison.decision is Decision.UNDECIDED
    assert "seed 2: one artifact scored 1.240300 here and 1.245300 there" in comparison.reasons[0]


def test_a_further_seed_is_a_further_sample_and_counts_also_when_it_is_bad():
    comparison = judged(BETTER, extra=[verdict({7: 1.2600})])
    assert [sample.seed for sample in comparison.entry.samples] == [1, 2, 3, 7]
    assert not comparison.is_record
    assert any("seed 7" in note for note in comparison.notes)


def test_a_retrained_seed_is_one_sample_the_mean():
    comparison = judged(BETTER, extra=[verdict({2: 1.2409}, artifacts={2: "retrained"})])
    assert comparison.entry.scores == pytest.approx([1.2400, (1.2403 + 1.2409) / 2, 1.2398])
    assert comparison.entry.samples[1].artifacts == {"mine-2": 1.2403, "retrained": 1.2409}


def test_repeating_one_seed_never_raises_the_number_of_samples():
    reruns = [verdict({1: 1.2400 + i * 1e-5}, artifacts={1: f"rerun-{i}"}) for i in range(1, 9)]
    comparison = judged({1: 1.2400, 2: 1.2403}, extra=reruns)
    assert len(comparison.entry.samples) == 2
    assert comparison.decision is Decision.UNDECIDED


def test_one_artifact_under_two_seeds_of_two_verdicts_is_refused():
    with pytest.raises(UsageError, match="seeds 1 and 9 have the same artifact"):
        judged(BETTER, extra=[verdict({9: 1.2400}, artifacts={9: "mine-1"})])


def test_a_further_verdict_of_another_entry_is_refused():
    with pytest.raises(UsageError, match="'else'"):
        judged(BETTER, extra=[verdict({7: 1.2401}, entry="else")])


BITS = st.lists(st.integers(12_000, 12_600), min_size=1, max_size=6, unique=True)


@settings(max_examples=30)
@given(BITS, BITS)
def test_a_record_always_has_all_that_is_asked_for(ours, theirs):
    comparison = judged(
        {seed: score / 1e4 for seed, score in enumerate(ours)},
        record={seed: score / 1e4 for seed, score in enumerate(theirs)},
    )
    test = comparison.test
    assert comparison.is_record == (
        len(ours) >= 3
        and len(theirs) >= 3
        and not set(ours) & set(theirs)
        and test.gain > BITS_PER_BYTE.margin(LOCAL)
        and test.p_value < 0.01
    )
    assert comparison.reasons


def test_verdicts_are_read_from_folders_and_from_files(tmp_path):
    write_verdict(tmp_path / "mine" / "verdict.json", verdict(BETTER))
    write_verdict(tmp_path / "theirs" / "verdict.json", verdict(RECORD, entry="theirs"))
    write_verdict(tmp_path / "elsewhere.json", verdict({7: 1.2401}))
    comparison = compare(tmp_path / "mine", tmp_path / "theirs", [tmp_path / "elsewhere.json"], LOCAL)
    assert comparison.is_record
    assert len(comparison.entry.samples) == 4
    assert json.loads(json.dumps(asdict(comparison)))["decision"] == "record"


@pytest.mark.parametrize("kind", ["missing", "fifo", "link", "folder", "binary"])
def test_what_is_no_verdict_is_refused_without_hanging(tmp_path, kind):
    write_verdict(tmp_path / "theirs" / "verdict.json", verdict(RECORD, entry="theirs"))
    entry = tmp_path / "mine"
    entry.mkdir()
    file = entry / "verdict.json"
    match kind:
        case "fifo":
            os.mkfifo(file)
        case "link":
            file.symlink_to(tmp_path / "theirs" / "verdict.json")
        case "folder":
            file.mkdir()
        case "binary":
            file.write_bytes(bytes(range(256)))
    with pytest.raises(UsageError, match=r"verdict\.json"):
        compare(entry, tmp_path / "theirs", [], LOCAL)


@pytest.mark.parametrize("scores", [BETTER, {1: 1.2400, 2: 1.2435, 3: 1.2465}, {1: 1.24}, {}])
def test_it_is_printed_for_people_and_for_grep(scores):
    out = io.StringIO()
    comparison = judged(scores, entry="[red]\x1b[2Jmine")
    print_comparison(comparison, Console(file=out, width=120))
    lines = out.getvalue().splitlines()
    assert lines[-1] == f"decision: {comparison.decision}"
    assert "margin: 0.00296 bits per byte (0.00500 nats a token)" in lines
    assert "\x1b" not in out.getvalue()
    assert "[red]" in out.getvalue()
