"""The test against fresh text errs as rarely as it says, and finds what memorising gains."""

import numpy as np
import pytest

from paramgolf.judge.rules.memorisation import ERROR_RATE, FEWEST, MARGIN, cheapest, dearer


def costs(rng, count, mean=2.0):
    """Bits per byte of documents: short ones cost more and vary more, as real ones do."""
    return mean * rng.lognormal(0, 0.2, count)


@pytest.mark.slow
def test_honest_entries_fail_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    failed = sum(dearer(costs(rng, 40), costs(rng, 40))[1] < ERROR_RATE for _ in range(5000))
    assert failed <= 5000 * ERROR_RATE + 3 * (5000 * ERROR_RATE) ** 0.5


@pytest.mark.slow
def test_at_the_margin_it_still_errs_no_more_often():
    rng = np.random.default_rng(1)
    failed = sum(
        dearer(costs(rng, 60), costs(rng, 60, 2 * (1 + MARGIN)))[1] < ERROR_RATE for _ in range(5000)
    )
    assert failed <= 5000 * ERROR_RATE + 3 * (5000 * ERROR_RATE) ** 0.5


def test_a_fifth_cheaper_is_found():
    rng = np.random.default_rng(2)
    found = sum(dearer(costs(rng, 100, 1.6), costs(rng, 100))[1] < ERROR_RATE for _ in range(200))
    assert found >= 190


def test_too_few_documents_decide_nothing():
    few = np.ones(FEWEST - 1)
    assert np.isnan(dearer(few, np.ones(100))[1])
    assert np.isnan(dearer(np.ones(100), few)[1])


def test_the_gap_is_fresh_minus_seen():
    gap, p = dearer(np.full(30, 2.0) + np.arange(30) / 1e3, np.full(30, 3.0) + np.arange(30) / 1e3)
    assert gap == pytest.approx(1.0)
    assert p < 1e-6


def test_documents_learned_by_heart_are_found_among_many_others():
    rng = np.random.default_rng(3)
    seen = costs(rng, 60)
    seen[:8] = 0.1
    count, p = cheapest(seen, costs(rng, 200))
    assert count >= 8
    assert p < ERROR_RATE / 2


def test_the_cheapest_are_seen_ones_as_often_as_stated():
    rng = np.random.default_rng(4)
    for threshold in (0.1, 0.01):
        hits = sum(cheapest(costs(rng, 50), costs(rng, 50))[1] < threshold for _ in range(3000))
        assert hits <= 3000 * threshold + 3 * (3000 * threshold) ** 0.5
