"""The softmax is exact to float64 rounding, and nothing that is not finite slips through."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from paramgolf.score.softmax import surprisal


def exact(row, target):
    row = [float(x) for x in row]
    largest = max(row)
    return math.log(math.fsum(math.exp(x - largest) for x in row)) + largest - row[target]


@settings(max_examples=50)
@given(
    hnp.arrays(np.float32, (3, 9), elements=st.floats(-1e4, 1e4, width=32)),
    st.lists(st.integers(0, 8), min_size=3, max_size=3),
)
def test_equals_the_definition(logits, targets):
    got = surprisal(logits, np.array(targets))
    want = [exact(row, target) for row, target in zip(logits, targets, strict=True)]
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)


def test_a_uniform_row_costs_the_logarithm_of_the_vocabulary():
    for vocab_size in (2, 257, 2048):
        got = surprisal(np.full((1, vocab_size), 3.5, np.float32), np.array([1]))
        assert got[0] == pytest.approx(math.log(vocab_size), rel=1e-15)


def test_a_large_vocabulary_is_exact_to_a_billionth():
    logits = np.random.default_rng(0).normal(0, 4, (4, 50_000)).astype(np.float32)
    got = surprisal(logits, np.arange(4))
    want = [exact(row, i) for i, row in enumerate(logits)]
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_value_that_is_not_finite_is_nan_and_others_are_not(bad):
    logits = np.zeros((3, 5), np.float32)
    logits[1, 4] = bad
    assert np.isnan(surprisal(logits, np.zeros(3, np.int64))).tolist() == [False, True, False]


def test_extreme_finite_logits_stay_finite():
    most = np.finfo(np.float32).max
    got = surprisal(np.array([[most, -most], [-most, most]], np.float32), np.array([0, 0]))
    assert got[0] == 0
    assert got[1] == pytest.approx(2 * float(most))
