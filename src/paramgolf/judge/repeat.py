"""Asking an entry again in a fresh sandbox: the same question twice, the same batches, a document alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paramgolf.errors import LossyEntryError
from paramgolf.judge.audit import Witness
from paramgolf.score.client import Worker
from paramgolf.score.scorer import lossless_tokens, predict_batch

# Documents asked for alone, at least: an entry in which a fifth of them leak escapes 16 with a probability of 3 %.
FEWEST_ALONE = 16
FEWEST_BATCHES = 4

Costs = npt.NDArray[np.float64]

# Byte strings that no corpus holds: whatever comes, the tokens must give it back.
HOSTILE_STRINGS = (
    b"",
    b"\x00",
    b"\x00\xff\xfe\xfd" * 8,
    "\N{REPLACEMENT CHARACTER}\ud800 lone".encode("utf-8", "surrogatepass"),
    b"Tabs\tand \r\n line\rends\n\n\n  spaces  ",
    "CaSe, \N{LATIN SMALL LIGATURE FI} \N{ANGSTROM SIGN} \N{ZERO WIDTH SPACE}\N{ROCKET}".encode(),
    bytes(range(256)),
    b"a" * 5000,
    np.random.default_rng(0).integers(0, 256, 2000, dtype=np.uint8).tobytes(),
)


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Predictions that were asked for again: how many, how many cost other bits, and the largest difference in
    nats. `where` is the first (document, row) that differs.
    """

    rows: int
    differing: int
    largest: float
    where: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """`twice`: one question two times in a row. `again`: as it was scored. `alone`: without its neighbours, in
    another order.
    """

    twice: Repeat
    again: Repeat
    alone: Repeat | None


def check_hostile_strings(encoder: Worker, decoder: Worker) -> int:
    """Encode and decode them in two processes; how many there were.

    Raises:
        LossyEntryError: one did not come back.
    """
    for index, text in enumerate(HOSTILE_STRINGS):
        try:
            lossless_tokens(encoder, decoder, index, text)
        except LossyEntryError as error:
            raise LossyEntryError(f"Of the byte strings made to be difficult: {error}") from None
    return len(HOSTILE_STRINGS)


def check_encoding(
    encoder: Worker, decoder: Worker, documents: Sequence[bytes], witness: Witness, secret: str
) -> None:
    """Encode and decode all documents in two fresh processes, in an order drawn anew.

    Raises:
        LossyEntryError: a document has other tokens than where it was scored, or did not come back: what the tokens
            are depends on more than the document.
    """
    order = np.random.default_rng(int(secret, 16) + 4).permutation(len(documents))
    for index in order.tolist():
        tokens = lossless_tokens(encoder, decoder, index, documents[index])
        if not np.array_equal(tokens, witness.tokens[index]):
            raise LossyEntryError(
                f"Document {index} was scored as {witness.tokens[index].size:,} tokens; encoded in another process and "
                f"in another order it is {tokens.size:,}, and they differ. encode must be a function of the document "
                "alone: it may not learn from other documents, draw lots, or read a clock."
            )


def repeat_fixed(worker: Worker, witness: Witness, share: float, secret: str) -> Repeats:
    """Some batches as they were, each asked twice; then their documents alone and from the last to the first."""
    size = worker.describe().batch_documents
    batches = _some_batches(witness, size, share, secret)
    again, twice = _Comparison(), _Comparison()
    for start in batches:
        batch = witness.tokens[start : start + size]
        first = predict_batch(worker, batch, start)
        for i, costs in enumerate(first):
            again.add(start + i, costs, witness.costs[start + i])
        if start == batches[0] or start == batches[-1]:
            for i, costs in enumerate(predict_batch(worker, batch, start)):
                twice.add(start + i, costs, first[i])
    alone = _Comparison()
    for start in batches[::-1]:
        for document in reversed(range(start, min(start + size, len(witness.tokens)))):
            costs = predict_batch(worker, [witness.tokens[document]], document)[0]
            alone.add(document, costs, witness.costs[document])
    return Repeats(twice=twice.result(), again=again.result(), alone=alone.result())


def repeat_adaptive(worker: Worker, witness: Witness, share: float, secret: str, isolated: bool) -> Repeats:
    """The first batches from the start on, each asked twice and then learned.

    Where documents are declared isolated, what was learned from one must not show in the next: some are asked for at
    once, before anything was learned.
    """
    size, count = worker.describe().batch_documents, len(witness.tokens)
    alone = _Comparison() if isolated else None
    if alone is not None:
        random = np.random.default_rng(int(secret, 16) + 3)
        for document in random.choice(count, min(count, FEWEST_ALONE), replace=False).tolist():
            costs = predict_batch(worker, [witness.tokens[document]], document)[0]
            alone.add(document, costs, witness.costs[document])
    again, twice = _Comparison(), _Comparison()
    last = max(2 * size, int(share * count))
    for start in range(0, min(last, count), size):
        batch = witness.tokens[start : start + size]
        first = predict_batch(worker, batch, start)
        for i, (costs, repeated) in enumerate(zip(first, predict_batch(worker, batch, start), strict=True)):
            again.add(start + i, costs, witness.costs[start + i])
            twice.add(start + i, repeated, costs)
        worker.learn(batch)
    return Repeats(
        twice=twice.result(), again=again.result(), alone=alone.result() if alone is not None else None
    )


def _some_batches(witness: Witness, size: int, share: float, secret: str) -> Sequence[int]:
    """First rows of random batches with about `share` of all predictions, in order, the last document included."""
    starts = np.arange(0, len(witness.tokens), size)
    lengths = np.array([len(t) + 1 for t in witness.tokens])
    random = np.random.default_rng(int(secret, 16) + 1)
    chosen, left = [int(starts[-1])], share * lengths.sum()
    for start in random.permutation(starts[:-1]).tolist():
        if left <= 0 and len(chosen) >= FEWEST_BATCHES:
            break
        chosen.append(start)
        left -= lengths[start : start + size].sum()
    return sorted(chosen)


class _Comparison:
    def __init__(self) -> None:
        self.rows = self.differing = 0
        self.largest = 0.0
        self.where: tuple[int, int] | None = None

    def add(self, document: int, costs: Costs, expected: Costs) -> None:
        gaps = np.abs(costs - expected)
        differing = np.flatnonzero(gaps > 0)
        self.rows += len(costs)
        self.differing += len(differing)
        if len(differing):
            self.where = self.where or (document, int(differing[0]))
            self.largest = max(self.largest, float(gaps.max()))

    def result(self) -> Repeat:
        return Repeat(rows=self.rows, differing=self.differing, largest=self.largest, where=self.where)
