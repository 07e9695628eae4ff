"""What a run decides about the precision of its weights, and training with weights that are rounded so.

Steps are decided once, when rounding begins, from the weights and sensitivities of that moment. One offset on all of
them then follows the weights, which go on growing: those that were trained through one grid lose when they are packed
on another.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from paramgolf.quantise.byte_allocation import COARSEST, FINEST, move_towards, offset_for
from paramgolf.quantise.gptq import round_with_feedback
from paramgolf.quantise.grids import (
    FIXED_RULES,
    Grid,
    QuantisationScheme,
    Quantised,
    Steps,
    grid_at,
    round_to,
    rounded,
    steps_of,
)
from paramgolf.quantise.low_rank_repair import expected_bytes
from paramgolf.quantise.sensitivity import EVERY, SensitivityMeter

SENSITIVITY, HESSIAN = "sensitivity/", "hessian/"
# Shares of a run after which the offset is adapted, and the most (base-2 logarithm) that it then moves.
FOLLOW_EVERY, LARGEST_MOVE = 1 / 40, 0.25


class Precision:
    """Steps of all tensors and the offset that fills the budget; none before `decide`.

    schemes: by group; groups: the group of each tensor, by name.

    hessians: of matrices that are rounded with feedback, sums of x x^T over their inputs x; calibrate.py makes them.
    """

    def __init__(self, schemes: Mapping[str, QuantisationScheme], groups: Mapping[str, str]) -> None:
        self.schemes, self.groups = schemes, groups
        self.meter = SensitivityMeter()
        self.measures = any(scheme.rule == "loss" for scheme in schemes.values())
        self.steps: dict[str, Steps] = {}
        self.offset, self.followed = 0.0, 0.0
        self._grids: dict[str, tuple[Steps, float, Grid]] = {}
        self.hessians: dict[str, Tensor] = {}

    def observe(self, model: nn.Module, step: int) -> None:
        """Take in the gradients of a step, where a scheme asks for sensitivities and steps are still open."""
        if self.measures and not self.steps and step % EVERY == 0:
            self.meter.observe(model)

    def decide(self, tensors: Mapping[str, Tensor], budget: float | None) -> None:
        """Choose steps from the tensors as they are; with a budget in bytes, as fine as it allows."""
        sensitivities = self.meter.sensitivities()
        squares = sum(float(tensor.detach().square().sum()) for tensor in tensors.values())
        unit = math.sqrt(squares / sum(tensor.numel() for tensor in tensors.values())) or 1.0
        self.steps = {
            name: steps_of(tensor.detach(), self.scheme(name), sensitivities.get(name), unit)
            for name, tensor in tensors.items()
        }
        if budget is not None:
            self.fill(tensors, budget)

    def fill(self, tensors: Mapping[str, Tensor], budget: float) -> None:
        """Choose the offset anew, where a scheme leaves a choice."""
        if self._leaves_a_choice():
            self.offset = offset_for(tensors, self.current_steps(tensors), self._room(tensors, budget))

    def follow(self, tensors: Mapping[str, Tensor], budget: float, spent: float) -> None:
        """Move the offset to where the weights fill the budget now, if that was last done a while ago.

        spent: the share of the run that is over.
        """
        if spent < self.followed + FOLLOW_EVERY or not self._leaves_a_choice():
            return
        self.followed = spent
        room = self._room(tensors, budget)
        move = move_towards(tensors, self.current_steps(tensors), self.offset, room, LARGEST_MOVE)
        # Where even the finest steps leave room, it would never end.
        self.offset = min(max(self.offset + move, FINEST), COARSEST)

    def _room(self, tensors: Mapping[str, Tensor], budget: float) -> float:
        """What patches leave of the budget."""
        return budget - expected_bytes(tensors, self.repairs(tensors))

    def _leaves_a_choice(self) -> bool:
        return any(steps.scheme.rule not in FIXED_RULES for steps in self.steps.values())

    def scheme(self, name: str) -> QuantisationScheme:
        """The scheme of a tensor's group. Raises KeyError where there is none."""
        return self.schemes[self.groups[name]]

    def fed_back(self, tensors: Mapping[str, Tensor]) -> list[str]:
        """Names of the matrices that are rounded with feedback, where they are applied to something."""
        return [name for name in tensors if self.scheme(name).feedback]

    def repairs(self, tensors: Mapping[str, Tensor]) -> list[tuple[QuantisationScheme, list[str]]]:
        """The scheme of each group that is repaired, and the group's tensors."""
        names: dict[str, list[str]] = {}
        for name in tensors:
            if self.scheme(name).repair_rank:
                names.setdefault(self.groups[name], []).append(name)
        return [(self.schemes[group], members) for group, members in names.items()]

    def current_steps(self, tensors: Mapping[str, Tensor]) -> dict[str, Steps]:
        """The steps decided; those that are made of the weights of a row alone follow them."""
        return {
            name: steps if steps.scheme.rule == "loss" else steps_of(tensors[name].detach(), steps.scheme)
            for name, steps in self.steps.items()
        }

    def grids(self, tensors: Mapping[str, Tensor]) -> dict[str, Grid]:
        """Where the values of each tensor lie."""
        return {name: self._grid(name, steps) for name, steps in self.current_steps(tensors).items()}

    def _grid(self, name: str, steps: Steps) -> Grid:
        # Steps that stay as they were decided give the same grid at every step of a run.
        before = self._grids.get(name)
        if before is None or before[0] is not steps or before[1] != self.offset:
            self._grids[name] = before = steps, self.offset, grid_at(steps, self.offset)
        return before[2]

    def rounded(self, tensors: Mapping[str, Tensor]) -> dict[str, Quantised]:
        """The tensors as an artifact has them, but for repairs: with feedback where inputs were measured."""
        return {
            name: round_with_feedback(tensors[name], grid, self.hessians[name])
            if name in self.hessians
            else round_to(tensors[name], grid)
            for name, grid in self.grids(tensors).items()
        }

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        state = {SENSITIVITY + key: value for key, value in self.meter.state().items()}
        for name, steps in self.steps.items():
            state |= {f"steps/{name}/rows": steps.rows, f"steps/{name}/columns": steps.columns}
        # Matrices with the same inputs share a tensor, which a file of tensors may not.
        state |= {HESSIAN + name: hessian.clone() for name, hessian in self.hessians.items()}
        return state | {"offset": torch.tensor([self.offset, self.followed], dtype=torch.float64)}

    def load(self, state: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave, for a model of those tensors."""
        device = next(iter(tensors.values())).device
        measured = {k.removeprefix(SENSITIVITY): v for k, v in state.items() if k.startswith(SENSITIVITY)}
        self.meter.load({key: value.to(device, copy=True) for key, value in measured.items()})
        self.steps = {
            name: Steps(
                rows=state[f"steps/{name}/rows"].to(tensor.device),
                columns=state[f"steps/{name}/columns"].to(tensor.device),
                scheme=self.scheme(name),
            )
            for name, tensor in tensors.items()
            if f"steps/{name}/rows" in state
        }
        self.hessians = {
            key.removeprefix(HESSIAN): value.to(device)
            for key, value in state.items()
            if key.startswith(HESSIAN)
        }
        self.offset, self.followed = state["offset"].tolist()


@contextmanager
def rounded_weights(model: nn.Module, grids: Mapping[str, Grid]) -> Iterator[None]:
    """Inside, parameters hold what packing would make of them; gradients then go straight through to the originals.

    Straight-through estimation (Bengio et al. 2013, arXiv:1308.3432) by exchange: the graph that is compiled and
    run stays the same.
    """
    with exchanged_weights(model, lambda name, weights: rounded(weights, grids[name])):
        yield


@contextmanager
def exchanged_weights(model: nn.Module, other: Callable[[str, Tensor], Tensor]) -> Iterator[None]:
    """Inside, parameters hold what `other` makes of their names and values; outside again what they held."""
    originals = {parameter: parameter.data for parameter in model.parameters()}
    try:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.data = other(name, parameter)
        yield
    finally:
        # Their memory itself comes back, which copies nothing.
        for parameter, original in originals.items():
            parameter.data = original
