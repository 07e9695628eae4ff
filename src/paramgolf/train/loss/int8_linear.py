"""Matrix products of training in 8-bit integers: with VNNI four times as many a second as in float32.

What a product sums over shares one scale: rows of activations and weights forward, rows of gradients and columns of
weights backward (Wortsman et al. 2023, arXiv:2304.13013, SwitchBack). Unlike there the gradients of weights are
integers too: there the scales of rows are multiplied into one factor, which is then scaled by column.

Shapes: R rows (tokens), I inputs, O outputs.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

LARGEST = 127
# Smaller sides are not worth it, and GPUs take integers by eights, and more than 16 rows.
LEAST_SIDE, MULTIPLE = 32, 8


def quantise(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """x as int8, and its scales in float32: one for each place but along dim, where the largest becomes 127."""
    x = x.float()
    scale = x.abs().amax(dim, keepdim=True).clamp(min=1e-12) * (1 / LARGEST)
    return torch.round(x * (1 / scale)).to(torch.int8), scale


def product(a: Tensor, a_scale: Tensor, b: Tensor, b_scale: Tensor) -> Tensor:
    """a [M, K] @ b [K, N], both int8, times the scales of its rows [M, 1] and columns [1, N]; float32."""
    return torch._int_mm(a, b).float() * a_scale * b_scale


class Int8Linear(torch.autograd.Function):
    """x [R, I] @ weight [O, I].T and both its gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        x_RI, x_scale_R1 = quantise(x, 1)
        weight_OI, weight_scale_O1 = quantise(weight, 1)
        ctx.save_for_backward(x_RI, x_scale_R1, weight)
        return product(x_RI, x_scale_R1, weight_OI.t(), weight_scale_O1.t()).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x_RI, x_scale_R1, weight = ctx.saved_tensors
        dy = grads[0]
        dy_RO, dy_scale_R1 = quantise(dy, 1)
        weight_OI, weight_scale_1I = quantise(weight, 0)
        dx = product(dy_RO, dy_scale_R1, weight_OI, weight_scale_1I)
        # The narrower of the two is scaled anew.
        if dy.size(1) < x_RI.size(1):
            dy_RO, scale_1O = quantise(dy * x_scale_R1, 0)
            scale = scale_1O.t()
        else:
            x_RI, scale = quantise(x_RI * (x_scale_R1 * dy_scale_R1), 0)
        dweight = torch._int_mm(dy_RO.t(), x_RI).float() * scale
        return dx.to(dy.dtype), dweight.to(weight.dtype)


class _Int8Products(TorchFunctionMode):
    """Inside, F.linear multiplies integers where the matrix is large enough."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is F.linear and len(args) == 2 and _is_worth_it(args[1]):
            x, weight = args
            return Int8Linear.apply(x.flatten(0, -2), weight).unflatten(0, x.shape[:-1])
        return func(*args, **(kwargs or {}))


def _is_worth_it(weight: Tensor) -> bool:
    return all(side >= LEAST_SIDE and side % MULTIPLE == 0 for side in weight.shape)


def with_int8_products(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with its linear layers in 8-bit integers."""

    def inside(*args: Any) -> Any:
        with _Int8Products():
            return function(*args)

    return inside
