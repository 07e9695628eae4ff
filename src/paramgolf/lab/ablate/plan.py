"""Which runs there are, and which of them run at once."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paramgolf.lab.ablate.variants import Variant
from paramgolf.train.recipe.recipe import Recipe

BASE = "base"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: the base's or a variant's recipe under one seed. `folder` is below that of the ablation."""

    label: str
    recipe: Recipe
    seed: int
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is compared: base and variant under the same seed."""

    base: Run
    variant: Run


def pairs_of(
    recipe: Recipe, variants: Sequence[Variant], seeds: int, *, clock: bool
) -> dict[str, list[Pair]]:
    """By the variant's label, a pair for each of the seeds 0, 1, ...

    Where a clock ends the training, every variant has a base run of its own, beside which it runs; else what
    else the machine did changes nothing, and one base run serves all variants.
    """
    return {v.label: [_pair(recipe, v, seed, clock) for seed in range(seeds)] for v in variants}


def rounds_of(pairs: dict[str, list[Pair]], slots: int, *, clock: bool) -> list[list[Run]]:
    """Runs that run at once, at most `slots` each, in order.

    Under a clock a pair is never parted where there are two slots, so that what the host does meanwhile hits both;
    who goes first, and on which core, changes from seed to seed.
    """
    ordered = [pair for by_seed in zip(*pairs.values(), strict=True) for pair in by_seed]
    if clock and slots > 1:
        slots -= slots % 2
    runs = list({run.folder: run for pair in ordered for run in _in_turn(pair)}.values())
    return [runs[start : start + slots] for start in range(0, len(runs), slots)]


def _in_turn(pair: Pair) -> tuple[Run, Run]:
    return (pair.variant, pair.base) if pair.base.seed % 2 else (pair.base, pair.variant)


def _pair(recipe: Recipe, variant: Variant, seed: int, clock: bool) -> Pair:
    slug = _slug(variant.label)
    base = f"{BASE}-beside-{slug}" if clock else BASE
    return Pair(
        base=Run(label=BASE, recipe=recipe, seed=seed, folder=Path("runs", f"seed_{seed}", base)),
        variant=Run(
            label=variant.label,
            recipe=variant.recipe,
            seed=seed,
            folder=Path("runs", f"seed_{seed}", slug),
        ),
    )


def _slug(label: str) -> str:
    """A file name for a label: what can be read of it, and a hash."""
    return f"{re.sub(r'[^A-Za-z0-9.]+', '_', label)[:60]}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
