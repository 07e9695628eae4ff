"""Entropy-coded weights back into arrays. The writing side, and why it is so, is pack/entropy.py.

A blob is the little-endian words of one ANS stream (Duda et al. 2015, the coder of `constriction`). Everything in
it is a list of integers after its own table: lowest value, span, log2 of the distance of the table's knots, the
knots, then the integers. Knots are logarithms of probability, interpolated: far apart they are a parametric curve
of a few bytes, at distance 1 a full histogram. No floating-point function enters whose last bit differs between
machines.

First comes the layout of each tensor: which tables it shares with others, scales of rows and of columns, and a
class for each row and column, whose sum is the class of an element. Then, for each set of tables and each class in
it, the integers of all elements of all tensors that are of that class.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

STEPS = 16  # grid points of row scales and of probabilities in a factor of two
SCALE_LIMIT = 800  # scales are 2^-50 to 2^50: no product overflows
HEADER_LIMIT = 4096  # numbers of a table are in [-HEADER_LIMIT, HEADER_LIMIT)
CLASS_LIMIT = 4096


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


# Number of the set of tables, scales [R, C], classes [R, C].
_Layout = tuple[int, NDArray[np.float32], NDArray[np.int32]]


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

    def scales(self, count: int, stride: int) -> NDArray[np.float32]:
        """The next `count` scales; without a stride all are 1."""
        k = stride * self.integers(count) if stride else np.zeros(count, np.int32)
        if abs(k).max(initial=0) > SCALE_LIMIT:
            raise ValueError("weights are corrupt: a scale is out of range")
        return grid(k)

    def layout(self, shape: tuple[int, ...]) -> _Layout:
        """The next tensor's; a vector is one row."""
        rows, columns = (shape[0], prod(shape[1:])) if len(shape) > 1 else (1, prod(shape))
        tables, base, row_stride, column_stride, classed = self.numbers(5).tolist()
        scales = self.scales(rows, row_stride)[:, None] * self.scales(columns, column_stride)
        classes = np.full((rows, columns), base, np.int32)
        if classed:
            classes += self.integers(rows)[:, None] + self.integers(columns)
        if abs(classes).max(initial=0) > CLASS_LIMIT:
            raise ValueError("weights are corrupt: a class is out of range")
        return tables, scales, classes


def decode_weights(blob: bytes, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Arrays by name, float32, of the given shapes and in their order.

    Memory is that of the shapes, whatever the blob says. Raises ValueError if the blob is truncated or
    corrupt.
    """
    if not blob or len(blob) % 4:
        raise ValueError(f"weights are truncated: {len(blob)} bytes, expected some words of 4 bytes")
    reader = _Reader(np.frombuffer(blob, "<u4").astype(np.uint32))
    layouts = {name: reader.layout(shape) for name, shape in shapes.items()}
    weights = dict.fromkeys(shapes, np.empty(0, np.float32))
    for tables in sorted({layout[0] for layout in layouts.values()}):
        members = [name for name in shapes if layouts[name][0] == tables]
        classes = np.concatenate([layouts[name][2].ravel() for name in members])
        q = np.zeros(len(classes), np.float32)
        for group in np.unique(classes):
            mask = classes == group
            q[mask] = reader.integers(int(mask.sum()))
        for name, part in zip(
            members, np.split(q, np.cumsum([layouts[m][1].size for m in members])[:-1]), strict=True
        ):
            scales = layouts[name][1]
            weights[name] = (scales * part.reshape(scales.shape)).reshape(shapes[name])
    # An exhausted coder goes on with zeros, which are not the closing number.
    if reader.numbers(1)[0] or not reader.coder.is_empty():
        raise ValueError("weights are truncated or corrupt, or belong to another configuration")
    return weights
