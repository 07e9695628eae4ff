"""What matrices are applied to, measured at the end of a run: the Hessians that rounding with feedback needs."""

import time
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from paramgolf.runtime.model import LanguageModel
from paramgolf.runtime.stepping import Stepper
from paramgolf.runtime.tokenizer import END_OF_DOCUMENT
from paramgolf.train.batches import Batches
from paramgolf.train.distributed import rank, ranks, sum_over_ranks
from paramgolf.train.recipe import TrainingRecipe
from paramgolf.train.schedule import Sizes

OUTPUT = "embedding"


class InputMeter(TorchFunctionMode):
    """Inside, sums x x^T over all inputs x of products with certain matrices, whatever code makes them."""

    def __init__(self, matrices: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.sums: dict[str, Tensor] = {}
        self._names = {id(matrix): (name,) for name, matrix in matrices.items()}
        self._joined: tuple[Tensor | None, tuple[str, ...]] = (None, ())

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        if func is torch.cat:
            # Attention multiplies by queries, keys and values at once.
            self._joined = found, tuple(n for part in args[0] for n in self._names.get(id(part), ()))
        elif func is F.linear:
            x, matrix = args[:2]
            joined, names = self._joined
            self.add(names if matrix is joined else self._names.get(id(matrix), ()), x)
        return found

    def add(self, names: Sequence[str], x: Tensor) -> None:
        """Take in inputs [.., C] of those matrices, which share one sum."""
        if names:
            x = x.flatten(0, -2).float()
            total = self.sums.get(names[0])
            total = x.T @ x if total is None else total.addmm_(x.T, x)
            self.sums |= dict.fromkeys(names, total)


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

    @torch.no_grad()
    def _measure(self, tokens: int, count: int, goes_on: Callable[[float], bool]) -> dict[str, Tensor]:
        parameters = dict(self.model.named_parameters())
        meter = InputMeter({name: parameters[name] for name in self.names})
        for i in range(count):
            if i and not goes_on(self.batch_seconds):
                break
            text = self._text(tokens, i).to(parameters[OUTPUT].device)
            with meter:
                features = self.model(text)
            if OUTPUT in self.names:
                meter.add([OUTPUT], features)
        for total in {id(total): total for total in meter.sums.values()}.values():
            sum_over_ranks(total)
        return meter.sums

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
