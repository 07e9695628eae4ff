"""The softmax is exact to float64 rounding, and nothing that is not finite slips through."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from paramgolf.score.softmax import surprisal


def exact(row, target):
    row = [float(x) for x in row]
    largest = max(row)
    return math.log(math.fsum(math.exp(x - largest) for x in row)) + (largest - row[target])


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


def with_330_digits(row, target) -> Decimal:
    """-log softmax(row)[target]."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 330, -(10**17), 10**17
        exact_row = [Decimal(float(x)) for x in row]
        return sum((x - exact_row[target]).exp() for x in exact_row).ln()


SPANS = st.sampled_from([1e-30, 1e-3, 1.0, 40.0, 700.0])
CENTRES = st.sampled_from([0.0, 1.0, -30.0, 1e3, 1e4, -6e4])


@settings(max_examples=50)
@given(
    kind=st.sampled_from([np.float16, np.float32, np.float64]),
    centre=CENTRES,
    span=SPANS,
    row=st.lists(st.floats(-1, 1), min_size=2, max_size=12),
)
def test_a_row_is_a_distribution_and_every_price_is_the_true_one(kind, centre, span, row):
    logits = (centre + span * np.array(row)).astype(kind)
    if not np.isfinite(logits).all():
        return
    prices = surprisal(np.tile(logits, (len(row), 1)), np.arange(len(row)))
    truth = [float(with_330_digits(logits, target)) for target in range(len(row))]
    np.testing.assert_allclose(prices, truth, rtol=1e-13, atol=1e-300)
    assert abs(math.fsum(math.exp(-price) for price in prices) - 1) < 1e-12
    assert (prices >= 0).all()


@pytest.mark.parametrize("size", [1e4, 1e16, 1e30, 3e38, -1e30])
@pytest.mark.parametrize("vocab_size", [3, 4096])
def test_equal_logits_of_any_size_cost_the_logarithm_of_the_vocabulary(size, vocab_size):
    """The logarithm of the sum is small beside them: added to them, it would be lost in rounding."""
    prices = surprisal(np.full((2, vocab_size), size, np.float32), np.array([0, vocab_size - 1]))
    assert prices == pytest.approx([math.log(vocab_size)] * 2, rel=1e-14)


def test_a_symbol_that_is_nearly_sure_costs_what_the_others_have():
    prices = surprisal(np.array([[0.0, -50.0], [0.0, -50.0]]), np.array([0, 1]))
    assert prices[0] == pytest.approx(math.exp(-50), rel=1e-13)
    assert prices[1] == pytest.approx(50, rel=1e-13)


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


def test_logits_further_apart_than_float64_reaches_have_no_price():
    assert np.isnan(surprisal(np.array([[1.7e308, -1.7e308]]), np.array([0]))).all()
