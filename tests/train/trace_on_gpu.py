"""A training step on a GPU that is not there: only devices, shapes and precisions are computed. Prints JSON.

A script of its own, since it tells torch, for good, of a device named "gpu". torch can pretend a "cuda" device only
where it was built for CUDA, and runs no backward pass over it without one.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

import paramgolf.runtime.attention as attention_module
from paramgolf.runtime.model import LanguageModel
from paramgolf.train.device import Device
from paramgolf.train.optimizers import Optimizers
from paramgolf.train.recipe import recipe_from
from paramgolf.train.training_model import TrainingModel, rounded_weights

RECIPE = {
    "tokenizer": {"vocab_size": 257},
    "model": {
        "width": 16,
        "layers": 2,
        "heads": 2,
        "kv_heads": 1,
        "ngrams": [[2, 64, 8]],
        "token_shift": True,
    },
}

aten = torch.ops.aten
PRODUCTS = (aten.mm, aten.addmm, aten.bmm, aten.baddbmm, aten.linear)


class NotThere(_DummyBackendModule):
    """So that fake tensors never try to make a real one."""

    def is_available(self) -> bool:
        return False


class Traced:
    """Everything that a step touches, on the device, in bfloat16 products."""

    def __init__(self, device: Device, windows: tuple[int, ...] = (4, 8)) -> None:
        recipe = recipe_from(RECIPE, "traced", "traced.toml")
        config = replace(recipe.model, windows=windows)
        with device.device:
            self.model = LanguageModel(config)
            self.tokens = torch.zeros(2, 16, dtype=torch.long)
        self.training = TrainingModel(
            self.model, dtype=device.dtype, compiled=False, length=16, device=device.device
        )
        self.optimizers = Optimizers(self.model, recipe.optimizer, device)
        self.schemes = recipe.schemes()

    def step(self, step: int) -> torch.Tensor:
        with rounded_weights(self.model, self.schemes):
            loss = self.training(self.tokens, self.tokens)
            loss.backward()
        self.optimizers.step(step, 1.0)
        return loss

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
    traced = Traced(device)
    plant(traced)
    try:
        traced.step(1)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> None:
    _setup_privateuseone_for_python_backend("gpu", backend_module=NotThere())
    device = Device(device=torch.device("gpu:0"), dtype=torch.bfloat16, description="a GPU that is not there")
    with FakeTensorMode(), OfOnePrecision() as products:
        traced = Traced(device)
        features = traced.model(traced.tokens, device.dtype, traced.training.tables)
        losses = [traced.step(0), traced.step(1)]
        traced.resume()
        losses.append(traced.step(2))
        seen = sorted(products.seen)
        # Without a fused kernel, which only real GPUs have, full attention has products in float32 inside.
        full = Traced(device, windows=(0,))
        losses.append(full.step(0))
        kept = losses
        for part in (traced, full):
            kept += [*part.model.parameters(), *part.optimizers.state().values()]
        plants = (
            a_table_on_the_cpu,
            a_mask_on_the_cpu,
            a_momentum_on_the_cpu,
            products_of_two_precisions,
        )
        report = {
            "features": str(features.dtype),
            "products": seen,
            "kept": sorted({f"{t.device} {t.dtype}" for t in kept}),
            "planted": {plant.__name__: error_of(device, plant) for plant in plants},
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
