"""A chart of the loss shows the score and the whole curve but its first fall, whatever the curve."""

import numpy as np
import pytest

from paramgolf.lab.report.charts import limits, smoothed

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
