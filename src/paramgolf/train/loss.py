"""Cross-entropy of the next token, computed together with its gradient, a chunk of rows at a time."""

from typing import Any

import torch
from torch import Tensor

from paramgolf.runtime.attention import linear
from paramgolf.runtime.model import softcap

# Rows of logits held at once: on a CPU 512 x 2048 float32 are 4 MB, near the cache of one core; a GPU wants more.
CHUNK_ROWS = {"cpu": 512, "cuda": 16_384}


def chunk_loss(
    x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str, scale: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Summed loss in nats of rows x [R, D], and its gradients times `scale` for x [R, D] and weight [V, D].

    The softcap bounds the logits, so exp() cannot overflow and the softmax needs no pass for the maximum.
    """
    z = linear(x, weight).float()
    if kind == "tanh":
        y = cap * torch.tanh(z / cap)
        slope = 1.0 - (y / cap).square()
    elif kind == "rational":
        s = torch.rsqrt(1.0 + (z / cap).square())
        y = z * s
        slope = s * s * s
    else:
        y = softcap(z, cap, kind)
        slope = (1.0 - (z * (8 / 15 / cap)).clamp(-1, 1).square()).square()
    e = torch.exp(y)
    total = e.sum(-1, keepdim=True)
    index = targets[:, None]
    loss = (total.log() - y.gather(1, index)).sum()
    p = e / total
    dz = p * slope * scale
    dz = dz.scatter_add(1, index, slope.gather(1, index) * -scale).to(x.dtype)
    return loss, dz @ weight.to(x.dtype), (dz.t() @ x).float()


class LinearCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy in nats of features [R, D] against a tied embedding [V, D] and targets [R]."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, targets: Tensor, cap: float, kind: str, step: Any
    ) -> Tensor:
        rows = x.size(0)
        loss = x.new_zeros((), dtype=torch.float32)
        dx, dweight = torch.empty_like(x), torch.zeros_like(weight)
        size = CHUNK_ROWS.get(x.device.type, rows)
        for i in range(0, rows, size):
            part = slice(i, i + size)
            chunk, dx[part], dw = step(x[part], weight, targets[part], cap, kind, 1.0 / rows)
            loss += chunk
            dweight += dw
        ctx.save_for_backward(dx, dweight)
        return loss / rows

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        dx, dweight = ctx.saved_tensors
        return dx * grads[0].to(dx.dtype), dweight * grads[0], None, None, None, None
