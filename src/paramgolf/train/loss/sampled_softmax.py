"""Sampled softmax: a token's probability is learnt against a weighted sample of the others, which costs less.

Every chunk of a step draws its own. How likely a token is drawn grows with the root of its count in the training text,
and it weighs the more the less likely that was (Horvitz and Thompson 1952), so that a row's total is right in the mean
(importance sampling: Bengio and Senecal 2003; Jean et al. 2015). The commonest, which hold most of the mass, are
always there.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class SoftmaxSampler:
    """Draws tokens and weights for every chunk of a step."""

    def __init__(
        self, counts: NDArray[np.int64], size: int, *, seed: int, rank: int, device: torch.device
    ) -> None:
        self.chances = inclusion_chances(np.sqrt(counts + 1.0), size)
        self.size, self.seed, self.rank, self.device = size, seed, rank, device
        self.begin(0)

    def begin(self, step: int) -> None:
        """Draws after this follow from seed, rank and step alone."""
        self._random = np.random.default_rng([self.seed, self.rank, step])

    def draw(self, chunks: int) -> list[tuple[Tensor, Tensor]]:
        """For each chunk so many ids [S] and their weights [S]; no id twice in one."""
        order = self._random.permutation(len(self.chances))
        ends = np.cumsum(self.chances[order])
        starts = (self._random.random() + np.arange(chunks) / chunks) % 1
        places = np.searchsorted(ends, np.arange(self.size) + starts[:, None], side="right")
        ids = order[places.clip(max=len(order) - 1)]
        weights = (1 / self.chances[ids]).astype(np.float32)
        return list(
            zip(torch.from_numpy(ids).to(self.device), torch.from_numpy(weights).to(self.device), strict=True)
        )


def inclusion_chances(sizes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Chances in proportion to sizes, none above 1, that sum to count."""
    chances = np.ones(len(sizes))
    if count >= len(sizes):
        return chances
    order = np.argsort(-sizes)
    falling = sizes[order]
    rest = np.cumsum(falling[::-1])[::-1]
    # So many of the largest are sure that the next one's share of what is left is less than sure.
    sure = int(np.argmax((count - np.arange(len(sizes))) * falling <= rest))
    chances[order[sure:]] = (count - sure) * falling[sure:] / rest[sure]
    return chances
