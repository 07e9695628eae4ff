"""A binary tree over the vocabulary: a token is the path to its leaf, so that a prediction is a chain of yes or no.

What ships of the tree are the length of each token's path and its class; tokens of one class lie side by side, in the
order of their spelling. The end of a document is no leaf, and its length is 0: the protocol has a symbol of its own
for it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DEEPEST = 40  # decisions on the way to a token
GROUPS = 64  # of classes, which stand for a token where 256 are too many


class TokenTree(NamedTuple):
    """A byte a token each: how many decisions spell it, and its class."""

    lengths: bytes
    classes: bytes

    def to_text(self) -> str:
        """For config.json."""
        return (self.lengths + self.classes).hex()


def read_tree(text: str) -> TokenTree:
    """What to_text gave."""
    return tree_from(bytes.fromhex(text))


def tree_from(data: bytes) -> TokenTree:
    """The lengths, then the classes."""
    return TokenTree(data[: len(data) // 2], data[len(data) // 2 :])


def tree_of(tree: TokenTree, pieces: Sequence[bytes]) -> dict[str, NDArray[np.int64]]:
    """The tree of a vocabulary of V tokens whose leaves are ordered by class, then by spelling.

    length [V]; nodes and bits [V, deepest], the inner nodes on the way to a token (0 is the root) and the decisions
    there (0 is left); leaf [V], a token's place among the leaves, and token [V - 1], the other way round; low, middle,
    high [V - 2], of an inner node: its first leaf, the first under its right child, the one after its last; group [V].

    Raises ValueError if the lengths are not those of a tree with its leaves in this order.
    """
    lengths, classes = tree
    order = sorted((classes[token], pieces[token], token) for token, length in enumerate(lengths) if length)
    longest = max(lengths, default=0)
    wrong = f"the lengths of {len(order)} paths, the longest {longest}, are those of no tree in this order"
    if not 0 < longest <= DEEPEST or sum(1 << longest - n for n in lengths if n) != 1 << longest:
        raise ValueError(wrong)
    V = len(lengths)
    arrays = {name: np.zeros(V, np.int64) for name in ("length", "leaf")}
    arrays |= {name: np.zeros((V, longest), np.int64) for name in ("nodes", "bits")}
    arrays |= {name: np.zeros(max(1, len(order) - 1), np.int64) for name in ("low", "middle", "high")}
    arrays["token"] = np.array([token for _, _, token in order], np.int64)
    arrays["group"] = np.array([value * GROUPS // 256 for value in classes], np.int64)
    nodes, placed = iter(range(V)), list[int]()

    def grow(path: list[tuple[int, int]]) -> None:
        """The next leaf where its path ends here, else a node and what is below it."""
        place = len(placed)
        token = order[place][2]
        if lengths[token] < len(path):
            raise ValueError(wrong)
        if lengths[token] == len(path):
            placed.append(token)
            arrays["length"][token], arrays["leaf"][token] = len(path), place
            for depth, (node, bit) in enumerate(path):
                arrays["nodes"][token, depth], arrays["bits"][token, depth] = node, bit
            return
        node = next(nodes)
        arrays["low"][node] = place
        grow([*path, (node, 0)])
        arrays["middle"][node] = len(placed)
        grow([*path, (node, 1)])
        arrays["high"][node] = len(placed)

    grow([])
    return arrays
