"""The statistics of the record gate, against scipy, by hand, by symmetry and by simulation."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from paramgolf.errors import UsageError
from paramgolf.judge.significance import LARGEST_MORE_SEEDS, more_seeds, welch_power, welch_test

MARGIN = 0.003
# thousandths of a bit per byte: distinct values stay distinct under shifts and scales
STEPS = st.lists(st.integers(900, 1100), min_size=2, max_size=8)


def scores(steps):
    return [step / 1000 for step in steps]


def spread(*sides):
    """At least one side is not constant, so that there is a p-value."""
    return any(len(set(side)) > 1 for side in sides)


@given(STEPS, STEPS, st.floats(-0.01, 0.01))
def test_it_is_scipys_welch_on_shifted_samples(entry, record, margin):
    assume(len(set(entry)) > 1 and len(set(record)) > 1)
    test = welch_test(scores(entry), scores(record), margin=margin)
    theirs = stats.ttest_ind(
        scores(entry), np.array(scores(record)) - margin, equal_var=False, alternative="less"
    )
    assert test.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert test.degrees_of_freedom == pytest.approx(theirs.df, rel=1e-9)
    assert test.entry_deviation == pytest.approx(np.std(scores(entry), ddof=1), rel=1e-9)


def test_by_hand():
    # entry 1, 2, 3: mean 2, variance 1. Record 6, 7, 8: mean 7, variance 1. Margin 1.
    # standard error = sqrt(1/3 + 1/3) = sqrt(2/3); t = (7 - 2 - 1) / sqrt(2/3) = 4 sqrt(3/2) = 2 sqrt 6
    # degrees of freedom = (2/3)^2 / ((1/3)^2/2 + (1/3)^2/2) = (4/9) / (1/9) = 4
    # for 4 degrees, P(T > t) = 1/2 - s (3/4 - s^2/4) with s = t / sqrt(t^2 + 4):
    # s^2 = 24/28 = 6/7; s = 0.9258201; 3/4 - 6/28 = 0.5357143; p = 0.5 - 0.4959750 = 0.0040250
    test = welch_test([1, 2, 3], [6, 7, 8], margin=1)
    assert test.t == pytest.approx(2 * math.sqrt(6))
    assert test.degrees_of_freedom == pytest.approx(4)
    assert test.p_value == pytest.approx(0.0040250, abs=1e-7)
    assert (test.entry_mean, test.record_mean, test.gain) == (2, 7, 5)


def test_by_hand_with_unequal_variances():
    # entry 0, 2: mean 1, variance 2, part 1. Record 10, 10, 13: mean 11, variance 3, part 1. No margin.
    # t = 10 / sqrt 2; degrees = 4 / (1/1 + 1/2) = 8/3
    test = welch_test([0, 2], [10, 10, 13], margin=0)
    assert test.t == pytest.approx(10 / math.sqrt(2))
    assert test.degrees_of_freedom == pytest.approx(8 / 3)


@given(STEPS, STEPS, st.integers(-500, 500), st.integers(1, 50))
def test_shifting_and_scaling_both_sides_changes_nothing(entry, record, shift, factor):
    assume(spread(entry, record))
    before = welch_test(scores(entry), scores(record), margin=MARGIN)
    moved = welch_test(
        scores(factor * (step + shift) for step in entry),
        scores(factor * (step + shift) for step in record),
        margin=factor * MARGIN,
    )
    assert moved.p_value == pytest.approx(before.p_value, rel=1e-6)


@given(STEPS, STEPS, st.randoms(use_true_random=False))
def test_the_order_of_seeds_changes_nothing(entry, record, random):
    assume(spread(entry, record))
    before = welch_test(scores(entry), scores(record), margin=MARGIN)
    random.shuffle(entry)
    random.shuffle(record)
    after = welch_test(scores(entry), scores(record), margin=MARGIN)
    assert after.p_value == pytest.approx(before.p_value, rel=1e-9)
    assert (after.gain, after.entry_deviation) == (before.gain, before.entry_deviation)


@given(STEPS, STEPS)
def test_without_a_margin_swapping_the_sides_gives_the_complement(entry, record):
    assume(spread(entry, record))
    one = welch_test(scores(entry), scores(record), margin=0).p_value
    other = welch_test(scores(record), scores(entry), margin=0).p_value
    assert one + other == pytest.approx(1)


@given(STEPS, STEPS, st.lists(st.floats(-0.05, 0.05), min_size=2, max_size=6))
def test_a_larger_margin_is_never_easier(entry, record, margins):
    assume(spread(entry, record))
    p_values = [
        welch_test(scores(entry), scores(record), margin=margin).p_value for margin in sorted(margins)
    ]
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(p_values))


@pytest.mark.parametrize(
    ("entry", "record"),
    [([], []), ([1.0], [2.0]), ([1.0], [2.0, 2.1, 2.2]), ([1.0, 1.1], [2.0]), ([1.0, 1.0], [2.0, 2.0, 2.0])],
)
def test_too_few_seeds_or_no_spread_at_all_gives_no_p_value(entry, record):
    test = welch_test(entry, record, margin=MARGIN)
    assert (test.p_value, test.t, test.degrees_of_freedom) == (None, None, None)
    assert more_seeds(entry, record, margin=MARGIN, significance_level=0.01) is None


def test_without_spread_on_one_side_the_other_decides():
    # a one-sample test of the record's three seeds against the entry's constant
    test = welch_test([1.0] * 3, [1.01, 1.011, 1.013], margin=MARGIN)
    one_sample = stats.ttest_1samp([1.01, 1.011, 1.013], 1.0 + MARGIN, alternative="greater")
    assert test.p_value == pytest.approx(one_sample.pvalue)
    assert test.degrees_of_freedom == pytest.approx(2)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    with pytest.raises(UsageError, match="finite"):
        welch_test([1.0, bad], [1.0, 1.1], margin=MARGIN)


DESIGNS = [
    ((3, 3), (0.0007, 0.0007)),
    ((5, 5), (0.0007, 0.0007)),
    ((10, 3), (0.0007, 0.0007)),
    ((3, 3), (0.0002, 0.001)),
    ((3, 7), (0.001, 0.0003)),
]


def simulated_p_values(excess, *, seeds, deviations, trials=20_000):
    """p-values of seeded trials in which the true gain is `excess` above the margin; 200 are checked to be ours."""
    rng = np.random.default_rng(5)
    entry = 1.06 + deviations[0] * rng.standard_normal((trials, seeds[0]))
    record = 1.06 + MARGIN + excess + deviations[1] * rng.standard_normal((trials, seeds[1]))
    p_values = stats.ttest_ind(record - MARGIN, entry, axis=1, equal_var=False, alternative="greater").pvalue
    ours = [
        welch_test(list(e), list(r), margin=MARGIN).p_value
        for e, r in zip(entry[:200], record[:200], strict=True)
    ]
    np.testing.assert_allclose(ours, p_values[:200], rtol=1e-9)
    return p_values


@pytest.mark.parametrize(("seeds", "deviations"), DESIGNS)
def test_at_the_margin_a_false_record_is_as_rare_as_stated(seeds, deviations):
    # as many seeds and as much noise on both sides: 1 % at most. Elsewhere Welch's degrees of freedom, an estimate,
    # let it rise, to about 2 %. An honest gate exceeds the bound once in 10,000 runs.
    balanced = seeds[0] == seeds[1] and deviations[0] == deviations[1]
    p_values = simulated_p_values(0, seeds=seeds, deviations=deviations)
    false_records = np.count_nonzero(p_values < 0.01)
    assert false_records <= stats.binom.isf(1e-4, p_values.size, 0.01 if balanced else 0.02)


@pytest.mark.parametrize("excess", [0, 0.001, 0.002])
@pytest.mark.parametrize(("seeds", "deviations"), DESIGNS)
def test_the_power_is_what_simulation_finds(seeds, deviations, excess):
    p_values = simulated_p_values(excess, seeds=seeds, deviations=deviations)
    expected = float(welch_power(excess, deviations=deviations, seeds=seeds, significance_level=0.01))
    error = math.sqrt(expected * (1 - expected) / p_values.size)
    assert np.mean(p_values < 0.01) == pytest.approx(expected, abs=4 * error + 0.005)


@pytest.mark.parametrize("both_sides", [False, True])
def test_as_many_more_seeds_as_it_says_decide_it_four_times_in_five(both_sides):
    entry, record = [1.0600, 1.0607, 1.0614], [1.0646, 1.0648, 1.0649, 1.0650, 1.0652]
    more = more_seeds(entry, record, margin=MARGIN, significance_level=0.01, both_sides=both_sides)
    assert more > 1
    test = welch_test(entry, record, margin=MARGIN)
    deviations = (test.entry_deviation, test.record_deviation)

    def decided(further):
        seeds = (len(entry) + further, len(record) + (further if both_sides else 0))
        return np.mean(simulated_p_values(test.gain - MARGIN, seeds=seeds, deviations=deviations) < 0.01)

    assert decided(more) > 0.79
    assert decided(more - 1) < 0.81


@given(STEPS, STEPS)
def test_no_number_of_seeds_makes_a_gain_that_is_not_there(entry, record):
    test = welch_test(scores(entry), scores(record), margin=MARGIN)
    assume(test.gain <= MARGIN)
    assert more_seeds(scores(entry), scores(record), margin=MARGIN, significance_level=0.01) is None


def test_a_record_of_few_noisy_seeds_is_a_floor_that_only_its_own_seeds_lower():
    entry, record = [1.060, 1.061, 1.062], [1.064, 1.065, 1.066]  # p = 0.14
    common = {"margin": MARGIN, "significance_level": 0.01}
    assert more_seeds(entry, record, **common) is None
    assert more_seeds(entry, record, both_sides=True, **common) < LARGEST_MORE_SEEDS


def test_where_higher_is_better_the_test_is_the_mirror_of_the_other():
    entry, record = [1.20, 1.21, 1.19], [1.25, 1.26, 1.24]
    lower = welch_test(entry, record, margin=0.003)
    higher = welch_test(
        [-value for value in entry], [-value for value in record], margin=0.003, lower_is_better=False
    )
    assert higher.gain == pytest.approx(lower.gain)
    assert higher.p_value == pytest.approx(lower.p_value)
    assert higher.t == pytest.approx(lower.t)
