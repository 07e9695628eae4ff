"""Whether an entry's scores beat a record's by more than a margin, and how many more seeds would settle it.

Scores are values of the game's objective, one a seed. Where lower is better, the gain is mean(record) - mean(entry).
"""

import math
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from paramgolf.challenge.objectives import SeedTest
from paramgolf.errors import UsageError

POWER = 0.8
QUANTILES = 24
# `more_seeds` looks no further
LARGEST_MORE_SEEDS = 500


@dataclass(frozen=True, kw_only=True)
class WelchTest:
    """One-sided Welch t-test of H0: gain <= margin, in the unit of the scores.

    The means are None without a score, a deviation (of the sample, n - 1) without two. `t`, `degrees_of_freedom`
    and `p_value` are None where no p-value can be computed: fewer than 2 scores on a side, or no spread on either.
    """

    entry_mean: float | None
    entry_deviation: float | None
    record_mean: float | None
    record_deviation: float | None
    gain: float | None
    margin: float
    t: float | None
    degrees_of_freedom: float | None
    p_value: float | None


def welch_test(
    entry: Sequence[float], record: Sequence[float], *, margin: float, lower_is_better: bool = True
) -> WelchTest:
    """Test the gain of `entry` over `record` against `margin`, variances not assumed equal.

    Where all scores of one side are the same, the other side's spread alone decides, with its degrees of freedom.
    Where that is so on both sides, the noise is unknown rather than zero: there is no p-value.
    Method: B. L. Welch, Biometrika 34 (1947), by scipy.

    Raises:
        UsageError: a score or the margin is not finite.
    """
    if not all(map(math.isfinite, (*entry, *record, margin))):
        raise UsageError(
            f"got scores {list(entry)} and {list(record)}, margin {margin}: all must be finite numbers. "
            "Measure the entry again with: paramgolf verify"
        )
    entry_mean, entry_deviation = _mean_and_deviation(entry)
    record_mean, record_deviation = _mean_and_deviation(record)
    gain = None
    if entry_mean is not None and record_mean is not None:
        gain = record_mean - entry_mean if lower_is_better else entry_mean - record_mean
    t = degrees = p_value = None
    if entry_deviation is not None and record_deviation is not None and (entry_deviation or record_deviation):
        higher, lower = (record, entry) if lower_is_better else (entry, record)
        shifted = np.asarray(higher, np.float64) - margin
        with warnings.catch_warnings():
            # scipy warns where one side has no spread, which is answered above
            warnings.simplefilter("ignore", RuntimeWarning)
            result = stats.ttest_ind(shifted, lower, equal_var=False, alternative="greater")
        if math.isfinite(result.statistic) and math.isfinite(result.pvalue):
            t, degrees, p_value = float(result.statistic), float(result.df), float(result.pvalue)
    return WelchTest(
        entry_mean=entry_mean,
        entry_deviation=entry_deviation,
        record_mean=record_mean,
        record_deviation=record_deviation,
        gain=gain,
        margin=margin,
        t=t,
        degrees_of_freedom=degrees,
        p_value=p_value,
    )


def welch_power(
    excess: float,
    *,
    deviations: tuple[float, float],
    seeds: tuple[ArrayLike, ArrayLike],
    significance_level: float,
) -> NDArray[np.float64]:
    """Probability that the test rejects, where the true gain is `excess` above the margin.

    `deviations` are the true ones of entry and record (not both 0); `seeds` are the numbers of seeds, at least 2, of
    one shape, which is that of the answer. With `excess` 0 it is the true rate of false records at the margin.

    Given both sample variances, the difference of means is normal and independent of them (Cochran), so that the
    probability is an average over the two chi-square distributions: here over QUANTILES midpoints of each, which is
    within 0.005 of the truth. A noncentral t with Welch's degrees of freedom is up to 0.17 off at 3 seeds a side.
    """
    entry_seeds, record_seeds = (np.asarray(count, np.float64)[..., None, None] for count in seeds)
    quantiles = (np.arange(QUANTILES) + 0.5) / QUANTILES
    entry_part = _squared_error(deviations[0], entry_seeds, quantiles[:, None])
    record_part = _squared_error(deviations[1], record_seeds, quantiles[None, :])
    share = entry_part / (entry_part + record_part)
    degrees = 1 / (share**2 / (entry_seeds - 1) + (1 - share) ** 2 / (record_seeds - 1))
    needed = -special.stdtrit(degrees, significance_level) * np.sqrt(entry_part + record_part)
    true_error = np.sqrt(deviations[0] ** 2 / entry_seeds + deviations[1] ** 2 / record_seeds)
    return np.asarray(special.ndtr((excess - needed) / true_error).mean(axis=(-1, -2)))


def more_seeds(
    entry: Sequence[float],
    record: Sequence[float],
    *,
    margin: float,
    significance_level: float,
    power: float = POWER,
    both_sides: bool = False,
    lower_is_better: bool = True,
) -> int | None:
    """The fewest further seeds with which the test would reject with probability `power`.

    The further seeds are the entry's, while the record's stay what they are; with `both_sides` as many are trained
    of the record too. The observed means and deviations are taken for the true ones, so this is a forecast.

    None where the observed gain is not above the margin, where no p-value can be computed, and where
    LARGEST_MORE_SEEDS do not do: the error of a record's few seeds is a floor that no number of seeds of the entry
    gets below, and the degrees of freedom fall towards the record's alone.
    """
    test = welch_test(entry, record, margin=margin, lower_is_better=lower_is_better)
    if test.p_value is None or test.gain is None or test.gain <= margin:
        return None
    assert test.entry_deviation is not None
    assert test.record_deviation is not None
    more = np.arange(1, LARGEST_MORE_SEEDS + 1)
    chance = welch_power(
        test.gain - margin,
        deviations=(test.entry_deviation, test.record_deviation),
        seeds=(len(entry) + more, len(record) + (more if both_sides else np.zeros_like(more))),
        significance_level=significance_level,
    )
    enough = np.flatnonzero(chance >= power)
    return int(more[enough[0]]) if enough.size else None


def _squared_error(
    deviation: float, seeds: NDArray[np.float64], quantiles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles of a sample's variance over its size."""
    degrees = seeds - 1
    return np.asarray(deviation**2 / seeds * 2 * special.gammaincinv(degrees / 2, quantiles) / degrees)


def _mean_and_deviation(scores: Sequence[float]) -> tuple[float | None, float | None]:
    """Exact rationals underneath: equal scores have a deviation of exactly 0, in whatever order they come."""
    return (
        statistics.mean(scores) if scores else None,
        statistics.stdev(scores) if len(scores) > 1 else None,
    )


TESTS = {SeedTest.WELCH: welch_test}
"""How the seeds of two entries are compared, by what the objective asks for."""
