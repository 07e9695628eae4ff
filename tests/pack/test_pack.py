"""From a state_dict to a file that fills its budget."""

import zipfile

import pytest
import torch

from paramgolf.errors import ArtifactTooLargeError, PackError
from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import QuantisationScheme, dequantise, quantise
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.weights import decode_weights

pytestmark = pytest.mark.slow

RMS = QuantisationScheme(rule="rms", limit=7, step=0.6)
SCHEMES = {"embedding": RMS, "blocks": RMS, "control": QuantisationScheme()}
GROUPS = {
    "embedding": "embedding",
    "blocks.0.up": "blocks",
    "blocks.0.mix": "control",
    "blocks.0.gain": "control",
    "blocks.0.down": "blocks",
}
COMMON = {
    "config": {"model": {"width": 64}, "predict": {}},
    "tokenizer": b"\0",
    "precision": Precision(SCHEMES, GROUPS),
}


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "embedding": (500, 64),
        "blocks.0.up": (256, 64),
        "blocks.0.mix": (2, 64),
        "blocks.0.gain": (64,),
        "blocks.0.down": (64, 256),
    }
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def test_result_counts_what_is_in_the_file(state, tmp_path):
    result = pack_model(state, **COMMON, path=tmp_path / "model.pyz")
    assert result.artifact_bytes == (tmp_path / "model.pyz").stat().st_size == result.ledger.total
    assert result.parameters == sum(tensor.numel() for tensor in state.values())
    assert set(result.ledger.groups) == {"embedding", "blocks", "control"}
    assert result.coded_bytes <= 1.01 * result.shannon_bytes
    assert result.bits_per_weight == pytest.approx(2.85, abs=0.1)


def test_packed_weights_are_those_that_training_saw(state, tmp_path):
    pack_model(state, **COMMON, path=tmp_path / "model.pyz")
    blob = zipfile.ZipFile(tmp_path / "model.pyz").read("weights.bin")
    decoded = decode_weights(blob, {name: tuple(tensor.shape) for name, tensor in sorted(state.items())})
    for name, scheme in (("blocks.0.up", RMS), ("blocks.0.gain", SCHEMES["control"])):
        assert torch.equal(torch.from_numpy(decoded[name]), dequantise(quantise(state[name], scheme)))


def test_the_order_of_the_state_changes_nothing(state, tmp_path):
    """A checkpoint lists its tensors in another order than the model."""
    pack_model(state, **COMMON, path=tmp_path / "a.pyz")
    pack_model(dict(reversed(state.items())), **COMMON, path=tmp_path / "b.pyz")
    assert (tmp_path / "a.pyz").read_bytes() == (tmp_path / "b.pyz").read_bytes()


@pytest.mark.parametrize("limit", [30_000, 40_000, 60_000])
def test_filling_uses_the_budget_and_never_exceeds_it(state, tmp_path, limit):
    result = pack_model(state, **COMMON, path=tmp_path / "model.pyz", limit=limit, fill=True)
    assert 0.999 * limit <= (tmp_path / "model.pyz").stat().st_size <= limit
    assert result.artifact_bytes == (tmp_path / "model.pyz").stat().st_size


@pytest.mark.parametrize("limit", [35_000, 37_000, 39_000, 41_000])
def test_filling_lets_a_share_of_rows_move_where_all_would_move_at_once(state, tmp_path, limit):
    """Nothing is known of what the loss minds, so every row of a tensor has the same step, a quarter octave apart."""
    loss = QuantisationScheme(rule="loss", limit=255, step=0.25)
    common = COMMON | {"precision": Precision(dict.fromkeys(SCHEMES, loss), GROUPS)}
    result = pack_model(state, **common, path=tmp_path / "model.pyz", limit=limit, fill=True)
    assert 0.998 * limit <= result.artifact_bytes == (tmp_path / "model.pyz").stat().st_size <= limit


def test_filling_leaves_max_schemes_alone(state, tmp_path):
    schemes = dict.fromkeys(SCHEMES, QuantisationScheme())
    result = pack_model(
        state,
        **COMMON | {"precision": Precision(schemes, GROUPS)},
        path=tmp_path / "model.pyz",
        limit=200_000,
        fill=True,
    )
    assert result.step_multiplier == 1


def test_a_budget_that_no_step_meets_is_an_error_and_leaves_no_file(state, tmp_path):
    (tmp_path / "model.pyz").write_bytes(b"an older artifact")
    with pytest.raises(ArtifactTooLargeError, match="over the limit of 9,000"):
        pack_model(state, **COMMON, path=tmp_path / "model.pyz", limit=9_000, fill=True)
    assert list(tmp_path.iterdir()) == []


def test_diverged_weights_are_refused_by_name_and_leave_no_file(state, tmp_path):
    (tmp_path / "model.pyz").write_bytes(b"an older artifact")
    state["blocks.0.up"][3, 3] = torch.nan
    with pytest.raises(PackError, match=r"blocks\.0\.up holds NaN or infinity.*earlier checkpoint"):
        pack_model(state, **COMMON, path=tmp_path / "model.pyz")
    assert list(tmp_path.iterdir()) == []


def test_matrix_without_a_scheme_is_refused_with_its_group(state, tmp_path):
    with pytest.raises(
        PackError, match=r"other is of group None.*there are schemes for blocks, control, embedding"
    ):
        pack_model(state | {"other": torch.zeros(2, 2)}, **COMMON, path=tmp_path / "model.pyz")


def test_filling_without_a_limit_is_refused(state, tmp_path):
    with pytest.raises(PackError, match="no limit to fill: give one"):
        pack_model(state, **COMMON, path=tmp_path / "model.pyz", fill=True)
