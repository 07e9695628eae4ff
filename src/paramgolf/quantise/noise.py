"""Noise in the place of rounding in training.

Each step sees weights with uniform noise as wide as the distance of the grid's points (record
2026-03-21_DepthRecurrence_MixedPrecisionQuant; Agustsson and Theis 2020, arXiv:2006.09952): an error like that of
rounding, which the loss learns to bear, but another one at each step. So nothing is gained by drifting inside a cell,
and the weights without noise are a model too. Packing rounds them to nearest.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from paramgolf.quantise.grids import Grid, as_rows
from paramgolf.quantise.precision import exchanged_weights


@contextmanager
def noisy_weights(model: nn.Module, grids: Mapping[str, Grid], seed: int, step: int) -> Iterator[None]:
    """Inside, parameters hold noise that is a function of seed and step; gradients then go to the originals."""
    device = next(model.parameters()).device
    (state,) = np.random.SeedSequence([seed, step]).generate_state(1)
    generator = torch.Generator(device).manual_seed(int(state))
    with exchanged_weights(model, lambda name, weights: noisy(weights, grids[name], generator)):
        yield


def noisy(tensor: Tensor, grid: Grid, generator: torch.Generator) -> Tensor:
    """The tensor plus noise of -1/2 to 1/2 step; what lies outside of the grid is clipped, as rounding does."""
    rows, steps = as_rows(tensor), grid.steps
    noise = torch.rand(rows.shape, generator=generator, device=rows.device) - 0.5
    return torch.clamp(rows + steps * noise, -grid.limit * steps, grid.limit * steps).view(tensor.shape)
