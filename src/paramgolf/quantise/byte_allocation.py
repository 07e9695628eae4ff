"""Spending bytes where the loss falls fastest: one offset on all steps fills a budget.

With steps by sensitivity (rule "loss") a step's square times its weights' sensitivity is the same everywhere, and so
is, at the rates that matter here, what one more bit lowers the loss by (Gish and Pierce 1968: the slope of an
entropy-coded uniform quantiser is that of its squared step). Lagrange's condition therefore holds for all tensors, rows
and columns at once, and one number is left to find: the one that the budget allows.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paramgolf.quantise.grids import FIXED_RULES, Steps, as_rows, grid_at, round_to

# Base-2 logarithms between which the offset is searched; coarser, a model would be ruined to fit.
FINEST, COARSEST = -6.0, 6.0
SEARCH_STEPS = 22
# What the tables and lists of a tensor take besides its entropy, in bytes, about.
TENSOR_BYTES = 20


def offset_for(tensors: Mapping[str, Tensor], steps: Mapping[str, Steps], budget: float) -> float:
    """The finest offset (base-2 logarithm on all steps that are not fixed) whose weights take at most `budget` bytes.

    0, steps as they are, where even the coarsest takes more: what cannot fit is refused by the packer, and coarser
    steps would only ruin the tensors whose scheme leaves a choice.
    """
    if coded_bytes(tensors, steps, COARSEST) > budget:
        return 0.0
    fine, coarse = FINEST, COARSEST
    for _ in range(SEARCH_STEPS):
        middle = (fine + coarse) / 2
        if coded_bytes(tensors, steps, middle) > budget:
            fine = middle
        else:
            coarse = middle
    return coarse


def move_towards(
    tensors: Mapping[str, Tensor], steps: Mapping[str, Steps], offset: float, budget: float, most: float
) -> float:
    """By how much to move an offset, `most` at most, so that the weights take about `budget` bytes: one step of Newton.

    0 where even the coarsest takes more, as in offset_for.
    """
    if coded_bytes(tensors, steps, COARSEST) > budget:
        return 0.0
    # Steps twice as wide save each weight a bit.
    bytes_an_octave = (
        sum(t.numel() for name, t in tensors.items() if steps[name].scheme.rule not in FIXED_RULES) / 8
    )
    move = (coded_bytes(tensors, steps, offset) - budget) / bytes_an_octave
    return min(max(move, -most), most)


def coded_bytes(tensors: Mapping[str, Tensor], steps: Mapping[str, Steps], offset: float) -> float:
    """About the bytes of the tensors at an offset: entropies of integers by classes of rows, and of the scales."""
    bits = 0.0
    for name, tensor in tensors.items():
        quantised = round_to(tensor, grid_at(steps[name], offset))
        bits += _class_entropy(as_rows(quantised.q))
        bits += sum(entropy_bits(list_.cpu().numpy()) for list_ in (quantised.k, quantised.c))
    return bits / 8 + TENSOR_BYTES * len(tensors)


def entropy_bits(values: NDArray[np.integer]) -> float:
    """Shannon bound of coding integers one by one under their own frequencies, in bits for all of them."""
    if not values.size:
        return 0.0
    return float(entropies(np.bincount((values - values.min()).ravel())[None])[0])


def entropies(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Shannon bound in bits of each row of counts."""
    totals = counts.sum(axis=1)
    logs = np.log2(np.maximum(counts, 1))
    bits: NDArray[np.float64] = totals * np.log2(np.maximum(totals, 1)) - (counts * logs).sum(axis=1)
    return bits


def _class_entropy(q: Tensor) -> float:
    """Entropy of integers [R, C], each row under the frequencies of rows of its size, and of the rows' classes."""
    if not q.numel():
        return 0.0
    classes = torch.log2(q.float().square().mean(1).clamp(min=1 / 16)).round().long()
    classes -= classes.min()
    low = q.min()
    span = int(q.max() - low) + 1
    index = classes[:, None] * span + (q.long() - low)
    counts = torch.bincount(index.flatten(), minlength=(int(classes.max()) + 1) * span)
    return float(entropies(counts.view(-1, span).cpu().numpy()).sum()) + entropy_bits(classes.cpu().numpy())
