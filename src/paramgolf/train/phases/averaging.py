"""The mean of late weights: a running one (EMA) or that of all steps from some share of the run on.

Izmailov et al. 2018 (arXiv:1803.05407, stochastic weight averaging); records
2026-03-22_11L_EMA_GPTQ-lite_warmdown3500_QAT015_1.1233 (EMA) and 2026-03-20_10L_Int5MLP_MuonWD04_SWA50 (the mean).
Where weights are rounded in the forward pass the unrounded weights are averaged.
"""

from collections.abc import Callable, Mapping
from typing import Self

import torch
from torch import Tensor, nn

from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.run import Run


class Averaging(Phase):
    """Kept beside the weights, which train on as if there were none; the run leaves the average."""

    name = "averaging"

    def __init__(self, model: nn.Module, average_from: float, decay: float | None) -> None:
        """average_from: a share of the run; decay: what a step keeps of a running average, None: all count the same."""
        self.model, self.average_from, self.decay = model, average_from, decay
        self._weights = [p.detach() for p in model.parameters()]
        self._names = [name for name, _ in model.named_parameters()]
        self._average: list[Tensor] = []
        self._steps = 0

    @classmethod
    def of(cls, run: Run) -> Self | None:
        training = run.training
        if training.average_from is None:
            return None
        return cls(run.model, training.average_from, training.average_decay)

    def after_step(self, at: Moment) -> None:
        if at.spent >= self.average_from:
            self.update()

    def finish(self, at: Moment, clock: Callable[[], float]) -> float:
        self.model.load_state_dict(self.weights(), strict=False)
        return at.seconds

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are now."""
        if not self._average:
            self._average = [w.clone() for w in self._weights]
        self._steps += 1
        # A young running average is that of its few steps, so that it never holds on to its first.
        weight = 1 / self._steps if self.decay is None else max(1 - self.decay, 1 / self._steps)
        torch._foreach_lerp_(self._average, self._weights, weight)

    def weights(self) -> dict[str, Tensor]:
        """The average by name; nothing before the first update."""
        return dict(zip(self._names, self._average, strict=False))

    def state(self) -> dict[str, Tensor]:
        if not self._average:
            return {}
        steps = {"average/steps": torch.tensor(self._steps)}
        return steps | {f"{name}/average": t for name, t in self.weights().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        if "average/steps" in state:
            self._steps = int(state["average/steps"])
            self._average = [
                state[f"{name}/average"].to(w.device, copy=True)
                for name, w in zip(self._names, self._weights, strict=True)
            ]
