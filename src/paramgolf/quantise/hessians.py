"""The Hessians that rounding with feedback needs: sums of x x^T over what matrices are applied to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from paramgolf.runtime.transformer.model import LanguageModel

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


@torch.no_grad()
def measure_hessians(
    model: LanguageModel, names: Sequence[str], texts: Iterable[Tensor]
) -> dict[str, Tensor]:
    """By matrix the sum of x x^T, [C, C], while the model reads `texts`, int64 [B, T] each.

    Matrices that are multiplied together share one tensor.
    """
    parameters = dict(model.named_parameters())
    meter = InputMeter({name: parameters[name] for name in names})
    for text in texts:
        with meter:
            features = model(text.to(parameters[OUTPUT].device))
        if OUTPUT in names:
            meter.add([OUTPUT], features)
    return meter.sums
