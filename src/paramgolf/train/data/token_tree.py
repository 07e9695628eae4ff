"""The tree of a vocabulary: tokens that stand for each other lie close, so that what was seen of one says something of
the others, and likely tokens have short paths.

The first splits part classes of tokens by the company that they keep, like the clusters of Brown et al. 1992
("Class-based n-gram models of natural language") but from the top: the neighbours of each token in the training text,
their frequencies under a root (the Hellinger distance, where common ones do not drown the others), their principal
components. Inside a class the spelling decides, so that an artifact ships a class and a length for each token instead
of their order.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.train.data.batches import TokenStream

# The commonest tokens, which count as neighbours.
NEIGHBOURS = 1024
# What the token before and the token after say about a token.
LEFT, RIGHT = 1.0, 0.5
COMPONENTS = 16
# Splits by neighbours, one below the other: 256 classes (docs/adaptive.md has the gain of each).
SPLITS = 8
# A split by neighbours leaves each side this share of the text, or comes as close to halves as it can.
LEAST = 0.35

Order = NDArray[np.int64]
Floats = NDArray[np.floating]


def token_tree(shards: Sequence[Path], pieces: Sequence[bytes]) -> TokenTree:
    """The tree of a vocabulary whose tokens spell `pieces`, from the beginning of the training text."""
    text = np.append(TokenStream(shards).beginning(), END_OF_DOCUMENT).astype(np.int64)
    counts = np.bincount(text, minlength=len(pieces))
    weights = 1.0 + counts
    tokens = np.delete(np.arange(len(pieces)), END_OF_DOCUMENT)
    classes = np.zeros(len(pieces), np.uint8)
    for number, members in _classes(tokens, company(text, counts), weights, SPLITS):
        classes[members] = number
    return spelled_tree(classes, weights, pieces)


def spelled_tree(classes: NDArray[np.uint8], weights: Floats, pieces: Sequence[bytes]) -> TokenTree:
    """The tree whose first decisions are the bits of the class, the others halves by weight in the order of spelling.

    All arguments [V]; weights are positive.
    """
    order = sorted(
        (t for t in range(len(pieces)) if t != END_OF_DOCUMENT), key=lambda t: (classes[t], pieces[t], t)
    )
    ends = np.append(0.0, np.cumsum(weights[order]))
    of_leaves = classes[order].astype(np.int64)
    lengths = bytearray(len(pieces))

    def grow(first: int, last: int, depth: int) -> None:
        """Leaves from `first` to before `last`."""
        if last - first == 1:
            lengths[order[first]] = depth
            return
        if differing := int(of_leaves[first] ^ of_leaves[last - 1]):
            bit = differing.bit_length() - 1
            middle = int(np.searchsorted(of_leaves, of_leaves[last - 1] >> bit << bit))
        else:
            cuts = np.arange(first + 1, last)
            middle = int(cuts[np.abs(ends[cuts] - (ends[first] + ends[last]) / 2).argmin()])
        grow(first, middle, depth + 1)
        grow(middle, last, depth + 1)

    grow(0, len(order), 0)
    return TokenTree(bytes(lengths), bytes(classes))


def company(text: Order, counts: Order) -> Floats:
    """Where tokens lie by their neighbours, [V, components]; those of equal neighbours lie on one point."""
    V, common = len(counts), np.argsort(-counts, kind="stable")[:NEIGHBOURS]
    column = np.full(V, -1)
    column[common] = np.arange(len(common))
    parts = []
    for token, neighbour, scale in ((text[1:], text[:-1], LEFT), (text[:-1], text[1:], RIGHT)):
        known = column[neighbour] >= 0
        cells = token[known] * len(common) + column[neighbour[known]]
        seen = np.bincount(cells, minlength=V * len(common)).reshape(V, -1).astype(np.float32)
        mean = seen.sum(0) / max(1, seen.sum())
        parts.append(scale * (np.sqrt(seen / seen.sum(1, keepdims=True).clip(1)) - np.sqrt(mean)))
    rows = np.concatenate(parts, 1)
    weighted = rows * np.sqrt((1.0 + counts) / (1.0 + counts).sum())[:, None].astype(np.float32)
    _, axes = np.linalg.eigh(weighted.T @ weighted)
    return (rows @ axes[:, ::-1][:, :COMPONENTS]).astype(np.float64)


def _classes(
    tokens: Order, places: Floats, weights: Floats, splits: int, number: int = 0
) -> Iterator[tuple[int, Order]]:
    """Tokens halved so many times: which halves they were in, as bits, and the tokens."""
    if not splits or len(tokens) < 2:
        yield number << splits, tokens
        return
    for side, half in enumerate(_halves(tokens, places[tokens], weights[tokens])):
        yield from _classes(half, places, weights, splits - 1, 2 * number + side)


def _halves(tokens: Order, places: Floats, weights: Floats) -> tuple[Order, Order]:
    """Parted along the first principal axis, where that parts them best."""
    share = weights / weights.sum()
    places = places - share @ places
    _, axes = np.linalg.eigh((places * share[:, None]).T @ places)
    along = places @ axes[:, -1]
    order = np.argsort(along, kind="stable")
    below, sums = np.cumsum(share[order])[:-1], np.cumsum((share * along)[order])[:-1]
    allowed = np.flatnonzero(np.abs(below - 0.5) <= 0.5 - LEAST)
    if not len(allowed):
        allowed = np.array([np.abs(below - 0.5).argmin()])
    # The variance between both sides.
    gain = sums[allowed] ** 2 / (below[allowed] * (1 - below[allowed]))
    cut = int(allowed[gain.argmax()]) + 1
    return tokens[order[:cut]], tokens[order[cut:]]
