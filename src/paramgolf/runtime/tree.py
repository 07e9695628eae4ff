"""A binary tree over the vocabulary: a token is the path to its leaf, so that a prediction is a chain of yes or no.

What ships of the tree are the lengths of its paths, a byte a token (Huffman 1952, in canonical form). The end of a
document is no leaf, and its length is 0: the protocol has a symbol of its own for it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DEEPEST = 40  # decisions on the way to a token


def tree_of(lengths: Sequence[int], pieces: Sequence[bytes]) -> dict[str, NDArray[np.int64]]:
    """The tree of a vocabulary of V tokens; shorter paths lie further left, then the spelling counts.

    length [V]; nodes and bits [V, deepest], the inner nodes on the way to a token (0 is the root) and the decisions
    there (0 is left); leaf [V], a token's place among the leaves, and token [V - 1], the other way round; low, middle,
    high [V - 2], of an inner node: its first leaf, the first under its right child, the one behind its last.

    Raises ValueError if the lengths are not those of a tree.
    """
    order = sorted((length, pieces[token], token) for token, length in enumerate(lengths) if length)
    longest = order[-1][0] if order else 0
    if not 0 < longest <= DEEPEST or sum(1 << longest - length for length, _, _ in order) != 1 << longest:
        raise ValueError(f"the lengths of {len(order)} paths, the longest {longest}, are those of no tree")
    V = len(lengths)
    tree = {name: np.zeros(V, np.int64) for name in ("length", "leaf")}
    tree |= {name: np.zeros((V, longest), np.int64) for name in ("nodes", "bits")}
    tree |= {name: np.zeros(max(1, V - 2), np.int64) for name in ("low", "middle", "high")}
    tree["token"] = np.array([token for _, _, token in order], np.int64)
    nodes, placed = iter(range(V)), list[int]()

    def grow(path: list[tuple[int, int]]) -> None:
        """The next leaf where its path ends here, else a node and what is below it."""
        place = len(placed)
        length, _, token = order[place]
        if length == len(path):
            placed.append(token)
            tree["length"][token], tree["leaf"][token] = length, place
            for depth, (node, bit) in enumerate(path):
                tree["nodes"][token, depth], tree["bits"][token, depth] = node, bit
            return
        node = next(nodes)
        tree["low"][node] = place
        grow([*path, (node, 0)])
        tree["middle"][node] = len(placed)
        grow([*path, (node, 1)])
        tree["high"][node] = len(placed)

    grow([])
    return tree
