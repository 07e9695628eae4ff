"""Patches in an artifact: charged, found again bit for bit, and with the code that adds them there alone."""

import io
import zipfile

import numpy as np
import pytest
import torch

from paramgolf.errors import PackError
from paramgolf.pack.artifact import assemble
from paramgolf.pack.pack import _fill, pack_model
from paramgolf.quantise.grids import QuantisationScheme, dequantise
from paramgolf.quantise.low_rank_repair import patches_for
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.low_rank_repair import decode_weights, repaired

pytestmark = pytest.mark.slow

RMS = QuantisationScheme(rule="rms", limit=7, step=0.6)
REPAIRED = QuantisationScheme(rule="rms", limit=7, step=0.6, repair_rank=4, repair_tensors=1)
FED_BACK = QuantisationScheme(rule="rms", limit=7, step=0.6, feedback=True)
COMMON = {"config": {"model": {"width": 64}, "predict": {}}, "tokenizer": b"\0"}


def precision_of(blocks: QuantisationScheme) -> Precision:
    groups = {"embedding": "embedding", "blocks.0.gain": "control"}
    groups |= dict.fromkeys(("blocks.0.down", "blocks.0.up"), "blocks")
    return Precision({"embedding": RMS, "blocks": blocks, "control": QuantisationScheme()}, groups)


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "embedding": (300, 32),
        "blocks.0.down": (64, 128),
        "blocks.0.up": (128, 64),
        "blocks.0.gain": (64,),
    }
    state = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    # What clips leaves an error of rank 1.
    state["blocks.0.up"] += 8 * torch.outer(torch.ones(128), torch.eye(64)[3])
    return state


def weights_of(path, state) -> dict[str, np.ndarray]:
    shapes = {name: tuple(tensor.shape) for name, tensor in sorted(state.items())}
    return decode_weights(zipfile.ZipFile(path).read("weights.bin"), shapes)


def test_weights_come_back_repaired_bit_for_bit_and_nearer(state, tmp_path):
    path, precision = tmp_path / "model.pyz", precision_of(REPAIRED)
    pack_model(state, **COMMON, precision=precision, path=path)
    found, state = weights_of(path, state), dict(sorted(state.items()))
    precision.decide(state, None)
    rounded = precision.rounded(state)
    patches = patches_for(state, rounded, precision.repairs(state), {})
    assert list(patches) == ["blocks.0.up"]
    for name, tensor in rounded.items():
        expected = dequantise(tensor).numpy()
        if name in patches:
            left, right = (dequantise(part).numpy() for part in (patches[name].left, patches[name].right))
            error = np.square(expected - state[name].numpy()).sum()
            expected = repaired(expected, left, right)
            assert np.square(expected - state[name].numpy()).sum() < 0.5 * error
        assert np.array_equal(found[name], expected), name


def test_every_byte_is_charged_and_patches_count_to_their_group(state, tmp_path):
    path = tmp_path / "model.pyz"
    plain = pack_model(state, **COMMON, precision=precision_of(RMS), path=path)
    result = pack_model(state, **COMMON, precision=precision_of(REPAIRED), path=path)
    assert result.ledger.total == result.artifact_bytes == path.stat().st_size
    assert result.parameters == plain.parameters
    assert set(result.ledger.groups) == set(plain.ledger.groups)
    assert 200 < result.ledger.groups["blocks"] - plain.ledger.groups["blocks"] < 400


@pytest.mark.parametrize("limit", [24_000, 40_000])
def test_filling_makes_room_for_patches(state, tmp_path, limit):
    path = tmp_path / "model.pyz"
    pack_model(state, **COMMON, precision=precision_of(REPAIRED), path=path, limit=limit, fill=True)
    assert 0.998 * limit <= path.stat().st_size <= limit
    weights_of(path, state)


def test_filling_finds_what_fits_where_sizes_lie_far_apart(state):
    """A small model's rows move to the next scale nearly all at once: from 58 bytes over to some hundred below."""
    precision = precision_of(REPAIRED)
    precision.decide(state, None)
    for budget in range(28_602, 28_662, 12):
        _, encoded = _fill(state, precision, {}, budget)
        assert 0.997 * budget <= len(encoded.blob) <= budget


@pytest.mark.parametrize("section", ["predict", "learn", "adapt"])
@pytest.mark.parametrize("repaired", [False, True])
def test_only_where_it_is_asked_for_weights_are_read_through_the_repair(section, repaired):
    config = {"model": {}, "predict": {}, section: {}}
    data, _ = assemble(config=config, tokenizer=b"\0", weights=b"", repaired=repaired)
    entry = zipfile.ZipFile(io.BytesIO(data)).read("entry.py").decode()
    assert ("runtime.low_rank_repair" in entry) == repaired
    assert ("runtime.weights" in entry) != repaired


def test_feedback_without_what_the_matrices_are_applied_to_is_refused(state, tmp_path):
    with pytest.raises(PackError, match=r"does not know what its matrices are applied to.*train to the end"):
        pack_model(state, **COMMON, precision=precision_of(FED_BACK), path=tmp_path / "model.pyz")
    assert list(tmp_path.iterdir()) == []


def test_feedback_changes_integers_and_not_their_grid(state, tmp_path):
    precision = precision_of(FED_BACK)
    inputs = torch.randn(400, 8, generator=torch.Generator().manual_seed(1)) @ torch.randn(8, 128)
    precision.decide(state, None)
    plain = precision.rounded(state)
    precision.hessians = {"blocks.0.down": inputs.T @ inputs}
    fed = precision.rounded(state)
    assert {name for name in state if not torch.equal(fed[name].q, plain[name].q)} == {"blocks.0.down"}
    assert torch.equal(fed["blocks.0.down"].k, plain["blocks.0.down"].k)
