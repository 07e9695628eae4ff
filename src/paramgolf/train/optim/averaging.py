"""The mean of late weights: a running one (EMA) or that of all steps from some share of the run on.

Izmailov et al. 2018 (arXiv:1803.05407, stochastic weight averaging); records
2026-03-22_11L_EMA_GPTQ-lite_warmdown3500_QAT015_1.1233 (EMA) and 2026-03-20_10L_Int5MLP_MuonWD04_SWA50 (the mean).
Where weights are rounded in the forward pass it is still those behind the rounding that are averaged.
"""

import torch
from torch import Tensor, nn


class WeightAverage:
    """Kept beside the weights, which train on as if there were none."""

    def __init__(self, model: nn.Module, decay: float | None) -> None:
        """decay: what a step keeps of a running average; None: all steps count the same."""
        self.decay = decay
        self._weights = [p.detach() for p in model.parameters()]
        self._names = [name for name, _ in model.named_parameters()]
        self._average: list[Tensor] = []
        self._steps = 0

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
        """What a resumed run needs, by "parameter/average"."""
        if not self._average:
            return {}
        steps = {"average/steps": torch.tensor(self._steps)}
        return steps | {f"{name}/average": t for name, t in self.weights().items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        if "average/steps" in state:
            self._steps = int(state["average/steps"])
            self._average = [
                state[f"{name}/average"].to(w.device, copy=True)
                for name, w in zip(self._names, self._weights, strict=True)
            ]
