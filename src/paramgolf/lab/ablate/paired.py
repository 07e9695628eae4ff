"""What paired differences over seeds say: mean, interval, verdict, and how many more seeds would decide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.stats import t as students_t

CONFIDENCE = 0.95
MOST_SEEDS = 100


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Variant minus base in bits per byte, one difference a seed; below 0 the variant is better.

    low, high: the 95 % interval of the mean by the paired t-test, None with one seed.
    more_seeds: how many more would make the interval exclude 0 if mean and spread stay as they are; 0 where it
    does so already, None where that cannot be told or takes over MOST_SEEDS.
    """

    differences: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None
    more_seeds: int | None
    verdict: str


def paired(differences: Sequence[float]) -> Paired:
    """The paired t-test over seeds (Student 1908); `differences` has one entry a seed, at least one."""
    mean = fmean(differences)
    if len(differences) == 1:
        return Paired(
            differences=tuple(differences),
            mean=mean,
            low=None,
            high=None,
            more_seeds=None,
            verdict=_one_seed(mean),
        )
    half = half_width(stdev(differences), len(differences))
    more = _more_seeds(abs(mean), stdev(differences), len(differences))
    return Paired(
        differences=tuple(differences),
        mean=mean,
        low=mean - half,
        high=mean + half,
        more_seeds=more,
        verdict=_verdict(mean, more),
    )


def half_width(deviation: float, seeds: int) -> float:
    """Half the 95 % interval of a mean over `seeds` seeds, 2 or more, whose standard deviation is `deviation`."""
    return float(students_t.ppf((1 + CONFIDENCE) / 2, seeds - 1)) * deviation / math.sqrt(seeds)


def _more_seeds(size: float, deviation: float, seeds: int) -> int | None:
    if not size:
        return None
    enough = (n for n in range(seeds, MOST_SEEDS + 1) if half_width(deviation, n) < size)
    return next((n - seeds for n in enough), None)


def _one_seed(mean: float) -> str:
    if not mean:
        return "no difference in one seed: the change may do nothing here"
    word = "better" if mean < 0 else "worse"
    return f"{abs(mean):.4f} {word} in one seed, which gives no interval: 2 more seeds would"


def _verdict(mean: float, more: int | None) -> str:
    if more == 0:
        return f"{'helps' if mean < 0 else 'hurts'} by {abs(mean):.4f}"
    if not mean:
        return "no difference in any seed: the change does nothing here"
    if more is None:
        return f"within noise; over {MOST_SEEDS} seeds would be needed to tell so small a difference"
    plural = "s" if more > 1 else ""
    return f"within noise; about {more} more seed{plural} would decide"
