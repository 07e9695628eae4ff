"""A training step on a GPU that is not there: only devices, shapes and precisions are computed. Prints JSON.

A script of its own, since it tells torch, for good, of a device named "gpu". torch can pretend a "cuda" device only
where it was built for CUDA, and runs no backward pass over it without one.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

import paramgolf.runtime.transformer.attention as attention_module
from paramgolf.quantise.grids import steps_of
from paramgolf.quantise.precision import Precision, rounded_weights
from paramgolf.runtime.transformer.attention import linear
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.device import Device
from paramgolf.train.loss.sampled_softmax import SoftmaxSampler
from paramgolf.train.optim.optimizers import Optimizers
from paramgolf.train.phases.averaging import Averaging
from paramgolf.train.recipe.files import load_recipe, recipe_from
from paramgolf.train.recipe.recipe import Recipe
from paramgolf.train.training_model import TrainingModel

SMALL: dict[str, Any] = {"width": 16, "layers": 2, "heads": 2, "kv_heads": 1}
PLAIN = {**SMALL, "windows": [4, 8], "ngrams": [[2, 64, 8]], "token_shift": True}
# Everything that makes tensors of its own, in models with and without full attention.
OPTIONS = (
    {
        **PLAIN,
        "smear": True,
        "attention_gate": 4,
        "value_residual": True,
        "norm_scale": True,
        "rope_width": 4,
    },
    {**PLAIN, "mlp_matrices": "random", "attention_matrices": "low_rank", "rank": 4, "embedding_width": 8},
    {**PLAIN, "mlp_matrices": "smooth", "degree": 1, "value_embedding": [1], "exclusive_attention": True},
    {**SMALL, "mixers": ["linear"], "softcap_kind": "polynomial", "order": [0, 1, 1]},
)
OPTIMIZER = {
    "newton_schulz": "polar_express",
    "equalise_rows": True,
    "neuron_decay": 0.9,
    "weight_decay": 0.1,
}

aten = torch.ops.aten
PRODUCTS = (aten.mm, aten.addmm, aten.bmm, aten.baddbmm, aten.linear, aten._int_mm)


class NotThere(_DummyBackendModule):
    """So that fake tensors never try to make a real one."""

    def is_available(self) -> bool:
        return False


class Traced:
    """Everything that a step touches, on the device, in bfloat16 products."""

    def __init__(
        self, device: Device, recipe: Recipe, length: int = 16, *, int8: bool = False, sample: int = 0
    ) -> None:
        with device.device:
            self.model = LanguageModel(recipe.model)
            self.tokens = torch.zeros(2, length, dtype=torch.long)
        self.training = TrainingModel(
            self.model,
            dtype=device.dtype,
            compiled=False,
            length=length,
            device=device.device,
            int8=int8,
            sampler=SoftmaxSampler(np.arange(257), sample, seed=0, rank=0, device=device.device)
            if sample
            else None,
        )
        self.optimizers = Optimizers(self.model, recipe.optimizer, device)
        self.average = Averaging(self.model, 0.0, 0.9)
        self.precision = Precision(recipe.schemes(), recipe.groups())

    def step(self, step: int, *, rounds: bool = True) -> torch.Tensor:
        with self._rounded() if rounds else nullcontext():
            loss = self.training(self.tokens, self.tokens)
            loss.backward()
        self.optimizers.step(step, 1.0)
        self.average.update()
        return loss

    def _rounded(self) -> AbstractContextManager[None]:
        parameters = dict(self.model.named_parameters())
        # Deciding reads sums from the device, which a trace has not; rounding to what was decided reads nothing.
        self.precision.steps = {
            name: steps_of(parameter.detach(), self.precision.scheme(name))
            for name, parameter in parameters.items()
        }
        return rounded_weights(self.model, self.precision.grids(parameters))

    def kept(self) -> list[torch.Tensor]:
        """What stays from step to step."""
        buffers = self.model.buffers()
        return [
            *self.model.parameters(),
            *buffers,
            *self.optimizers.state().values(),
            *self.average.weights().values(),
        ]

    def resume(self) -> None:
        """As from a file: tensors of a checkpoint are on the CPU."""
        self.optimizers.load_state({name: t.cpu() for name, t in self.optimizers.state().items()})


class OfOnePrecision(TorchDispatchMode):
    """Notes the precision of every matrix product; raises, as a GPU does and fake tensors do not, where it is mixed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in PRODUCTS:
            precisions = {str(t.dtype) for t in args if isinstance(t, torch.Tensor)}
            if len(precisions) > 1:
                raise TypeError(f"{func} of {sorted(precisions)}")
            self.seen |= precisions
        return func(*args, **(kwargs or {}))


