"""Initial weights of a model: every parameter's role says how it begins."""

import torch

from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import roles_of


@torch.no_grad()
def initialise(model: LanguageModel, seed: int) -> None:
    """Fill every parameter of `model` in place; the same seed gives the same weights on every device.

    Raises ValueError for a parameter that declares no role.
    """
    generator = torch.Generator().manual_seed(seed)
    roles = roles_of(model)
    for name, parameter in model.named_parameters():
        parameter.copy_(roles[name].initial(parameter.shape, generator))
