"""Cross-entropy of the next token, computed together with its gradient, a chunk of rows at a time.

Shapes: R rows (tokens), D width, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from paramgolf.runtime.attention import linear
from paramgolf.runtime.model import softcap
from paramgolf.train.products import LARGEST, product, quantise

# Rows of logits held at once: on a CPU 512 x 2048 float32 are 4 MB, near the cache of one core; a GPU wants more.
CHUNK_ROWS = {"cpu": 512, "cuda": 16_384}
# Steps of an even spread over the unit square (Roberts 2018, the R2 sequence).
SPREAD = (0.7548776662466927, 0.5698402909980532)

# (x [R, D], weight [V, D], targets [R], softcap, its kind) -> summed loss in nats, gradients of the mean for both.
Gradients = Callable[[Tensor, Tensor, Tensor, float, str], tuple[Tensor, Tensor, Tensor]]


def capped(z: Tensor, cap: float, kind: str) -> tuple[Tensor, Tensor]:
    """Logits behind the softcap, and its slope there."""
    if kind == "tanh":
        y = cap * torch.tanh(z / cap)
        return y, 1.0 - (y / cap).square()
    if kind == "rational":
        s = torch.rsqrt(1.0 + (z / cap).square())
        return z * s, s * s * s
    slope = (1.0 - (z * (8 / 15 / cap)).clamp(-1, 1).square()).square()
    return softcap(z, cap, kind), slope


def chunk_loss(
    x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Summed loss in nats of rows x [R, D], and its gradients times `scale` for x [R, D] and weight [V, D].

    The softcap bounds the logits, so exp() cannot overflow and the softmax needs no pass for the maximum.
    """
    y, slope = capped(linear(x, weight).float(), cap, kind)
    e = torch.exp(y)
    total = e.sum(-1, keepdim=True)
    index = targets[:, None]
    loss = (total.log() - y.gather(1, index)).sum()
    p = e / total
    dz = p * slope * scale
    dz = dz.scatter_add(1, index, slope.gather(1, index) * -scale).to(x.dtype)
    return loss, dz @ weight.to(x.dtype), (dz.t() @ x).float()


class FloatGradients:
    """Loss and gradients by products in the precision of x."""

    def __init__(self, compiled: bool) -> None:
        self.step = torch.compile(chunk_loss, dynamic=False) if compiled else chunk_loss

    def __call__(
        self, x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        loss = x.new_zeros((), dtype=torch.float32)
        dx, dweight = torch.empty_like(x), torch.zeros_like(weight)
        for part in _chunks(x):
            chunk, dx[part], dw = self.step(x[part], weight, targets[part], cap, kind, 1.0 / len(x))
            loss += chunk
            dweight += dw
        return loss, dx, dweight


def int8_chunk_loss(
    x: Tensor,
    by_row: tuple[Tensor, Tensor],
    by_column: tuple[Tensor, Tensor],
    targets: Tensor,
    spread_R1: Tensor,
    spread_1V: Tensor,
    cap: float,
    kind: str,
    scale: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """chunk_loss by products of integers: loss, gradients but for the targets' share, and that share's factor [R, 1].

    Probabilities are rounded against a threshold that is spread evenly over rows and columns, so that their sum over
    many tokens is right; rounded to the nearest, all small ones would be nothing. The targets' share is too large to
    stand on the same scale, and costs no product.
    """
    x_RD, x_scale_R1 = quantise(x, 1)
    y, slope = capped(product(x_RD, x_scale_R1, by_row[0].t(), by_row[1].t()), cap, kind)
    e = torch.exp(y)
    total = e.sum(-1, keepdim=True)
    index = targets[:, None]
    loss = (total.log() - y.gather(1, index)).sum()
    sloped = e * slope
    most = sloped.amax(-1, keepdim=True).clamp(min=1e-30)
    threshold = spread_R1 + spread_1V
    p = (
        torch.floor(sloped * (LARGEST / most) + (threshold - threshold.floor()))
        .clamp(max=LARGEST)
        .to(torch.int8)
    )
    p_scale_R1 = most / (LARGEST * total) * scale
    dx = product(p, p_scale_R1, *by_column)
    x_RD, x_scale_1D = quantise(x * p_scale_R1, 0)
    dweight = torch._int_mm(p.t(), x_RD).float() * x_scale_1D
    return loss, dx, dweight, slope.gather(1, index) * scale


class Int8Gradients:
    """The same by products of 8-bit integers."""

    def __init__(self, compiled: bool) -> None:
        self.step = torch.compile(int8_chunk_loss, dynamic=False) if compiled else int8_chunk_loss
        self.quantise = torch.compile(_both_ways, dynamic=False) if compiled else _both_ways

    def __call__(
        self, x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str
    ) -> tuple[Tensor, Tensor, Tensor]:
        loss = x.new_zeros((), dtype=torch.float32)
        dx, dweight, shares = x.new_empty(x.shape, dtype=torch.float32), torch.zeros_like(weight), []
        by_row, by_column = self.quantise(weight)
        rows, columns = (torch.arange(n, device=x.device) for n in (len(x), len(weight)))
        spread_R1, spread_1V = (rows * SPREAD[0]).frac()[:, None], (columns * SPREAD[1]).frac()[None]
        for part in _chunks(x):
            chunk, dx[part], dw, share = self.step(
                x[part], by_row, by_column, targets[part], spread_R1[part], spread_1V, cap, kind, 1.0 / len(x)
            )
            loss += chunk
            dweight += dw
            shares.append(share)
        share_R1 = torch.cat(shares)
        dx -= share_R1 * weight[targets]
        dweight.index_add_(0, targets, share_R1 * x.float(), alpha=-1)
        return loss, dx.to(x.dtype), dweight


def _both_ways(weight: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    return quantise(weight, 1), quantise(weight, 0)


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
        return dx * grads[0].to(dx.dtype), dweight * grads[0], None, None, None, None
