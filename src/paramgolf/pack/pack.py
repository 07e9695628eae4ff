"""A trained model to model.pyz: quantise, entropy-code, and fill the byte budget."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paramgolf.errors import PackError
from paramgolf.pack.artifact import assemble, build_artifact
from paramgolf.pack.entropy import EncodedWeights, encode_weights, entropy_bits
from paramgolf.pack.ledger import Ledger
from paramgolf.train.quantise import LIMITS, QuantisationScheme, Quantised, group_of, quantise

Tensors = dict[str, Quantised | NDArray[np.float32]]

# The multiplier of all steps is searched between these; coarser, a model would be ruined to fit.
FINEST, COARSEST = 1 / 64, 3.0
SEARCH_STEPS = 16
CORRECTIONS = 4
# Share of the budget for weights that is worth another try when it is left.
SLACK = 0.001


@dataclass(frozen=True, kw_only=True)
class PackResult:
    """coded_bytes: those of the matrices, with row scales and coder tables; shannon_bytes: their bound."""

    ledger: Ledger
    artifact_bytes: int
    parameters: int
    bits_per_weight: float
    shannon_bytes: int
    coded_bytes: int
    step_multiplier: float


def pack_model(
    state: Mapping[str, Tensor],
    *,
    model_config: dict[str, Any],
    predict_config: dict[str, Any],
    tokenizer: bytes,
    schemes: Mapping[str, QuantisationScheme],
    path: Path,
    limit: int | None = None,
    fill: bool = False,
    groups: Mapping[str, str] | None = None,
    modules: list[str] | None = None,
) -> PackResult:
    """Write the artifact of a model's state_dict to `path`.

    schemes: by group of matrices; groups: parts of tensor names to groups (see group_of).
    fill: multiply the steps of all "rms" schemes by one number, so that the file is as large as `limit`
    allows. The range before clipping, limit * step, is kept.

    Raises PackError for weights that cannot be packed and ArtifactTooLargeError over `limit`; no file is left
    then.
    """
    path.unlink(missing_ok=True)
    # The artifact stores no names: both sides go by their order.
    state = dict(sorted(state.items()))
    _check(state, schemes, groups)
    config = {"model": model_config, "predict": predict_config}
    tensors = _quantise_all(state, schemes, groups, 1.0)
    encoded = encode_weights(tensors)
    multiplier = 1.0
    if fill:
        if limit is None:
            raise PackError("there is no limit to fill: give one, or pack with fill=False")
        empty, _ = assemble(config=config, tokenizer=tokenizer, weights=b"", modules=modules)
        if any(scheme.rule == "rms" for scheme in schemes.values()):
            multiplier, tensors, encoded = _fill(state, schemes, groups, limit - len(empty), encoded, tensors)
    ledger = build_artifact(
        path,
        config=config,
        tokenizer=tokenizer,
        weights=encoded.blob,
        modules=modules,
        limit=limit,
        groups=_bytes_by_group(encoded, groups),
        coder_tables=encoded.table_bytes,
    )
    return _result(ledger, tensors, encoded, multiplier)


def _check(
    state: Mapping[str, Tensor], schemes: Mapping[str, QuantisationScheme], groups: Mapping[str, str] | None
) -> None:
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise PackError(
                f"{name} holds NaN or infinity: the training diverged, take an earlier checkpoint"
            )
        if tensor.ndim > 1 and (group := group_of(name, groups)) not in schemes:
            raise PackError(
                f"matrix {name} is of group {group!r}, which has no quantisation scheme; "
                f"there are schemes for {', '.join(sorted(schemes)) or 'no group'}"
            )


def _quantise_all(
    state: Mapping[str, Tensor],
    schemes: Mapping[str, QuantisationScheme],
    groups: Mapping[str, str] | None,
    multiplier: float,
) -> Tensors:
    tensors: Tensors = {}
    for name, tensor in state.items():
        value = tensor.detach().to("cpu", torch.float32)
        if value.ndim < 2:
            tensors[name] = value.numpy()
        else:
            tensors[name] = quantise(value, _scaled(schemes[group_of(name, groups)], multiplier))
    return tensors


def _scaled(scheme: QuantisationScheme, multiplier: float) -> QuantisationScheme:
    if scheme.rule != "rms" or multiplier == 1:
        return scheme
    limit = min(max(round(scheme.limit / multiplier), LIMITS.start), LIMITS.stop - 1)
    return replace(scheme, step=scheme.step * multiplier, limit=limit)


def _fill(
    state: Mapping[str, Tensor],
    schemes: Mapping[str, QuantisationScheme],
    groups: Mapping[str, str] | None,
    budget: int,
    encoded: EncodedWeights,
    tensors: Tensors,
) -> tuple[float, Tensors, EncodedWeights]:
    """The multiplier with which weights come closest to `budget` bytes from below; if none does, the last.

    The search is on entropies, which are quick; what the coder really needs corrects it.
    """
    excess = len(encoded.blob) / _shannon_bytes(tensors)
    target = float(budget)
    best: tuple[float, Tensors, EncodedWeights] | None = None
    for _ in range(CORRECTIONS):
        multiplier = _search(state, schemes, groups, target / excess)
        tensors = _quantise_all(state, schemes, groups, multiplier)
        encoded = encode_weights(tensors)
        size = len(encoded.blob)
        excess = size / _shannon_bytes(tensors)
        if size <= budget and (best is None or size > len(best[2].blob)):
            best = multiplier, tensors, encoded
        if budget * (1 - SLACK) <= size <= budget:
            break
        # Aim a little lower each time, so that the last tries surely fit.
        target -= SLACK / 4 * budget
    return best or (multiplier, tensors, encoded)


def _search(
    state: Mapping[str, Tensor],
    schemes: Mapping[str, QuantisationScheme],
    groups: Mapping[str, str] | None,
    shannon_bytes: float,
) -> float:
    """The finest multiplier of steps whose entropy is at most `shannon_bytes`: bisection of its logarithm."""
    fine, coarse = np.log(FINEST), np.log(COARSEST)
    for _ in range(SEARCH_STEPS):
        middle = (fine + coarse) / 2
        if _shannon_bytes(_quantise_all(state, schemes, groups, float(np.exp(middle)))) > shannon_bytes:
            fine = middle
        else:
            coarse = middle
    return float(np.exp(coarse))


def _shannon_bytes(tensors: Tensors) -> float:
    """Bound for all tensors as independent integers: matrices by their frequencies, vectors as float16."""
    return sum(
        (entropy_bits(t.q.numpy()) + entropy_bits(t.k.numpy())) / 8
        if isinstance(t, Quantised)
        else 2 * t.size
        for t in tensors.values()
    )


def _bytes_by_group(encoded: EncodedWeights, groups: Mapping[str, str] | None) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, size in encoded.tensor_bytes.items():
        group = group_of(name, groups)
        sizes[group] = sizes.get(group, 0) + size
    return sizes


def _result(ledger: Ledger, tensors: Tensors, encoded: EncodedWeights, multiplier: float) -> PackResult:
    matrices = [tensor for tensor in tensors.values() if isinstance(tensor, Quantised)]
    vectors = sum(tensor.size for tensor in tensors.values() if not isinstance(tensor, Quantised))
    weights = sum(matrix.q.numel() for matrix in matrices)
    coded = len(encoded.blob) - 2 * vectors
    return PackResult(
        ledger=ledger,
        artifact_bytes=ledger.total,
        parameters=weights + vectors,
        bits_per_weight=8 * coded / max(weights, 1),
        shannon_bytes=round(_shannon_bytes(tensors)) - 2 * vectors,
        coded_bytes=coded,
        step_multiplier=multiplier,
    )
