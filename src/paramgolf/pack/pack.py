"""A trained model to model.pyz: quantise, entropy-code, and fill the byte budget."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paramgolf.errors import PackError
from paramgolf.pack.artifact import assemble, build_artifact
from paramgolf.pack.byte_ledger import ByteLedger
from paramgolf.pack.entropy import EncodedWeights, encode_weights
from paramgolf.quantise.byte_allocation import entropy_bits
from paramgolf.quantise.grids import Quantised, finer
from paramgolf.quantise.low_rank_repair import Patch, patches_for
from paramgolf.quantise.precision import Precision

CORRECTIONS = 6
# Share of the budget for weights that is worth another try when it is left.
SLACK = 0.0004
# Tries to find how many rows may have finer steps than the others.
SHARES = 9


@dataclass(frozen=True, kw_only=True)
class PackResult:
    """coded_bytes: all of weights.bin; shannon_bytes: the bound of each tensor's integers and scales, each coded one by
    one under its tensor's own frequencies. step_multiplier: packed steps over those that were trained through.
    """

    ledger: ByteLedger
    artifact_bytes: int
    parameters: int
    bits_per_weight: float
    shannon_bytes: int
    coded_bytes: int
    step_multiplier: float


def pack_model(
    state: Mapping[str, Tensor],
    *,
    config: dict[str, Any],
    tokenizer: bytes,
    precision: Precision,
    path: Path,
    limit: int | None = None,
    fill: bool = False,
    beside: Mapping[str, Quantised] | None = None,
) -> PackResult:
    """Write the artifact of a model's state_dict to `path`.

    config: of the artifact, see artifact.build_artifact.
    precision: steps that training decided; where it decided none, they are decided here from the weights.
    beside: tensors that ship with the state's and are quantised already.
    fill: multiply all steps but those of FIXED_RULES by one number, so that the file is as large as `limit` allows.

    Raises PackError for weights that cannot be packed and ArtifactTooLargeError over `limit`; no file is left
    then.
    """
    path.unlink(missing_ok=True)
    if fill and limit is None:
        raise PackError("there is no limit to fill: give one, or pack with fill=False")
    state = {name: tensor.detach().to("cpu", torch.float32) for name, tensor in state.items()}
    _check(state, precision)
    precision = copy.copy(precision)
    if not precision.steps:
        precision.decide(state, None)
    repaired = bool(precision.repairs(state))
    trained_offset = precision.offset
    tensors, encoded = _encode(state, precision, beside or {})
    if fill and limit is not None:
        empty, _ = assemble(config=config, tokenizer=tokenizer, weights=b"", repaired=repaired)
        tensors, encoded = _fill(state, precision, beside or {}, limit - len(empty))
    ledger = build_artifact(
        path,
        config=config,
        tokenizer=tokenizer,
        weights=encoded.blob,
        repaired=repaired,
        limit=limit,
        groups=_bytes_by_group(encoded, precision.groups),
        coder_tables=encoded.table_bytes,
    )
    parameters = sum(tensor.numel() for tensor in state.values())
    return _result(ledger, parameters, tensors, encoded, 2.0 ** (precision.offset - trained_offset))


def _check(state: Mapping[str, Tensor], precision: Precision) -> None:
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise PackError(
                f"{name} holds NaN or infinity: the training diverged, take an earlier checkpoint"
            )
        if (group := precision.groups.get(name)) not in precision.schemes:
            raise PackError(
                f"{name} is of group {group!r}, which has no quantisation scheme; "
                f"there are schemes for {', '.join(sorted(precision.schemes)) or 'no group'}"
            )
    if precision.fed_back(state) and not precision.hessians:
        raise PackError(
            "a group is rounded with feedback, but the checkpoint does not know what its matrices are applied to: "
            "that is measured at the end of training; train to the end"
        )


def _encode(
    state: Mapping[str, Tensor], precision: Precision, beside: Mapping[str, Quantised]
) -> tuple[dict[str, Quantised], EncodedWeights]:
    """All tensors of weights.bin, those of patches after the others, and the blob."""
    # The artifact stores no names: both sides go by their order.
    tensors = dict(sorted({**precision.rounded(state), **beside}.items()))
    names = list(tensors)
    patches = patches_for(state, tensors, precision.repairs(state), precision.hessians)
    for name, patch in patches.items():
        tensors |= {f"{name}/left": patch.left, f"{name}/right": patch.right}
    encoded = encode_weights(tensors)
    return tensors, _with_places(encoded, names, patches) if patches else encoded


def _with_places(encoded: EncodedWeights, names: list[str], patches: Mapping[str, Patch]) -> EncodedWeights:
    """Which tensors patches belong to, after the stream, as runtime/low_rank_repair.py reads it."""
    words = [names.index(name) << 16 | len(patch.left.k) for name, patch in patches.items()]
    places = np.array([*words, len(words)], "<u4").tobytes()
    return replace(encoded, blob=encoded.blob + places, table_bytes=encoded.table_bytes + len(places))


def _fill(
    state: Mapping[str, Tensor], precision: Precision, beside: Mapping[str, Quantised], budget: int
) -> tuple[dict[str, Quantised], EncodedWeights]:
    """Weights as close to `budget` bytes from below as may be; if none are below, the last tried.

    The search is on estimates, which are quick; what the coder really needs corrects it.
    """
    target = float(budget)
    best: tuple[float, dict[str, Quantised], EncodedWeights] | None = None
    for attempt in range(2 * CORRECTIONS):
        if attempt >= CORRECTIONS and best is not None:
            break
        precision.fill(state, target)
        tensors, encoded = _encode(state, precision, beside)
        size = len(encoded.blob)
        if size <= budget and (best is None or size > len(best[2].blob)):
            best = precision.offset, tensors, encoded
        if budget * (1 - SLACK) <= size <= budget:
            break
        # Aim a little lower than the excess says, so that the last tries surely fit. A small model's sizes lie far
        # apart: as long as none fits, ever lower.
        target *= (1 - SLACK / 4 * 2 ** max(0, attempt + 2 - CORRECTIONS)) * budget / size
    if best is None:
        return tensors, encoded
    precision.offset, filled = best[0], best[1:]
    if len(filled[1].blob) < budget * (1 - SLACK):
        filled = _fill_up(state, precision, beside, budget, filled)
    return filled


def _fill_up(
    state: Mapping[str, Tensor],
    precision: Precision,
    beside: Mapping[str, Quantised],
    budget: int,
    filled: tuple[dict[str, Quantised], EncodedWeights],
) -> tuple[dict[str, Quantised], EncodedWeights]:
    """A small model's rows move to the next scale nearly all at once, which leaves a gap: let only a share of them.

    filled: tensors and encoded weights that fit, without any; what is returned fits too, and is no smaller. The steps
    of `precision` are then those of what is returned.
    """
    steps = best = precision.steps
    low, high = 0.0, 1.0
    for _ in range(SHARES):
        share = (low + high) / 2
        precision.steps = {name: finer(s, share) for name, s in steps.items()}
        tensors, encoded = _encode(state, precision, beside)
        if len(encoded.blob) > budget:
            high = share
            continue
        low = share
        if len(encoded.blob) > len(filled[1].blob):
            best, filled = precision.steps, (tensors, encoded)
        if len(encoded.blob) >= budget * (1 - SLACK):
            break
    precision.steps = best
    return filled


def _bytes_by_group(encoded: EncodedWeights, groups: Mapping[str, str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, size in encoded.tensor_bytes.items():
        # Patches count to the group of their tensor; what ships beside the model is a group of its own.
        group = groups.get(name.partition("/")[0], name)
        sizes[group] = sizes.get(group, 0) + size
    return sizes


def _result(
    ledger: ByteLedger,
    parameters: int,
    tensors: Mapping[str, Quantised],
    encoded: EncodedWeights,
    multiplier: float,
) -> PackResult:
    bound = sum(entropy_bits(part.numpy()) for t in tensors.values() for part in (t.q, t.k, t.c))
    return PackResult(
        ledger=ledger,
        artifact_bytes=ledger.total,
        parameters=parameters,
        bits_per_weight=8 * len(encoded.blob) / max(parameters, 1),
        shannon_bytes=round(bound / 8),
        coded_bytes=len(encoded.blob),
        step_multiplier=multiplier,
    )