def a_table_on_the_cpu(traced: Traced) -> None:
    cos, sin, masks = traced.training.tables
    traced.training.tables = cos.cpu(), sin, masks


def a_mask_on_the_cpu(traced: Traced) -> None:
    cos, sin, masks = traced.training.tables
    traced.training.tables = cos, sin, {window: mask.cpu() for window, mask in masks.items()}


def a_momentum_on_the_cpu(traced: Traced) -> None:
    traced.step(0)
    state = traced.optimizers.muon.state[traced.model.blocks[0].up]
    state["momentum"] = state["momentum"].cpu()


def products_of_two_precisions(traced: Traced) -> None:
    attention_module.linear = F.linear


def error_of(device: Device, plant: Callable[[Traced], None]) -> str:
    traced = Traced(device, recipe_of(PLAIN))
    plant(traced)
    try:
        traced.step(1)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def recipe_of(model: dict[str, Any], optimizer: dict[str, Any] | None = None) -> Recipe:
    table = {"tokenizer": {"vocab_size": 257}, "model": model, "optimizer": optimizer or {}}
    return recipe_from(table, "traced", "traced.toml")


def kinds(tensors: Iterable[torch.Tensor]) -> list[str]:
    return sorted({f"{t.device} {t.dtype}" for t in tensors})


def trace_record(device: Device) -> dict[str, Any]:
    """Steps of the recipe for 8 GPUs at its full size, before and after its loops begin."""
    recipe = load_recipe("record")
    record = Traced(device, recipe, recipe.training.sequence_length)
    losses = []
    for step, order in enumerate((tuple(range(recipe.model.layers)), recipe.model.depths)):
        record.model.order = order
        losses.append(record.step(step))
    parameters = sum(p.numel() for p in record.model.parameters())
    return {"kept": kinds([*record.kept(), *losses]), "parameters": parameters}


def main() -> None:
    _setup_privateuseone_for_python_backend("gpu", backend_module=NotThere())
    device = Device(device=torch.device("gpu:0"), dtype=torch.bfloat16, description="a GPU that is not there")
    with FakeTensorMode():
        with OfOnePrecision() as products:
            traced = Traced(device, recipe_of(PLAIN))
            features = traced.model(traced.tokens, device.dtype, traced.training.tables)
            kept = [traced.step(0), traced.step(1)]
            traced.resume()
            kept += [traced.step(2), *traced.kept()]
            sampled = Traced(device, recipe_of(PLAIN), sample=64)
            kept += [sampled.step(0), *sampled.kept()]
            for model in OPTIONS:
                option = Traced(device, recipe_of(model, OPTIMIZER))
                kept += [option.step(i, rounds=False) for i in range(2)] + option.kept()
            seen = sorted(products.seen)
            plants = (
                a_table_on_the_cpu,
                a_mask_on_the_cpu,
                a_momentum_on_the_cpu,
                products_of_two_precisions,
            )
            planted = {plant.__name__: error_of(device, plant) for plant in plants}
        attention_module.linear = linear
        with OfOnePrecision() as integers:
            of_integers = Traced(device, recipe_of({**PLAIN, "width": 64}), int8=True)
            kept += [of_integers.step(0), *of_integers.kept()]
            sampled = Traced(device, recipe_of({**PLAIN, "width": 64}), int8=True, sample=64)
            kept += [sampled.step(0), *sampled.kept()]
        # Without a fused kernel, which only real GPUs have, full attention has products in float32 inside.
        full = Traced(device, recipe_of({**PLAIN, "windows": [0]}))
        kept += [full.step(0), *full.kept()]
        report = {
            "features": str(features.dtype),
            "products": seen,
            "products_of_integers": sorted(integers.seen),
            "kept": kinds(kept),
            "planted": planted,
            "record": trace_record(device),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
