"""Quantised matrices to bytes, close to the entropy of their integers; below it where rows or columns differ.

Every list of integers is coded under a table of its own (runtime/weights.py says how it is stored). Of all
distances of knots the one is taken that costs least, table included. The rows and columns of a matrix are put
into classes by the logarithm of their root mean square, and the sum of the two classes of an element chooses
its table: weights whose size depends on row and column cost less than the entropy of the matrix as one list.
What this saves is weighed against the classes' and the tables' own bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from paramgolf.errors import PackError
from paramgolf.runtime.weights import (
    HEADER_LIMIT,
    SCALE_LIMIT,
    STEPS,
    categorical,
    header_probabilities,
    probabilities,
)
from paramgolf.train.quantise import Quantised

Integers = NDArray[np.int32]

# Octaves of root mean square that make a class; None: no classes.
CLASS_WIDTHS = (None, 0.5, 0.25)
# Rows and columns further than this many octaves from the median share the outermost class.
CLASS_REACH = 2.0
# What a number of a table costs, for choosing classes without building every table.
NUMBER_BITS = 6.0
FIT_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class EncodedWeights:
    """blob: for decode_weights; tensor_bytes and table_bytes (the coder's models) sum to its length."""

    blob: bytes
    tensor_bytes: dict[str, int]
    table_bytes: int


@dataclass
class _Plan:
    """What goes into the stream, first to be decoded first: for each piece its owner, symbols and model."""

    header: Any = field(default_factory=lambda: categorical(header_probabilities()))
    pieces: list[tuple[str | None, Integers, Any]] = field(default_factory=list)

    def numbers(self, values: Integers) -> None:
        self.pieces.append((None, (values + HEADER_LIMIT).astype(np.int32), self.header))

    def integers(self, owner: str | None, values: Integers) -> None:
        if not values.size:
            return
        low, span = int(values.min()), int(np.ptp(values))
        counts = np.bincount(values - low)
        knots, log_width = _fit_table(counts)
        self.numbers(np.concatenate(([low, span, log_width], np.diff(knots))))
        if span:
            model = categorical(probabilities(knots, log_width, span))
            self.pieces.append((owner, (values - low).astype(np.int32), model))

    def encode(self) -> tuple[bytes, list[int]]:
        """The stream's words, and the bits of each piece."""
        coder, bits = constriction.stream.stack.AnsCoder(), []
        for _, symbols, model in reversed(self.pieces):
            before = coder.num_valid_bits()
            coder.encode_reverse(symbols, model)
            bits.append(coder.num_valid_bits() - before)
        return coder.get_compressed().astype("<u4").tobytes(), bits[::-1]


def encode_weights(tensors: Mapping[str, Quantised | NDArray[np.floating]]) -> EncodedWeights:
    """Encode vectors (arrays of fewer than 2 dimensions) as float16 and quantised matrices by entropy.

    The names' order is that of the shapes which decode_weights is given. Raises PackError for a vector that
    float16 cannot hold.
    """
    vectors, plan = {}, _Plan()
    for name, tensor in tensors.items():
        if isinstance(tensor, Quantised):
            _plan_matrix(plan, name, tensor)
        else:
            vectors[name] = _half(name, np.asarray(tensor))
    plan.numbers(np.zeros(1, np.int32))
    stream, bits = plan.encode()
    tensor_bytes = dict.fromkeys(tensors, 0) | {name: len(data) for name, data in vectors.items()}
    table_bytes = 0
    for (owner, _, _), size in zip(plan.pieces, _shares(bits, len(stream)), strict=True):
        if owner is None:
            table_bytes += size
        else:
            tensor_bytes[owner] += size
    return EncodedWeights(
        blob=b"".join(vectors.values()) + stream, tensor_bytes=tensor_bytes, table_bytes=table_bytes
    )


def entropy_bits(values: Integers) -> float:
    """Shannon bound of coding `values` one by one under their own frequencies, in bits for all of them."""
    if not values.size:
        return 0.0
    return float(_entropies(np.bincount((values - values.min()).ravel())[None])[0])


def _half(name: str, vector: NDArray[np.floating]) -> bytes:
    if vector.ndim > 1:
        raise PackError(
            f"{name} has shape {vector.shape}: quantise matrices, only vectors are stored as float16"
        )
    with np.errstate(over="ignore"):
        half = vector.astype("<f2")
    if not np.isfinite(half).all():
        raise PackError(
            f"{name} holds {np.abs(vector).max()}, float16 ends at 65504: train with a smaller rate or clip"
        )
    return half.tobytes()


def _plan_matrix(plan: _Plan, name: str, matrix: Quantised) -> None:
    k = matrix.k.numpy().astype(np.int32)
    q = matrix.q.numpy().astype(np.int32).reshape(len(k), prod(matrix.q.shape[1:]))
    if np.abs(q).max(initial=0) >= HEADER_LIMIT // 2 or np.abs(k).max(initial=0) > SCALE_LIMIT:
        raise PackError(
            f"{name} holds |q| up to {np.abs(q).max(initial=0)} and |k| up to {np.abs(k).max(initial=0)}"
        )
    # The scale of a row of zeros means nothing: take one that is cheap.
    used = q.any(axis=1)
    if used.any():
        k = np.where(used, k, np.median(k[used]).astype(np.int32))
    plan.integers(name, k)
    rows, columns = _classes(q)
    plan.integers(None, rows)
    plan.integers(None, columns)
    classes = rows[:, None] + columns
    for group in np.unique(classes):
        plan.integers(name, q[classes == group])


def _classes(q: Integers) -> tuple[Integers, Integers]:
    """The classes of rows and of columns with which `q` costs least."""
    if not q.size:
        return np.zeros(q.shape[0], np.int32), np.zeros(q.shape[1], np.int32)
    low, span = int(q.min()), int(np.ptp(q))
    symbols = q.astype(np.int64) - low
    squares = q.astype(np.float32) ** 2
    choices = []
    for rows in _class_choices(squares.mean(axis=1)):
        for columns in _class_choices(squares.mean(axis=0)):
            classes = rows[:, None] + columns
            groups = int(classes.max()) + 1
            counts = np.bincount((classes * (span + 1) + symbols).ravel(), minlength=groups * (span + 1))
            counts = counts.reshape(groups, span + 1)
            tables = NUMBER_BITS * (3 + np.minimum(np.count_nonzero(counts, axis=1), 16)).sum()
            cost = _entropies(counts).sum() + tables + entropy_bits(rows) + entropy_bits(columns)
            choices.append((cost, rows, columns))
    _, rows, columns = min(choices, key=lambda choice: choice[0])
    return rows, columns


def _class_choices(squares: NDArray[np.float32]) -> Iterator[Integers]:
    """Ways to class rows (or columns) by their mean squares."""
    octaves = 0.5 * np.log2(np.maximum(squares, 1e-9))
    octaves = np.clip(octaves - np.median(octaves), -CLASS_REACH, CLASS_REACH)
    for width in CLASS_WIDTHS:
        if width is None:
            yield np.zeros(len(squares), np.int32)
            continue
        classes = np.round(octaves / width).astype(np.int32)
        classes -= classes.min()
        if classes.any():
            yield classes


def _entropies(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Shannon bound in bits of each row of `counts`."""
    totals = counts.sum(axis=1)
    logs = np.log2(np.maximum(counts, 1))
    bits: NDArray[np.float64] = totals * np.log2(np.maximum(totals, 1)) - (counts * logs).sum(axis=1)
    return bits


def _fit_table(counts: NDArray[np.integer]) -> tuple[Integers, int]:
    """The knots (first 0) and log2 of their distance for which table and data cost least."""
    span = len(counts) - 1
    header = header_probabilities()
    header_bits = -np.log2(header / header.sum())
    best = (np.inf, np.zeros(1, np.int32), 0)
    for log_width in range(max(1, span.bit_length())):
        knots = _fit_knots(counts, log_width)
        p = probabilities(knots, log_width, span).astype(np.float64)
        numbers = np.append(np.diff(knots), log_width)
        cost = -(counts * np.log2(p / p.sum())).sum() + header_bits[numbers + HEADER_LIMIT].sum()
        if cost < best[0]:
            best = (cost, knots, log_width)
    return best[1], best[2]


def _fit_knots(counts: NDArray[np.integer], log_width: int) -> Integers:
    """Most likely knots: generalised iterative scaling (Darroch and Ratcliff 1972) on the hats."""
    width, symbols = 1 << log_width, np.arange(len(counts))
    left, share = symbols >> log_width, (symbols % width) / width
    number = -(-(len(counts) - 1) >> log_width) + 1

    def over_hats(values: NDArray[Any]) -> NDArray[Any]:
        sums: NDArray[Any] = np.bincount(left, values * (1 - share), number)
        sums += np.bincount(left + 1, values * share, number + 1)[:number]
        # A symbol that never occurs gets the probability of a third of one.
        return sums.clip(0.3)

    observed = over_hats(counts)
    at = np.arange(number) * width
    logs = np.log2(observed / over_hats(np.ones(len(counts))))
    for _ in range(FIT_STEPS if log_width else 1):
        p = 2.0 ** np.interp(symbols, at, logs)
        logs += np.log2(observed / over_hats(p * (counts.sum() / p.sum())))
    knots: Integers = np.round(STEPS * (logs - logs[0])).astype(np.int32)
    return knots


def _shares(bits: list[int], size: int) -> list[int]:
    """`size` bytes in proportion to `bits`, whole bytes that sum to `size` exactly."""
    ends = np.cumsum(bits, dtype=np.float64)
    shares: list[int] = np.diff(np.round(ends * (size / ends[-1])), prepend=0).astype(int).tolist()
    return shares
