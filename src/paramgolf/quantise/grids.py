"""Rounding of weights: a grid for each tensor, for training and for packing alike.

A weight is (scale of its row * scale of its column) * q, q an integer with |q| <= limit, scales on the grid 2^(k/16).
Weights are rounded in training exactly as the artifact gives them back, with straight-through gradients
(Bengio et al. 2013, arXiv:1308.3432).
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import torch
from torch import Tensor

from paramgolf.errors import ConfigError
from paramgolf.runtime.weights import SCALE_LIMIT, STEPS

RULES = ("max", "rms", "loss", "ternary", "binary")
# Rules whose steps leave no choice, so that filling a budget does not move them.
FIXED_RULES = ("max", "ternary", "binary")
LIMITS = range(1, 2048)
RANKS = range(257)
# Row scales of the rule "loss" are quarters of an octave apart: the loss hardly notices, the scales cost half.
COARSE = STEPS // 4
# Share of its tensor's mean that is added to each row's and column's sensitivity: the gradients of a few hundred
# thousand tokens say little of rows that rare tokens use, and rows they never used would be rounded to zeros.
PRIOR = 1.0
# Of the rule "loss": so many times its size may a row's largest weight grow to after the choice of steps. A gain that
# was cut to a third, since its sensitivity asked for steps too fine to reach it, cost more than all other rounding.
ROOM = 2.0
# A tensor with fewer rows or columns gets no steps by column.
FEWEST_FOR_COLUMNS = 8
LEAST_SENSITIVITY = 1e-6
ROUNDER = 1.5 * 2**23


@dataclass(frozen=True, kw_only=True)
class QuantisationScheme:
    """How a group of tensors is quantised: weight = scale of its row * scale of its column * q, with |q| <= limit."""

    rule: Annotated[
        str,
        '"max": scale = max |row| / limit, rounded up, so that nothing clips (limit 127: int8 by row); '
        '"rms": scale = step * root mean square of the row, and what is over limit * scale clips; "loss": '
        "scales of rows and columns go with 1 / root of their mean squared gradient, so that rounding any "
        "weight costs about the same loss, but are never so fine that a weight could not double before it "
        'clips; "ternary": -1, 0 or 1 times mean |row| (Ma et al. 2024, BitNet b1.58); "binary": -1 or 1 '
        "times it (Rastegari et al. 2016).",
    ] = "max"
    limit: Annotated[int, 'The largest integer, for rules "max", "rms" and "loss".'] = 127
    step: Annotated[
        float,
        'Distance between weights that can be told apart, for rules "rms" and "loss": in root mean squares '
        "of the row, and of the whole model. With `fill`, only the ratios between groups count.",
    ] = 1.0
    feedback: Annotated[
        bool,
        "Each column's rounding error is made up for by the columns after it, by what the matrix was applied "
        "to at the end of training (Frantar et al. 2022, GPTQ); training.calibration says on what text.",
    ] = False
    repair_rank: Annotated[
        int,
        "Rank of the patches that the group's worst tensors get after rounding (Zhang et al. 2024, LQER); "
        "0: none.",
    ] = 0
    repair_tensors: Annotated[
        int,
        "How many tensors of the group are patched: those with the largest errors.",
    ] = 3

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ConfigError(
                f"quantisation rule is {self.rule!r}; allowed are {', '.join(map(repr, RULES))}"
            )
        if self.limit not in LIMITS:
            raise ConfigError(
                f"quantisation limit is {self.limit}; give the largest |q|, 1 to {LIMITS.stop - 1}"
            )
        if not 0 < self.step < 1e6:
            raise ConfigError(
                f"quantisation step is {self.step}; give a positive number of row deviations, such as 0.6"
            )
        if self.repair_rank not in RANKS or self.repair_tensors < 1:
            raise ConfigError(
                f"repair_rank is {self.repair_rank}, repair_tensors {self.repair_tensors}; give a rank up to "
                f"{RANKS.stop - 1}, or 0 for no repair, and 1 tensor or more"
            )


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Base-2 logarithms of the steps of a tensor's rows [R] and columns [C], and the scheme that made them."""

    rows: Tensor
    columns: Tensor
    scheme: QuantisationScheme


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Where a tensor's values lie: 2^(k[row]/16) * 2^(c[column]/16) * q with |q| <= limit; k, c int32 [R], [C].

    signs: q is -1 or 1.
    """

    k: Tensor
    c: Tensor
    limit: int
    signs: bool = False

    @cached_property
    def steps(self) -> Tensor:
        """Distance of the points, float32 [R, C]."""
        return step_matrix(self.k, self.c)


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """q: int32, the tensor's shape; k: int32 [R] and c: int32 [C], as in Grid."""

    q: Tensor
    k: Tensor
    c: Tensor


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Mean squared gradients of a tensor's rows [R] and columns [C], all over the mean of the whole model."""

    rows: Tensor
    columns: Tensor


def as_rows(tensor: Tensor) -> Tensor:
    """A tensor as rows [R, C]: its first dimension against all others; a vector is one row."""
    return tensor.flatten(1) if tensor.ndim > 1 else tensor.reshape(1, -1)


