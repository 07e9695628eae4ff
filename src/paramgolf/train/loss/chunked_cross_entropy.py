"""Cross-entropy of the next token, computed together with its gradient, a chunk of rows at a time.

The softmax of a row is over its target and its candidates: all other tokens, or a weighted sample of them
(sampled_softmax.py).

Shapes: R rows (tokens), D width, V vocabulary, S candidates.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from paramgolf.runtime.transformer.attention import linear
from paramgolf.runtime.transformer.model import softcap
from paramgolf.train.loss.int8_linear import LARGEST, product, quantise
from paramgolf.train.loss.sampled_softmax import SoftmaxSampler

# Rows of logits held at once: on a CPU 512 x 2048 float32 are 4 MB, near the cache of one core; a GPU wants more.
CHUNK_ROWS = {"cpu": 512, "cuda": 16_384}
# Steps of an even spread over the unit square (Roberts 2018, the R2 sequence).
SPREAD = (0.7548776662466927, 0.5698402909980532)


def capped(z: Tensor, cap: float, kind: str) -> tuple[Tensor, Tensor]:
    """Logits after the softcap, and its slope there."""
    if kind == "tanh":
        y = cap * torch.tanh(z / cap)
        return y, 1.0 - (y / cap).square()
    if kind == "rational":
        s = torch.rsqrt(1.0 + (z * (1 / cap)).square())
        return z * s, s * s * s
    slope = (1.0 - (z * (8 / 15 / cap)).clamp(-1, 1).square()).square()
    return softcap(z, cap, kind), slope


class Products(NamedTuple):
    """How a chunk multiplies.

    matrix: weight [V, D] -> what the other two take, of which candidates alone take their rows; a part with one row is
        of all.
    logits: (x [R, D], matrix) -> [R, S].
    gradients: (x [R, D], dz [R, S], factors [R, 1], matrix) -> gradients for x [R, D] and for candidates [S, D], where
        that for logits is dz times its row's factor.
    """

    matrix: Callable[[Tensor], tuple[Tensor, ...]]
    logits: Callable[[Tensor, tuple[Tensor, ...]], Tensor]
    gradients: Callable[[Tensor, Tensor, Tensor, tuple[Tensor, ...]], tuple[Tensor, Tensor]]


def float_matrix(weight: Tensor) -> tuple[Tensor, ...]:
    return (weight,)


def float_logits(x: Tensor, matrix: tuple[Tensor, ...]) -> Tensor:
    return linear(x, matrix[0]).float()


def float_gradients(
    x: Tensor, dz: Tensor, factors_R1: Tensor, matrix: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    dz = (dz * factors_R1).to(x.dtype)
    return (dz @ matrix[0].to(x.dtype)).float(), (dz.t() @ x).float()


def int8_matrix(weight: Tensor) -> tuple[Tensor, ...]:
    """In integers by row and by column, with their scales, and thresholds."""
    spread_V1 = (torch.arange(len(weight), device=weight.device) * SPREAD[1]).frac()[:, None]
    return *quantise(weight, 1), *quantise(weight, 0), spread_V1


def int8_logits(x: Tensor, matrix: tuple[Tensor, ...]) -> Tensor:
    by_row, scale_S1, *_ = matrix
    return product(*quantise(x, 1), by_row.t(), scale_S1.t())


def int8_gradients(
    x: Tensor, dz: Tensor, factors_R1: Tensor, matrix: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor]:
    """Probabilities are rounded against a threshold that is spread evenly over rows and columns, so that their sum over
    many tokens is right; rounded to the nearest, all small ones would be nothing.
    """
    _, _, by_column, scale_1D, spread_S1 = matrix
    most = dz.amax(-1, keepdim=True).clamp(min=1e-30)
    spread_R1 = (torch.arange(len(x), device=x.device) * SPREAD[0]).frac()[:, None]
    threshold = spread_R1 + spread_S1.t()
    p = torch.floor(dz * (LARGEST / most) + (threshold - threshold.floor())).clamp(max=LARGEST).to(torch.int8)
    p_scale_R1 = most * (1 / LARGEST) * factors_R1
    x_RD, x_scale_1D = quantise(x * p_scale_R1, 0)
    return product(p, p_scale_R1, by_column, scale_1D), torch._int_mm(p.t(), x_RD).float() * x_scale_1D


FLOATS = Products(float_matrix, float_logits, float_gradients)
INTEGERS = Products(int8_matrix, int8_logits, int8_gradients)


def chunk_loss(
    x: Tensor,
    matrix: tuple[Tensor, ...],
    candidates: tuple[Tensor, Tensor],
    targets_R1: Tensor,
    target_rows_RD: Tensor,
    cap: float,
    kind: str,
    scale: float,
    products: Products,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of rows x [R, D]: summed loss in nats and, times scale, its gradients for x, candidates [S, D], targets [R, D].

    The targets' share is exact: it costs no product. The softcap bounds the logits, so exp() cannot overflow and the
    softmax needs no pass for the maximum.
    """
    ids_1S, weights_1S = candidates
    y, slope = capped(products.logits(x, matrix), cap, kind)
    e = torch.where(ids_1S == targets_R1, 0.0, torch.exp(y) * weights_1S)
    target_y, target_slope = capped((x.float() * target_rows_RD).sum(-1, keepdim=True), cap, kind)
    target_e = torch.exp(target_y)
    total_R1 = e.sum(-1, keepdim=True) + target_e
    loss = (total_R1.log() - target_y).sum()
    target_dz_R1 = target_slope * (target_e / total_R1 - 1) * scale
    dx, dcandidates = products.gradients(x, e * slope, scale / total_R1, matrix)
    return loss, dx + target_dz_R1 * target_rows_RD, dcandidates, target_dz_R1 * x.float()


