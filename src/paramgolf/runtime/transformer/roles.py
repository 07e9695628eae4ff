"""Parameters declare their role where they are made: initial value, optimizer, rounding.

Only training and packing ask for roles. Artifacts ship without: the packer takes every `role` out of the code.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn

EMBEDDING_STD = 0.005

Initial = Callable[[torch.Size, torch.Generator], Tensor]
# Which rate of [optimizer] a parameter learns by. Muon moves what learns as a matrix, Adam the rest.
LearningRate = Literal["matrix", "embedding", "table", "vector"]
# Which [weights.GROUP] of a recipe rounds it. Vectors, and matrices that are vectors side by side, are "control".
PrecisionGroup = Literal["matrices", "embedding", "ngrams", "control"]
PRECISION_GROUPS: tuple[PrecisionGroup, ...] = get_args(PrecisionGroup)


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a parameter is for.

    initial: its values at the beginning of training, of a shape, drawn from a generator.
    """

    initial: Initial
    learning_rate: LearningRate
    precision: PrecisionGroup


def roles_of(model: nn.Module) -> dict[str, Role]:
    """The role of every parameter, by name. Raises ValueError for one that declares none."""
    roles = {name: getattr(p, "role", None) for name, p in model.named_parameters()}
    if undeclared := [name for name, role in roles.items() if role is None]:
        raise ValueError(
            f"parameters without a role: {', '.join(undeclared)}. Make each with "
            "transformer.attention.parameter(*shape, role=...)"
        )
    return {name: role for name, role in roles.items() if role is not None}


def precision_groups(model: nn.Module) -> dict[str, PrecisionGroup]:
    """The group that rounds each parameter, by name."""
    return {name: role.precision for name, role in roles_of(model).items()}


def zeros(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Nothing: what is added to something else."""
    return torch.zeros(shape)


def uniform(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Between +-1/sqrt(columns), as in the public game's naive baseline."""
    return _within(shape[-1] ** -0.5, shape, generator)


def normal(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Of deviation EMBEDDING_STD."""
    return torch.randn(shape, generator=generator) * EMBEDDING_STD


def constant(value: float) -> Initial:
    """One number everywhere."""
    return lambda shape, generator: torch.full(shape, value)


def rows(*values: float) -> Initial:
    """One number in each row."""
    return lambda shape, generator: torch.tensor(values)[:, None].expand(shape)


def ramp(first: float, last: float) -> Initial:
    """Numbers in equal steps."""
    return lambda shape, generator: torch.linspace(first, last, shape[0])


def control(initial: Initial) -> Role:
    """Of a vector, or of vectors side by side."""
    return Role(initial=initial, learning_rate="vector", precision="control")


MATRIX = Role(initial=uniform, learning_rate="matrix", precision="matrices")
# It writes into the residual stream, so that a block begins as the identity.
WRITER = replace(MATRIX, initial=zeros)
EMBEDDING = Role(initial=normal, learning_rate="embedding", precision="embedding")
EMBEDDING_MAP = replace(MATRIX, precision="embedding")
TABLE = Role(initial=normal, learning_rate="table", precision="ngrams")
TABLE_MAP = replace(MATRIX, precision="ngrams")


def added(role: Role) -> Role:
    """Of what is added to something that begins as `role` says."""
    return replace(role, initial=zeros)


def left_factor(role: Role) -> Role:
    """Of the left factor of a matrix with `role`, whose right one has the deviation of a whole matrix."""
    return role if role.initial is zeros else replace(role, initial=_left)


def right_factor(role: Role) -> Role:
    """Of the right factor of a matrix with `role`."""
    return replace(role, initial=uniform)


def row_scale(role: Role) -> Role:
    """Of what scales the rows of a fixed matrix that stands for one with `role`."""
    return control(zeros if role.initial is zeros else constant(1.0))


def _left(shape: torch.Size, generator: torch.Generator) -> Tensor:
    return _within((3 / shape[-1]) ** 0.5, shape, generator)


def _within(bound: float, shape: torch.Size, generator: torch.Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound
