"""Learn the pieces of a unigram tokenizer by expectation maximisation over the byte alphabet.

Kudo 2018 (arXiv:1804.10959): begin with the commonest substrings, and in turns fit their probabilities and drop the
pieces whose loss costs the text least. Our own: the library's learner gives other pieces from run to run.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from paramgolf.runtime.tokenizer.base import PIECES
from paramgolf.runtime.tokenizer.unigram import BITS, DEAREST, LONGEST, Unigram

# The commonest words are over 95 % of a text; the rest cost time and change little.
WORDS = 100_000
SEEDS = 8  # candidates for each piece that is wanted
LEAST_SEEDS = 20_000
KEPT = 0.75  # of the pieces in each turn
FITS = 2  # of the probabilities in each turn
# Expected uses below this are none.
RARE = 0.5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def learn_unigram(documents: Iterable[bytes], count: int) -> Unigram:
    """A tokenizer with `count` pieces beside the bytes, fewer where the text has no more."""
    find = re.compile(PIECES.encode("latin-1"), re.DOTALL).findall
    words: Counter[bytes] = Counter()
    for document in documents:
        words.update(find(document))
    common = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    seeds = _seeds(common, max(SEEDS * count, LEAST_SEEDS))
    if not seeds:
        return Unigram([], [DEAREST] * 256)
    pieces = [bytes([i]) for i in range(256)] + [seed for seed, _ in seeds]
    frequencies = np.array([1.0] * 256 + [float(n) for _, n in seeds])
    model = _Model(pieces, common)
    alive = np.ones(len(pieces), bool)
    while True:
        for _ in range(FITS):
            frequencies = model.expected(_probabilities(frequencies, alive))
            alive[256:] &= frequencies[256:] >= RARE
        left = int(alive[256:].sum())
        if left <= count:
            break
        wanted = max(count, int(KEPT * left))
        losses = model.losses(_probabilities(frequencies, alive), frequencies)
        losses[~alive] = -1.0
        # A stable sort: of equal pieces the commoner seed stays, on every machine.
        alive[256:][np.argsort(-losses[256:], kind="stable")[wanted:]] = False
    probabilities = _probabilities(frequencies, alive)
    order = [*range(256), *sorted((i for i in range(256, len(pieces)) if alive[i]), key=lambda i: pieces[i])]
    costs = [min(round(-BITS * math.log2(probabilities[i])), DEAREST) for i in order]
    return Unigram([pieces[i] for i in order[256:]], costs)


def _seeds(words: list[tuple[bytes, int]], most: int) -> list[tuple[bytes, int]]:
    """Substrings of two bytes and more with how often they occur: those that make up most of the text."""
    found: Counter[bytes] = Counter()
    for word, n in words:
        for start in range(len(word) - 1):
            for end in range(start + 2, min(len(word), start + LONGEST) + 1):
                found[word[start:end]] += n
    ordered = sorted(found.items(), key=lambda item: (-item[1] * len(item[0]), item[0]))
    return list(islice(((piece, n) for piece, n in ordered if n > 1), most))


def _probabilities(frequencies: Floats, alive: NDArray[np.bool_]) -> Floats:
    """The variational estimate, which makes rare pieces rarer still; 0 for pieces that are dropped."""
    kept = np.where(alive, np.maximum(frequencies, RARE), 0.0)
    fitted: Floats = np.exp(digamma(np.where(alive, kept, 1.0)) - digamma(kept.sum()))
    fitted[~alive] = 0.0
    return fitted


class _Model:
    """Words with their counts, and pieces, as lattices."""

    def __init__(self, pieces: list[bytes], words: list[tuple[bytes, int]]) -> None:
        ids = {piece: i for i, piece in enumerate(pieces)}
        self.counts = np.array([n for _, n in words], float)
        self.words = _lattice([word for word, _ in words], ids, whole=True)
        self.pieces = _lattice(pieces[256:], ids, whole=False)

    def expected(self, probabilities: Floats) -> Floats:
        """How often each piece is used, over all segmentations of all words."""
        words = self.words
        forward, backward = (words.sums(probabilities, levels) for levels in (words.forward, words.backward))
        total = forward[words.last]
        shares = forward[words.starts] * probabilities[words.ids] * backward[words.ends]
        weights = self.counts[words.word] / total[words.word]
        return np.asarray(np.bincount(words.ids, shares * weights, len(probabilities)), float)

    def losses(self, probabilities: Floats, frequencies: Floats) -> Floats:
        """Bits that the text loses with each piece: its uses times what its best segmentation costs more."""
        best = self.pieces.best(probabilities)[self.pieces.last]
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = frequencies[256:] * (np.log(probabilities[256:]) - np.log(best))
        return np.concatenate((np.zeros(256), loss))


@dataclass(frozen=True, kw_only=True)
class _Level:
    """Edges into (or out of) the nodes at one place of all words: `cuts` is where each node's edges begin."""

    edges: Ints
    cuts: Ints
    nodes: Ints


@dataclass(frozen=True, kw_only=True)
class _Lattice:
    """Nodes between the bytes of all words, edges for the pieces that lie there."""

    starts: Ints
    ends: Ints
    ids: Ints
    word: Ints
    first: Ints
    last: Ints
    forward: list[_Level]
    backward: list[_Level]

    def sums(self, probabilities: Floats, levels: list[_Level]) -> Floats:
        """Of each node, the probability of all paths to it, from the words' beginnings or from their ends."""
        to_end = levels is self.backward
        values = np.zeros(int(self.last.max()) + 1)
        values[self.last if to_end else self.first] = 1.0
        source = self.ends if to_end else self.starts
        for level in levels:
            through = values[source[level.edges]] * probabilities[self.ids[level.edges]]
            values[level.nodes] = np.add.reduceat(through, level.cuts)
        return values

    def best(self, probabilities: Floats) -> Floats:
        """Of each node, the probability of the best path to it."""
        values = np.zeros(int(self.last.max()) + 1)
        values[self.first] = 1.0
        for level in self.forward:
            through = values[self.starts[level.edges]] * probabilities[self.ids[level.edges]]
            values[level.nodes] = np.maximum.reduceat(through, level.cuts)
        return values


def _lattice(words: list[bytes], ids: dict[bytes, int], *, whole: bool) -> _Lattice:
    """The lattice of `words`; with `whole` False no edge spans a word of several bytes."""
    edges: list[tuple[int, int, int, int]] = []
    first = np.cumsum([0] + [len(word) + 1 for word in words])
    for index, word in enumerate(words):
        base = int(first[index])
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + LONGEST) + 1):
                piece = ids.get(word[start:end])
                if piece is not None and (whole or end - start < len(word)):
                    edges.append((base + start, base + end, piece, index))
    starts, ends, pieces, word_of = np.array(edges, np.int64).T
    begins = first[word_of]
    return _Lattice(
        starts=starts,
        ends=ends,
        ids=pieces,
        word=word_of,
        first=first[:-1],
        last=first[1:] - 1,
        forward=_levels(ends - begins, ends),
        backward=_levels(begins - starts, starts),
    )


def _levels(places: Ints, nodes: Ints) -> list[_Level]:
    """Edges by the place of their node in its word, in the order in which paths reach it."""
    order = np.lexsort((nodes, places))
    levels = []
    for edges in np.split(order, np.flatnonzero(np.diff(places[order])) + 1):
        cuts = np.concatenate(([0], np.flatnonzero(np.diff(nodes[edges])) + 1))
        levels.append(_Level(edges=edges, cuts=cuts, nodes=nodes[edges][cuts]))
    return levels
