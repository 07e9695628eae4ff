"""Initial weights of a model, those of the public game's naive baseline."""

import torch
from torch import Tensor

from paramgolf.runtime.transformer.model import LanguageModel

EMBEDDING_STD = 0.005


# What starts at one number everywhere.
CONSTANTS = {
    "attention_scale": 1.0,
    "mlp_scale": 1.0,
    "skips": 1.0,
    "scale": 1.0,
    "value_mix": 0.5,
    "shift": 0.0,
    "head_gate": 0.0,
    "smear_gate": 0.0,
    "smear_scale": 0.0,
    "decay": 0.0,
}
# Matrices that write into the residual stream.
WRITERS = ("out", "down")


@torch.no_grad()
def initialise(model: LanguageModel, seed: int) -> None:
    """Fill every parameter of `model` in place; the same seed gives the same weights on every device.

    Matrices are uniform in +-1/sqrt(columns); what writes into the residual stream starts at zero, so that a
    block starts as the identity.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        parameter.copy_(_initial(name, parameter.shape, model.config.q_gain, generator))


def _initial(name: str, shape: torch.Size, q_gain: float, generator: torch.Generator) -> Tensor:
    *path, leaf = name.split(".")
    writes = not set(WRITERS).isdisjoint((*path, leaf))
    # Of the coefficients of smooth matrices only that of the constant starts, so that layers start alike.
    adds = "adapter" in path or (path[:1] == ["shared"] and leaf != "0")
    if leaf == "right":
        return _uniform(shape, shape[-1] ** -0.5, generator)
    if writes or adds:
        return torch.zeros(shape)
    if leaf in ("embedding", "table", "value_table"):
        return torch.randn(shape, generator=generator) * EMBEDDING_STD
    if leaf in CONSTANTS:
        return torch.full(shape, CONSTANTS[leaf])
    if leaf == "residual_mix":
        return torch.tensor([1.0, 0.0])[:, None].expand(shape)
    if leaf == "gain":
        return torch.full(shape, q_gain)
    if leaf == "decay_bias":
        # Half of what was gathered is gone after 1 to 500 tokens, by head: log(decay) = -softplus(bias).
        return torch.linspace(0.0, -6.5, shape[0])
    # The left factor of a product whose right one has the deviation of a whole matrix.
    bound = (3 / shape[-1]) ** 0.5 if leaf == "left" else shape[-1] ** -0.5
    return _uniform(shape, bound, generator)


def _uniform(shape: torch.Size, bound: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound
