"""The paired t-test over seeds, and what it says in words."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from paramgolf.lab.ablate.paired import MOST_SEEDS, half_width, paired

DIFFERENCES = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=12)


@given(differences=DIFFERENCES)
def test_the_interval_is_scipys_of_the_one_sample_t_test(differences):
    assume(len(set(differences)) > 1)
    expected = ttest_1samp(differences, 0).confidence_interval(0.95)
    found = paired(differences)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(differences=DIFFERENCES)
def test_a_verdict_is_given_where_the_interval_excludes_zero_and_only_there(differences):
    found = paired(differences)
    decided = found.low > 0 or found.high < 0
    assert decided == ("helps by" in found.verdict or "hurts by" in found.verdict)
    assert decided == (found.more_seeds == 0)


@given(differences=DIFFERENCES)
def test_the_seeds_it_asks_for_are_the_fewest_that_would_decide(differences):
    found = paired(differences)
    assume(found.more_seeds)
    n = len(differences)
    deviation = (found.high - found.mean) / half_width(1.0, n)
    assert half_width(deviation, n + found.more_seeds) < abs(found.mean)
    if found.more_seeds > 1:
        assert half_width(deviation, n + found.more_seeds - 1) >= abs(found.mean) * (1 - 1e-9)


def test_fewer_bits_help_and_more_hurt():
    assert paired([-0.011, -0.010, -0.009]).verdict == "helps by 0.0100"
    assert paired([0.011, 0.010, 0.009]).verdict == "hurts by 0.0100"


def test_one_seed_gives_no_interval_and_says_so():
    found = paired([-0.01])
    assert (found.low, found.high, found.more_seeds) == (None, None, None)
    assert found.verdict == "0.0100 better in one seed, which gives no interval: 2 more seeds would"


def test_noise_says_how_many_more_seeds_would_decide():
    found = paired([-0.02, 0.01, -0.005])
    assert found.verdict == f"within noise; about {found.more_seeds} more seeds would decide"
    assert 3 < found.more_seeds < MOST_SEEDS


def test_a_difference_too_small_to_tell_says_so():
    assert "over 100 seeds" in paired([-0.01, 0.0101]).verdict


def test_a_change_that_does_nothing_is_called_so():
    assert "does nothing" in paired([0.0, 0.0]).verdict
    assert "do nothing" in paired([0.0]).verdict


def test_equal_differences_decide():
    found = paired([-0.01, -0.01])
    assert found.verdict == "helps by 0.0100"
    assert math.isclose(found.low, found.high)