def steps_of(
    tensor: Tensor, scheme: QuantisationScheme, sensitivity: Sensitivity | None = None, unit: float = 1.0
) -> Steps:
    """The steps that a scheme asks for.

    unit: of the rule "loss", the step of an average weight at scheme.step 1; without a sensitivity, of all weights.
    """
    rows = as_rows(tensor)
    columns = torch.zeros(rows.shape[1], device=tensor.device)
    if scheme.rule == "max":
        exact = torch.ceil(STEPS * torch.log2(rows.abs().amax(1) / scheme.limit)) / STEPS
        return Steps(rows=exact, columns=columns, scheme=scheme)
    if scheme.rule in ("ternary", "binary"):
        return Steps(rows=torch.log2(rows.abs().mean(1)), columns=columns, scheme=scheme)
    if scheme.rule == "rms":
        exact = torch.log2(scheme.step * rows.square().mean(1).sqrt())
        return Steps(rows=exact, columns=columns, scheme=scheme)
    level = torch.full((len(rows),), math.log2(scheme.step * unit), device=tensor.device)
    if sensitivity is not None:
        mean = sensitivity.rows.mean().clamp(min=LEAST_SENSITIVITY)

        def octaves(sensitivities: Tensor) -> Tensor:
            return -torch.log2((sensitivities / mean + PRIOR) / (1 + PRIOR)) / 2

        level = level - torch.log2(mean) / 2 + octaves(sensitivity.rows)
        if min(rows.shape) >= FEWEST_FOR_COLUMNS:
            columns = octaves(sensitivity.columns)
    largest = torch.log2(rows.abs() * torch.exp2(-columns)).amax(1)
    return Steps(rows=level.maximum(largest + math.log2(ROOM / scheme.limit)), columns=columns, scheme=scheme)


def finer(steps: Steps, share: float) -> Steps:
    """By the rule "loss" the first rows, so large a share of all, on the next finer scale; other rules as they are."""
    if steps.scheme.rule != "loss":
        return steps
    rows = steps.rows.clone()
    rows[: round(share * len(rows))] -= COARSE / STEPS
    return replace(steps, rows=rows)


def grid_at(steps: Steps, offset: float = 0.0) -> Grid:
    """The steps, multiplied by 2^offset where the rule leaves a choice, on the grid; what clips stays the same.

    Steps that the largest limit there is would no longer take as far are not made finer.
    """
    scheme, largest = steps.scheme, LIMITS.stop - 1
    shift = 0.0 if scheme.rule in FIXED_RULES else max(offset, math.log2(scheme.limit / largest))
    stride = COARSE if scheme.rule == "loss" else 1

    def placed(logarithms: Tensor) -> Tensor:
        # A row of zeros has -infinity.
        k = (torch.round(STEPS / stride * logarithms) * stride).nan_to_num(neginf=-SCALE_LIMIT)
        return k.clamp(-SCALE_LIMIT, SCALE_LIMIT).to(torch.int32)

    limit = max(round(scheme.limit * 2.0**-shift), LIMITS.start)
    if scheme.rule in ("ternary", "binary"):
        limit = 1
    return Grid(
        k=placed(steps.rows + shift), c=placed(steps.columns), limit=limit, signs=scheme.rule == "binary"
    )


def quantise(tensor: Tensor, scheme: QuantisationScheme) -> Quantised:
    """Round a float32 tensor as its scheme says, with nothing known of other tensors or of the loss."""
    return round_to(tensor, grid_at(steps_of(tensor, scheme)))


def uniform(tensor: Tensor, octaves: int, limit: int) -> Quantised:
    """Round a float32 matrix to multiples of 2^octaves, the same for all of it, |q| at most `limit`."""
    return round_to(
        tensor,
        Grid(
            k=torch.full((len(tensor),), octaves * STEPS, dtype=torch.int32),
            c=torch.zeros(tensor.shape[1], dtype=torch.int32),
            limit=limit,
        ),
    )


def round_to(tensor: Tensor, grid: Grid) -> Quantised:
    """Round a float32 tensor to the nearest points of a grid."""
    q = nearest(as_rows(tensor), grid.steps, grid)
    return Quantised(q=q.to(torch.int32).view(tensor.shape), k=grid.k, c=grid.c)


def rounded(tensor: Tensor, grid: Grid) -> Tensor:
    """dequantise(round_to(tensor, grid)), without its detour over integers: training does it at every step."""
    return nearest(as_rows(tensor), grid.steps, grid).mul_(grid.steps).view(tensor.shape)


def nearest(values: Tensor, steps: Tensor, grid: Grid) -> Tensor:
    """The integers, as float32, of the points nearest to values whose steps those are; of any shape."""
    if grid.signs:
        return 1.0 - 2.0 * (values < 0)
    # Adding and taking away 1.5 * 2^23 leaves no bits after the point, rounded as torch.round does, which on a CPU
    # takes ten times as long. Where this were compiled, the two could be taken for nothing.
    return (values / steps).clamp_(-grid.limit, grid.limit).add_(ROUNDER).sub_(ROUNDER)


def dequantise(quantised: Quantised) -> Tensor:
    """The float32 tensor that the artifact gives back, bit for bit."""
    values = as_rows(quantised.q).float() * step_matrix(quantised.k, quantised.c)
    return values.view(quantised.q.shape)


def step_matrix(k: Tensor, c: Tensor) -> Tensor:
    """Distance of the grid's points, float32 [R, C]: one product of two scales, rounded the same everywhere."""
    return scales(k)[:, None] * scales(c)


def scales(k: Tensor) -> Tensor:
    """2^(k/16) as float32, put together from its bits: no device's exp2 enters, so all devices agree."""
    mantissas = torch.tensor([2.0 ** (i / STEPS) for i in range(STEPS)], dtype=torch.float32, device=k.device)
    exponents = ((k >> 4) + 127) << 23
    return mantissas[k & (STEPS - 1)] * exponents.view(torch.float32)