class Gradients:
    """Loss and both gradients of the mean, by products of floats in the precision of x, or of 8-bit integers."""

    def __init__(self, *, compiled: bool, int8: bool = False, sampler: SoftmaxSampler | None = None) -> None:
        self.sampler, self.products = sampler, INTEGERS if int8 else FLOATS
        self.chunk: Callable[..., Any] = chunk_loss
        self.matrix = self.products.matrix
        if compiled:
            self.chunk = torch.compile(self.chunk, dynamic=False)
            self.matrix = torch.compile(self.matrix, dynamic=False)

    def __call__(
        self, x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Summed loss in nats of x [R, D] against weight [V, D], and the gradients of the mean for both."""
        loss = x.new_zeros((), dtype=torch.float32)
        dx, dweight = x.new_empty(x.shape, dtype=torch.float32), torch.zeros_like(weight)
        matrix, parts = self.matrix(weight), _chunks(x)
        for part, (ids, weights) in zip(parts, self._candidates(weight, len(parts)), strict=True):
            own = targets[part, None], weight.index_select(0, targets[part])
            chunk_loss, dx[part], dcandidates, dtargets = self.chunk(
                x[part],
                self._rows(matrix, ids),
                (ids[None], weights[None]),
                *own,
                cap,
                kind,
                1 / len(x),
                self.products,
            )
            loss += chunk_loss
            dweight = dweight.index_add_(0, ids, dcandidates) if self.sampler else dweight.add_(dcandidates)
            dweight.index_add_(0, targets[part], dtargets)
        return loss, dx.to(x.dtype), dweight

    def _candidates(self, weight: Tensor, chunks: int) -> list[tuple[Tensor, Tensor]]:
        if self.sampler:
            return self.sampler.draw(chunks)
        everyone = torch.arange(len(weight), device=weight.device)
        return [(everyone, torch.ones(len(weight), device=weight.device))] * chunks

    def _rows(self, matrix: tuple[Tensor, ...], ids: Tensor) -> tuple[Tensor, ...]:
        """Of each part of the matrix its rows of these ids; what has one row is of all."""
        if not self.sampler:
            return matrix
        return tuple(m if len(m) == 1 else m.index_select(0, ids) for m in matrix)


def _chunks(x: Tensor) -> list[slice]:
    size = CHUNK_ROWS.get(x.device.type, len(x))
    return [slice(i, i + size) for i in range(0, len(x), size)]


class LinearCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy in nats of features [R, D] against a tied embedding [V, D] and targets [R]."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str, gradients: Gradients
    ) -> Tensor:
        loss, dx, dweight = gradients(x, weight, targets, cap, kind)
        ctx.save_for_backward(dx, dweight)
        return loss / len(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        dx, dweight = ctx.saved_tensors
        # In place: a new matrix of the vocabulary's size would cost more than the product.
        return dx.mul_(grads[0].to(dx.dtype)), dweight.mul_(grads[0]), None, None, None, None
