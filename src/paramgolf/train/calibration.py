"""Calibration: at the end of a run the finished model reads text, and what its matrices are applied to is measured."""

import time
from collections.abc import Callable, Iterator, Sequence
from math import ceil

import numpy as np
import torch
from torch import Tensor

from paramgolf.quantise.hessians import measure_hessians
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.stepping import Stepper
from paramgolf.train.data.batches import Batches
from paramgolf.train.optim.schedule import Sizes
from paramgolf.train.ranks.ranks import rank, ranks, sum_over_ranks
from paramgolf.train.recipe.recipe import TrainingRecipe


class Calibration:
    """Runs text through the model as it stands and measures the inputs of its matrices."""

    def __init__(
        self,
        model: LanguageModel,
        names: Sequence[str],
        recipe: TrainingRecipe,
        batches: Batches,
        seed: int,
    ) -> None:
        self.model, self.names, self.batches, self.seed = model, names, batches, seed
        self.generated = recipe.calibration == "generated"
        tokens = min(recipe.batch_tokens, recipe.micro_batch_tokens * ranks())
        self.sizes = Sizes(length=recipe.sequence_length, batch_tokens=tokens)
        self.count = ceil(recipe.calibration_tokens / tokens)
        self.batch_seconds = 0.0

    def time(self) -> float:
        """Seconds that `hessians` will take, about, by doing a batch twice: the first touches memory."""
        for _ in range(2):
            began = time.monotonic()
            self._measure(0, 1, lambda seconds: True)
            self.batch_seconds = time.monotonic() - began
        return self.count * self.batch_seconds

    def hessians(self, tokens: int, goes_on: Callable[[float], bool]) -> dict[str, Tensor]:
        """By matrix the sum of x x^T, [C, C], over the text behind so many tokens; every rank calls this.

        goes_on: whether there is time for another batch of so many seconds, the same answer on every rank; one
        batch is run always.
        """
        return self._measure(tokens, self.count, goes_on)

    def _measure(self, tokens: int, count: int, goes_on: Callable[[float], bool]) -> dict[str, Tensor]:
        sums = measure_hessians(self.model, self.names, self._texts(tokens, count, goes_on))
        for total in {id(total): total for total in sums.values()}.values():
            sum_over_ranks(total)
        return sums

    def _texts(self, tokens: int, count: int, goes_on: Callable[[float], bool]) -> Iterator[Tensor]:
        for i in range(count):
            if i and not goes_on(self.batch_seconds):
                return
            yield self._text(tokens, i)

    def _text(self, tokens: int, batch: int) -> Tensor:
        """This rank's sequences of a batch."""
        if not self.generated:
            return self.batches.read(tokens + batch * self.sizes.batch_tokens, self.sizes)[0]
        (state,) = np.random.SeedSequence([self.seed, rank(), batch]).generate_state(1)
        rows = self.sizes.batch_tokens // self.sizes.length // ranks()
        return generate(self.model, rows, self.sizes.length, int(state))


@torch.no_grad()
def generate(model: LanguageModel, rows: int, length: int, seed: int) -> Tensor:
    """Text that the model draws from its own predictions, int64 [rows, length] on its device."""
    device = model.embedding.device
    generator = torch.Generator(device).manual_seed(seed)
    # What steps the model makes its tensors where they are made by default.
    with torch.device(device):
        stepper = Stepper(model, rows, length)
        tokens = [torch.full((rows,), END_OF_DOCUMENT)]
        while len(tokens) < length:
            chances = torch.softmax(stepper.step(tokens[-1]), -1)
            tokens.append(torch.multinomial(chances, 1, generator=generator)[:, 0])
        return torch.stack(tokens, 1)
