"""The two optimizers of a run: Muon for what learns as a matrix, Adam for everything else; roles say which."""

from typing import Any, get_args

import torch
from torch import Tensor

from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import LearningRate, roles_of
from paramgolf.train.device import Device
from paramgolf.train.optim.muon import Muon
from paramgolf.train.optim.schedule import momentum_at, weight_decay_at
from paramgolf.train.recipe.recipe import OptimizerRecipe


class Optimizers:
    """Both optimizers as one: one schedule, one step, one state."""

    def __init__(self, model: LanguageModel, recipe: OptimizerRecipe, device: Device) -> None:
        self.recipe = recipe
        groups: dict[str, dict[str, Tensor]] = {rate: {} for rate in get_args(LearningRate)}
        roles = roles_of(model)
        for name, parameter in model.named_parameters():
            groups[roles[name].learning_rate][name] = parameter
        self._names = {id(p): name for group in groups.values() for name, p in group.items()}
        rates = {kind: getattr(recipe, f"{kind}_learning_rate") for kind in groups}
        self.muon = Muon(
            groups["matrix"].values(),
            lr=rates["matrix"],
            momentum=recipe.momentum,
            steps=recipe.newton_schulz_steps,
            weight_decay=recipe.weight_decay,
            newton_schulz=recipe.newton_schulz,
            equalise_rows=recipe.equalise_rows,
            neuron_decay=recipe.neuron_decay,
            dtype=device.dtype,
        )
        adam_groups: list[dict[str, Any]] = [
            {"params": list(groups[kind].values()), "lr": rates[kind]}
            for kind in ("embedding", "table", "vector")
            if groups[kind]
        ]
        self.adam = torch.optim.Adam(adam_groups, betas=recipe.betas, eps=1e-8, fused=True)
        self._base = [(group, group["lr"]) for o in (self.muon, self.adam) for group in o.param_groups]

    def step(self, step: int, learning_rate_scale: float, spent: float = 0.0) -> None:
        """Update the weights from their gradients, and clear those; `spent` is the share of the budget used."""
        for group, base in self._base:
            group["lr"] = base * learning_rate_scale
        self.muon.param_groups[0]["momentum"] = momentum_at(self.recipe, step)
        self.muon.param_groups[0]["weight_decay"] = weight_decay_at(self.recipe, spent)
        self.muon.step()
        self.adam.step()
        self.zero_grad()

    def zero_grad(self) -> None:
        """Drop all gradients."""
        self.muon.zero_grad(set_to_none=True)
        self.adam.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """Every tensor that a resumed run needs, by "parameter/quantity"."""
        return {
            f"{self._names[id(p)]}/{quantity}": value
            for optimizer in (self.muon, self.adam)
            for p, quantities in optimizer.state.items()
            for quantity, value in quantities.items()
        }

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for optimizer in (self.muon, self.adam):
            for group in optimizer.param_groups:
                for p in group["params"]:
                    prefix = f"{self._names[id(p)]}/"
                    found = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
                    # All of it beside the parameter: a fused Adam counts its steps there too.
                    optimizer.state[p] = {k: v.to(p.device, copy=True) for k, v in found.items()}
