"""Entropy-coded weights back into arrays. The writing side, and why it is so, is pack/entropy.py.

A blob is the float16 values of all vectors, then the little-endian words of one ANS stream (Duda et al. 2015,
the coder of `constriction`) with all matrices. Everything in the stream is a list of integers behind its own
table: lowest value, span, log2 of the distance of the table's knots, the knots, then the integers. Knots are
logarithms of probability, interpolated: far apart they are a parametric curve of a few bytes, at distance 1 a
full histogram. No floating-point function enters whose last bit differs between machines.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

STEPS = 16  # grid points of row scales and of probabilities in a factor of two
SCALE_LIMIT = 1600  # row scales are 2^-100 to 2^100: no product overflows
HEADER_LIMIT = 4096  # numbers of a table are in [-HEADER_LIMIT, HEADER_LIMIT)
CLASS_LIMIT = 256


def grid(k: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """2^(k/16), the same bits on every machine."""
    mantissas = (2.0 ** (np.arange(STEPS) / STEPS)).astype(np.float32)
    return np.ldexp(mantissas[k % STEPS], k // STEPS)


def probabilities(knots: NDArray[np.integer[Any]], log_width: int, span: int) -> NDArray[np.float32]:
    """Unnormalised probabilities of 0..span; knots[i] is 16 log2 of that of i * 2^log_width."""
    at = np.arange(len(knots)) << log_width
    levels = np.interp(np.arange(span + 1), at, knots).round().astype(int)
    return grid(np.maximum(levels - levels.max(), -400))


def header_probabilities() -> NDArray[np.floating[Any]]:
    """Unnormalised probabilities of a table's own numbers, -HEADER_LIMIT first: small ones are likely."""
    return 1.0 / (100.0 + np.arange(-HEADER_LIMIT, HEADER_LIMIT) ** 2)


def categorical(weights: NDArray[np.floating[Any]]) -> Any:
    """The coder's model of 0, 1, ... with probabilities in proportion to `weights`."""
    return constriction.stream.model.Categorical(weights, perfect=False)


class _Reader:
    def __init__(self, words: NDArray[np.uint32]) -> None:
        self.coder = constriction.stream.stack.AnsCoder(words)
        self.header = categorical(header_probabilities())

    def numbers(self, count: int) -> NDArray[np.int32]:
        """The next `count` numbers of a table."""
        return self.coder.decode(self.header, count) - HEADER_LIMIT

    def integers(self, count: int) -> NDArray[np.int32]:
        """The next `count` integers with the table before them."""
        if not count:
            return np.zeros(0, np.int32)
        low, span, log_width = self.numbers(3).tolist()
        if span < 0 or not 0 <= log_width < 16:
            raise ValueError(f"weights are corrupt: a table has span {span} and knots 2^{log_width} apart")
        if not span:
            return np.full(count, low, np.int32)
        knots = np.append(0, self.numbers(-(-span >> log_width)).cumsum())
        model = categorical(probabilities(knots, log_width, span))
        return self.coder.decode(model, count) + low

    def matrix(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The next matrix: row scales, classes of rows and columns, and for each sum of classes its
        integers.
        """
        rows, columns = shape[0], prod(shape[1:])
        k = self.integers(rows)
        classes = self.integers(rows)[:, None] + self.integers(columns)
        if (
            abs(k).max(initial=0) > SCALE_LIMIT
            or not 0 <= classes.min(initial=0) <= classes.max(initial=0) < CLASS_LIMIT
        ):
            raise ValueError("weights are corrupt: a row scale or a class is out of range")
        q = np.zeros((rows, columns), np.float32)
        for group in np.unique(classes):
            members = classes == group
            q[members] = self.integers(int(members.sum()))
        return (grid(k)[:, None] * q).reshape(shape)


def decode_weights(blob: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Arrays by name, float32, of the given shapes and in their order.

    Memory is that of the shapes, whatever the blob says. Raises ValueError if the blob is truncated or
    corrupt.
    """
    sizes = {name: prod(shape) for name, shape in shapes.items() if len(shape) < 2}
    start = 2 * sum(sizes.values())
    if len(blob) <= start or (len(blob) - start) % 4:
        raise ValueError(
            f"weights are truncated: {len(blob)} bytes, expected {start} and some words of 4 bytes"
        )
    vectors = np.frombuffer(blob[:start], "<f2").astype(np.float32)
    if not np.isfinite(vectors).all():
        raise ValueError("weights are corrupt: a vector holds NaN or infinity")
    reader = _Reader(np.frombuffer(blob[start:], "<u4").astype(np.uint32))
    weights, at = {}, 0
    for name, shape in shapes.items():
        if name in sizes:
            weights[name] = vectors[at : at + sizes[name]].reshape(shape)
            at += sizes[name]
        else:
            weights[name] = reader.matrix(shape)
    # An exhausted coder goes on with zeros, which are not the closing number.
    if reader.numbers(1)[0] or not reader.coder.is_empty():
        raise ValueError("weights are truncated or corrupt, or belong to another configuration")
    return weights
