"""The rule of memorisation: its declaration, and how it judges an artifact."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.stored_text import WINDOW
from paramgolf.judge.verdict import Finding
from paramgolf.score import Score

# Text of one source shares boilerplate; an artifact has no business storing more of it than that.
STORED_SHARE = 0.1
ERROR_RATE = 0.001
MARGIN = 0.02
FEWEST = 20
RULE = Rule(
    number="R13",
    name="memorisation",
    asks=(
        "No memorised validation text: none stored in the artifact, and no better on it than on fresh text."
    ),
    measures=(
        f"Validation text stored in the artifact ({WINDOW} bytes word for word, compressed streams unpacked): at most "
        f"{STORED_SHARE:.0%}; with --fresh, a test against text of the same source that no entrant could have."
    ),
    required=Required.NEVER,
    limit=f"{STORED_SHARE:.0%} of the text stored; fresh text not dearer by more than {MARGIN:.0%}, p >= {ERROR_RATE}",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if m.stored is None or m.score is None:
        return RULE.not_reached(m)
    stored = m.stored.bytes / max(1, m.stored.text_bytes)
    if stored > STORED_SHARE:
        return RULE.failed(
            f"{m.stored.bytes:,} bytes of the validation text are in the artifact",
            limit,
            f"Pieces of {WINDOW} bytes, word for word, in the member {m.stored.member[:60]!a}.",
            "Remove the validation text, and whatever was made from it.",
        )
    if m.fresh is None:
        return RULE.undecided(
            f"No stored text in {m.stored.searched:,} bytes searched; no fresh text to compare with.",
            "Give text of the same source that no entrant could have: --fresh FILE.",
            limit=limit,
        )
    seen, fresh = costs_by_document(m.score, m.documents), costs_by_document(m.fresh, m.fresh_documents)
    gap, p_mean = dearer(seen, fresh)
    lowest, p_lowest = cheapest(seen, fresh)
    p = min(1.0, 2 * min(p_mean, p_lowest))
    measured = f"fresh text costs {gap:+.4f} bits per byte more, p = {p:.2g}"
    evidence = (
        f"{len(seen)} and {len(fresh)} documents, bits per byte of each: a one-sided Welch test of the means against a "
        f"margin of {MARGIN:.0%}, and how many seen documents ({lowest}) are cheaper than every fresh one; an honest "
        f"entry fails in {ERROR_RATE:.1%} of cases."
    )
    if math.isnan(p_mean):
        return RULE.undecided(f"{evidence} Too few documents: {FEWEST} of each are needed.", limit=limit)
    if p < ERROR_RATE:
        return RULE.failed(
            measured, limit, evidence, "Train without the validation documents and their copies."
        )
    return RULE.passed(measured, limit, evidence)


def costs_by_document(score: Score, documents: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """Bits per byte of each document that has text."""
    pairs = zip(score.document_bits, documents, strict=True)
    return np.array([bits / len(document) for bits, document in pairs if document])


def dearer(seen: npt.NDArray[np.float64], fresh: npt.NDArray[np.float64]) -> tuple[float, float]:
    """How much more fresh documents cost in the mean, and the p-value that it is within the margin (Welch 1947).

    NaN as p-value where there are too few documents.
    """
    if min(len(seen), len(fresh)) < FEWEST:
        return 0.0, math.nan
    gap = float(fresh.mean() - seen.mean())
    result = stats.ttest_ind(fresh, seen * (1 + MARGIN), equal_var=False, alternative="greater")
    return gap, float(result.pvalue)


def cheapest(seen: npt.NDArray[np.float64], fresh: npt.NDArray[np.float64]) -> tuple[int, float]:
    """How many seen documents cost less than every fresh one, and the chance of so many if both are alike.

    Of n + m documents in any order, the k cheapest are all among the n seen ones with probability
    C(n, k) / C(n + m, k).
    That holds whatever the costs are distributed like, and finds a few documents learned by heart, which no mean shows.
    """
    count = int((seen < fresh.min(initial=math.inf)).sum()) if len(fresh) else 0
    terms = ((len(seen) - i) / (len(seen) + len(fresh) - i) for i in range(count))
    return count, math.prod(terms)
