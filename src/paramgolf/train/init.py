"""Initial weights of a model, those of the public game's naive baseline."""

import torch
from torch import Tensor

from paramgolf.runtime.model import LanguageModel

EMBEDDING_STD = 0.005


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
    leaf = name.rsplit(".", 1)[-1]
    if leaf in ("out", "down"):
        return torch.zeros(shape)
    if leaf == "embedding":
        return torch.randn(shape, generator=generator) * EMBEDDING_STD
    if leaf == "table":
        return torch.randn(shape, generator=generator) * EMBEDDING_STD
    if leaf in ("attention_scale", "mlp_scale", "skips"):
        return torch.ones(shape)
    if leaf == "residual_mix":
        return torch.tensor([1.0, 0.0])[:, None].expand(shape)
    if leaf == "gain":
        return torch.full(shape, q_gain)
    if leaf == "shift":
        return torch.zeros(shape)
    bound = shape[-1] ** -0.5
    return (torch.rand(shape, generator=generator) * 2 - 1) * bound
