"""Quantised tensors to bytes, close to the entropy of their integers; below it where rows or columns differ.

Every list of integers is coded under a table of its own (runtime/weights.py says how it is stored). Of all
distances of knots the one is taken that costs least, table included. The rows and columns of a tensor are put
into classes by the logarithm of their root mean square, and the sum of the two classes of an element chooses
its table: weights whose size depends on row and column cost less than the entropy of the tensor as one list.
What this saves is weighed against the classes' own bytes. Tensors whose classes have like tables share them:
a small one could not pay for tables of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from paramgolf.errors import PackError
from paramgolf.quantise.byte_allocation import entropies, entropy_bits
from paramgolf.quantise.grids import Quantised
from paramgolf.runtime.weights import (
    HEADER_LIMIT,
    SCALE_LIMIT,
    STEPS,
    categorical,
    header_probabilities,
    probabilities,
)

Integers = NDArray[np.int32]

Histogram = dict[int, NDArray[np.int64]]

CLASSES_AN_OCTAVE = 4
# Rows and columns further than this many classes from their tensor's share the outermost class.
CLASS_REACH = 12
# Mean squares below this are all of one class.
LEAST_SQUARE = 1 / 256
# A table with more values than this is a curve.
MOST_KNOTS = 16
# What a number of a table costs, for choosing classes without building every table.
NUMBER_BITS = 6.0
LIST_BITS = 60.0
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

    def integers(self, owner: str, values: Integers) -> None:
        self.shared({owner: values})

    def shared(self, parts: Mapping[str, Integers]) -> None:
        """Integers of several owners, in their order, after one table."""
        values = np.concatenate(list(parts.values()))
        if not values.size:
            return
        low, span = int(values.min()), int(np.ptp(values))
        knots, log_width = _fit_table(np.bincount(values - low))
        self.numbers(np.concatenate(([low, span, log_width], np.diff(knots))))
        if span:
            model = categorical(probabilities(knots, log_width, span))
            for owner, part in parts.items():
                if part.size:
                    self.pieces.append((owner, (part - low).astype(np.int32), model))

    def encode(self) -> tuple[bytes, list[int]]:
        """The stream's words, and the bits of each piece."""
        coder, bits = constriction.stream.stack.AnsCoder(), []
        for _, symbols, model in reversed(self.pieces):
            before = coder.num_valid_bits()
            coder.encode_reverse(symbols, model)
            bits.append(coder.num_valid_bits() - before)
        return coder.get_compressed().astype("<u4").tobytes(), bits[::-1]


def encode_weights(tensors: Mapping[str, Quantised]) -> EncodedWeights:
    """Encode quantised tensors, in the order of the shapes which decode_weights is given.

    Raises PackError for integers or scales that the format cannot hold.
    """
    plan, layouts = _Plan(), [_layout(name, tensor) for name, tensor in tensors.items()]
    owners = _shared_tables(layouts)
    for layout, tables in zip(layouts, owners, strict=True):
        _plan_layout(plan, layout, tables)
    for tables in sorted(set(owners)):
        members = [layout for layout, owner in zip(layouts, owners, strict=True) if owner == tables]
        for group in np.unique(np.concatenate([layout.classes.ravel() for layout in members])):
            plan.shared({layout.name: layout.q[layout.classes == group] for layout in members})
    plan.numbers(np.zeros(1, np.int32))
    stream, bits = plan.encode()
    tensor_bytes, table_bytes = dict.fromkeys(tensors, 0), 0
    for (owner, _, _), size in zip(plan.pieces, _shares(bits, len(stream)), strict=True):
        if owner is None:
            table_bytes += size
        else:
            tensor_bytes[owner] += size
    return EncodedWeights(blob=stream, tensor_bytes=tensor_bytes, table_bytes=table_bytes)


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What decoding must know of a tensor before its integers; classes are [R, C]."""

    name: str
    q: Integers
    k: Integers
    c: Integers
    base: int
    rows: Integers
    columns: Integers

    @property
    def classes(self) -> Integers:
        return self.base + self.rows[:, None] + self.columns

    def histogram(self, low: int, span: int) -> Histogram:
        """Counts of low..low+span by class."""
        first = int(self.classes.min(initial=self.base))
        index = (self.classes - first).astype(np.int64) * (span + 1) + (self.q - low)
        size = (int(self.classes.max(initial=self.base)) - first + 1) * (span + 1)
        counts = np.bincount(index.ravel(), minlength=size).reshape(-1, span + 1)
        return {first + i: row for i, row in enumerate(counts) if row.any()}


def _layout(name: str, tensor: Quantised) -> _Layout:
    k, c = (t.cpu().numpy().astype(np.int32) for t in (tensor.k, tensor.c))
    q = tensor.q.cpu().numpy().astype(np.int32).reshape(len(k), len(c))
    largest = max(np.abs(list_).max(initial=0) for list_ in (k, c))
    if np.abs(q).max(initial=0) >= HEADER_LIMIT // 2 or largest > SCALE_LIMIT:
        raise PackError(
            f"{name} holds |q| up to {np.abs(q).max(initial=0)} and scales up to 2^({largest}/{STEPS})"
        )
    # The scale of a row of zeros means nothing: take one that is cheap.
    used = q.any(axis=1)
    if used.any():
        k = np.where(used, k, _median(k[used])).astype(np.int32)
    base, rows, columns = _classes(q)
    return _Layout(name=name, q=q, k=k, c=c, base=base, rows=rows, columns=columns)


def _median(values: Integers) -> int:
    """One of `values`, unlike the mean of the middle two."""
    return int(np.sort(values)[len(values) // 2])


def _plan_layout(plan: _Plan, layout: _Layout, tables: int) -> None:
    strides = [_stride(layout.k), _stride(layout.c)]
    classed = bool(layout.rows.any() or layout.columns.any())
    plan.numbers(np.array([tables, layout.base, *strides, classed], np.int32))
    for scales, stride in zip((layout.k, layout.c), strides, strict=True):
        if stride:
            plan.integers(layout.name, scales // stride)
    if classed:
        plan.integers(layout.name, layout.rows)
        plan.integers(layout.name, layout.columns)


def _stride(scales: Integers) -> int:
    """The largest number that divides all of `scales`; 0 where all are 0."""
    return int(np.gcd.reduce(scales)) if scales.size else 0


def _shared_tables(layouts: list[_Layout]) -> list[int]:
    """The set of tables of each tensor: two sets become one as long as that saves bytes."""
    values = [layout.q for layout in layouts if layout.q.size]
    low = min((int(q.min()) for q in values), default=0)
    span = max((int(q.max()) for q in values), default=0) - low
    sets = {i: layout.histogram(low, span) for i, layout in enumerate(layouts)}
    costs = {i: _cost(histogram) for i, histogram in sets.items()}
    owner = list(range(len(layouts)))
    savings = {(i, j): _saving(sets, costs, i, j) for i in sets for j in sets if i < j}
    while savings and max(savings.values()) > 0:
        i, j = max(savings, key=lambda pair: savings[pair])
        sets[i] = _merged(sets[i], sets.pop(j))
        costs[i] = _cost(sets[i])
        owner = [i if number == j else number for number in owner]
        kept = {pair: saving for pair, saving in savings.items() if not {i, j} & set(pair)}
        savings = kept | {
            (min(i, other), max(i, other)): _saving(sets, costs, i, other) for other in sets if other != i
        }
    numbers = {number: place for place, number in enumerate(dict.fromkeys(owner))}
    return [numbers[number] for number in owner]


def _saving(sets: dict[int, Histogram], costs: dict[int, float], i: int, j: int) -> float:
    return costs[i] + costs[j] - _cost(_merged(sets[i], sets[j]))


def _merged(a: Histogram, b: Histogram) -> Histogram:
    return a | b | {group: a[group] + b[group] for group in a.keys() & b.keys()}


def _cost(histogram: Histogram) -> float:
    """Bits of integers and tables, about."""
    if not histogram:
        return 0.0
    counts = np.stack(list(histogram.values()))
    tables = NUMBER_BITS * (3 + np.minimum(np.count_nonzero(counts, axis=1), MOST_KNOTS))
    return float((entropies(counts) + tables).sum())


def _classes(q: Integers) -> tuple[int, Integers, Integers]:
    """The class of the tensor and those, added to it, of rows and of columns, with which `q` costs least."""
    zeros = np.zeros(q.shape[0], np.int32), np.zeros(q.shape[1], np.int32)
    if not q.size:
        return 0, *zeros
    squares = q.astype(np.float64) ** 2
    base = int(_octave_classes(squares.mean()))
    low, span = int(q.min()), int(np.ptp(q))
    choices = []
    for rows in _class_choices(squares.mean(axis=1), base):
        for columns in _class_choices(squares.mean(axis=0), base):
            layout = _Layout(name="", q=q, k=zeros[0], c=zeros[1], base=base, rows=rows, columns=columns)
            lists = sum(entropy_bits(list_) + LIST_BITS for list_ in (rows, columns) if list_.any())
            cost = _cost(layout.histogram(low, span)) + lists
            choices.append((cost, rows, columns))
    _, rows, columns = min(choices, key=lambda choice: choice[0])
    return base, rows, columns


def _octave_classes(squares: Any) -> Any:
    """Classes of mean squares: parts of an octave of their roots."""
    return np.round(CLASSES_AN_OCTAVE / 2 * np.log2(np.maximum(squares, LEAST_SQUARE)))


def _class_choices(squares: NDArray[np.float64], base: int) -> Iterator[Integers]:
    """Ways to class rows (or columns) by their mean squares: not at all, roughly, and finely."""
    classes = (_octave_classes(squares) - base).clip(-CLASS_REACH, CLASS_REACH).astype(np.int32)
    yield np.zeros(len(squares), np.int32)
    if classes.any():
        yield 2 * (np.round(classes / 2).astype(np.int32))
        yield classes


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
