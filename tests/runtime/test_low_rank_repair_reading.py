"""Repaired weights come back as they were made, and damaged ones are a ValueError."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.grids import QuantisationScheme, dequantise, quantise
from paramgolf.runtime.low_rank_repair import decode_weights, repaired

SHAPES = {"gain": (5,), "matrix": (24, 16), "table": (40, 3)}
RMS = QuantisationScheme(rule="rms", limit=7, step=0.6)


def blob_and_weights(places: list[int] | None = None) -> tuple[bytes, dict[str, torch.Tensor]]:
    """A blob with a patch of rank 2 for "matrix", and what its tensors are."""
    shapes = SHAPES | {"matrix/left": (2, 24), "matrix/right": (2, 16)}
    generator = torch.Generator().manual_seed(0)
    tensors = {n: quantise(torch.randn(shape, generator=generator), RMS) for n, shape in shapes.items()}
    words = np.array([1 << 16 | 2, 1] if places is None else places, "<u4")
    return encode_weights(tensors).blob + words.tobytes(), {n: dequantise(t) for n, t in tensors.items()}


def test_a_patched_tensor_is_the_sum_and_others_are_as_they_were():
    blob, made = blob_and_weights()
    found = decode_weights(blob, SHAPES)
    assert list(found) == list(SHAPES)
    for name in ("gain", "table"):
        assert np.array_equal(found[name], made[name].numpy())
    left, right = made["matrix/left"], made["matrix/right"]
    expected = made["matrix"] + left[0][:, None] * right[0]
    expected = expected + left[1][:, None] * right[1]
    assert np.array_equal(found["matrix"], expected.numpy())


def test_a_patch_of_a_tensor_of_three_dimensions_keeps_its_shape():
    weights = np.zeros((2, 3, 4), np.float32)
    left, right = np.ones((1, 2), np.float32), np.arange(12, dtype=np.float32)[None]
    assert np.array_equal(repaired(weights, left, right)[1].ravel(), right[0])


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([1 << 16 | 17, 1], "a patch of rank 17 for tensor 1"),
        ([1 << 16, 1], "a patch of rank 0 for tensor 1"),
        ([2, 1], "a patch of rank 2 for tensor 0"),
        ([3 << 16 | 2, 1], "a patch of rank 2 for tensor 3"),
        ([0], "0 patches in"),
        ([2**32 - 1], "4294967295 patches in"),
        ([2 << 16 | 2, 1], "truncated or corrupt"),
    ],
)
def test_places_that_make_no_sense_are_refused(places, message):
    with pytest.raises(ValueError, match=message):
        decode_weights(blob_and_weights(places)[0], SHAPES)


@given(st.data())
def test_damaged_bytes_are_a_value_error_or_other_weights_of_the_same_shapes(data):
    blob = bytearray(blob_and_weights()[0])
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(blob)))
    try:
        found = decode_weights(bytes(blob[:cut]), SHAPES)
    except ValueError:
        return
    assert {name: value.shape for name, value in found.items()} == SHAPES
