"""Weights to which patches of low rank are added (Zhang et al. 2024, arXiv:2402.02446, LQER).

Ships in artifacts that have patches alone; their other modules then import decode_weights from here. The two factors
of a patch are tensors after all others in the stream. After the stream a list says what they belong to, uint32 each:
a tensor's place << 16 | rank for each patch, then how many there are.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .weights import decode_weights as decode_stream


def repaired(
    weights: NDArray[np.float32], left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """weights + left^T @ right, [R, C], one rank after the other: the same bits on every machine."""
    rows: NDArray[Any] = weights.reshape(left.shape[1], -1)
    for a, b in zip(left, right, strict=True):
        rows = rows + a[:, None] * b
    return rows.reshape(weights.shape)


def decode_weights(blob: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """As weights.decode_weights, repaired. Raises ValueError if the blob is truncated or corrupt."""
    words, names = np.frombuffer(blob[: len(blob) // 4 * 4], "<u4"), list(shapes)
    count = int(words[-1]) if len(words) else 0
    if not 0 < count < len(words):
        raise ValueError(f"weights are truncated or corrupt: {count} patches in {len(blob)} bytes")
    ranks, factors = {}, dict[str, tuple[int, ...]]()
    for word in words[-1 - count : -1].tolist():
        place, rank = divmod(word, 1 << 16)
        shape = shapes[names[place]] if place < len(names) else ()
        sides = (shape[0], prod(shape[1:])) if len(shape) > 1 else (0, 0)
        # No more numbers than the tensor has, so that memory stays that of the shapes.
        if not 0 < rank <= min(sides):
            raise ValueError(f"weights are corrupt: a patch of rank {rank} for tensor {place}")
        ranks[names[place]] = rank
        factors |= {names[place] + "/left": (rank, sides[0]), names[place] + "/right": (rank, sides[1])}
    found = decode_stream(blob[: -4 * (count + 1)], dict(shapes) | factors)
    for name in ranks:
        found[name] = repaired(found[name], found.pop(name + "/left"), found.pop(name + "/right"))
    return found
