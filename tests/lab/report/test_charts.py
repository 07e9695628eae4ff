"""A chart of the loss shows the score and the whole curve but its first fall, whatever the curve."""

import numpy as np
import pytest

from paramgolf.lab.report.charts import limits, loss_chart, smoothed

CURVES = {
    "falls": (np.linspace(4, 2, 400), 2.1),
    "diverges": (np.array([4.0, 9.75, 5.95]), 4.31),
    "ends below its score": (np.linspace(4, 2, 400), 4.5),
    "a single step": (np.array([4.0]), 3.9),
}


@pytest.mark.parametrize(("bits", "score"), CURVES.values(), ids=CURVES)
def test_the_curve_and_the_score_are_inside(bits, score):
    smooth = smoothed(bits)
    low, high = limits(bits, smooth, score)
    assert low < score < high
    assert low < smooth[len(smooth) // 40 :].min()
    assert smooth[len(smooth) // 40 :].max() < high


def test_a_cliff_at_the_beginning_does_not_flatten_the_rest():
    bits = np.concatenate((np.linspace(40, 4, 10), np.linspace(4, 2, 790)))
    assert limits(bits, smoothed(bits), 2.0)[1] < 5


@pytest.mark.parametrize(
    ("tokens", "name"), [(413_696, "thousands of tokens"), (2_000_000, "millions of tokens")]
)
def test_tokens_are_counted_in_a_unit_of_their_size(tokens, name):
    log = [{"seconds": s, "tokens": tokens * s / 20, "loss": 5.0 - s / 10} for s in range(1, 21)]
    assert name in loss_chart(log, 3.0, 1.7, width=8.6, name="wide")
