"""Quantised matrices: integers and a scale a row on the grid 2^(k/16), for training and for packing.

Weights are rounded in training exactly as the artifact gives them back, with straight-through gradients
(Bengio et al. 2013, arXiv:1308.3432).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from paramgolf.errors import ConfigError
from paramgolf.runtime.weights import SCALE_LIMIT, STEPS

RULES = ("max", "rms")
LIMITS = range(1, 2048)


@dataclass(frozen=True, kw_only=True)
class QuantisationScheme:
    """How a group of matrices is quantised: weight = scale of its row * q, with |q| <= limit."""

    # "max": scale = max |row| / limit, rounded up, so that nothing clips (limit 127: int8 by row); "rms": scale =
    # step * root mean square of the row, and what is over limit * scale clips.
    rule: str = "max"
    # The largest integer.
    limit: int = 127
    # Distance between weights that can be told apart, in root mean squares of the row; for rule "rms".
    step: float = 1.0

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


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """q: int32, the matrix's shape [R, ...]; k: int32 [R]; weight = 2^(k/16) * q."""

    q: Tensor
    k: Tensor


def quantise(matrix: Tensor, scheme: QuantisationScheme) -> Quantised:
    """Round a float32 matrix [R, ...] to `scheme`."""
    rows = matrix.flatten(1)
    if scheme.rule == "max":
        exact = rows.abs().amax(1) / scheme.limit
        k = torch.ceil(STEPS * torch.log2(exact))
    else:
        exact = scheme.step * rows.square().mean(1).sqrt()
        k = torch.round(STEPS * torch.log2(exact))
    # A row of zeros has k = -infinity.
    k = k.clamp(-SCALE_LIMIT, SCALE_LIMIT).to(torch.int32)
    q = torch.round(rows / row_scales(k)[:, None]).clamp(-scheme.limit, scheme.limit)
    return Quantised(q=q.to(torch.int32).view(matrix.shape), k=k)


def dequantise(quantised: Quantised) -> Tensor:
    """The float32 matrix that the artifact gives back, bit for bit."""
    q = quantised.q.flatten(1).float() * row_scales(quantised.k)[:, None]
    return q.view(quantised.q.shape)


def fake_quantise(matrix: Tensor, scheme: QuantisationScheme) -> Tensor:
    """`matrix` as the artifact gives it back, bit for bit; the gradient goes straight through to `matrix`."""
    # The difference is 0 exactly, so that it adds the gradient and nothing else.
    return dequantise(quantise(matrix.detach(), scheme)) + (matrix - matrix.detach())


def row_scales(k: Tensor) -> Tensor:
    """2^(k/16) as float32, put together from its bits: no device's exp2 enters, so all devices agree."""
    mantissas = torch.tensor([2.0 ** (i / STEPS) for i in range(STEPS)], dtype=torch.float32, device=k.device)
    exponents = ((k >> 4) + 127) << 23
    return mantissas[k & (STEPS - 1)] * exponents.view(torch.float32)


def group_of(name: str, groups: Mapping[str, str] | None = None) -> str:
    """The group of a tensor: `groups` maps parts of names to groups, the first that occurs in `name` counts.

    Without a match: the first and the last but one of the name's parts that are no numbers
    ("blocks.0.attention.query": "blocks.attention"; "embedding": "embedding").
    """
    for part, group in (groups or {}).items():
        if part in name:
            return group
    parts = [part for part in name.split(".") if not part.isdigit()]
    inner = parts[:-1] or parts
    return ".".join(dict.fromkeys((inner[0], inner[-1])))
