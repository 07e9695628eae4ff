"""decode_weights gives back exactly what was quantised, and nothing but ValueError on damaged bytes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.grids import (
    QuantisationScheme,
    Sensitivity,
    dequantise,
    grid_at,
    quantise,
    round_to,
    steps_of,
)
from paramgolf.runtime.weights import SCALE_LIMIT, decode_weights, grid, probabilities

SHAPES = {"matrix": (24, 16), "gain": (5,), "table": (40, 3)}


def blob_of(seed: int = 0) -> bytes:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in SHAPES.items():
        value = torch.randn(shape, generator=generator)
        scheme = QuantisationScheme(rule="rms", limit=7, step=0.6)
        tensors[name] = quantise(value, scheme)
    return encode_weights(tensors).blob


@settings(max_examples=60)
@given(
    shape=st.sampled_from([(), (5,), (1, 1), (1, 40), (7, 1), (5, 9), (16, 4, 3), (0, 8), (300, 20)]),
    limit=st.sampled_from([1, 7, 127, 2047]),
    rule=st.sampled_from(["max", "rms", "loss", "ternary", "binary"]),
    kind=st.sampled_from(
        ["normal", "zeros", "constant", "some zero rows", "outliers", "uneven columns", "tiny"]
    ),
    seed=st.integers(0, 1000),
)
def test_matrices_come_back_bit_for_bit(shape, limit, rule, kind, seed):
    value = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if not shape and kind in ("some zero rows", "uneven columns"):
        return
    if kind == "zeros":
        value = torch.zeros(shape)
    elif kind == "constant":
        value = torch.full(shape, 0.3)
    elif kind == "some zero rows":
        value[::2] = 0
    elif kind == "outliers":
        value = value**5
    elif kind == "uneven columns":
        value = value * torch.logspace(-3, 1, shape[-1])
    elif kind == "tiny":
        value = value * 1e-35
    quantised = quantise(value, QuantisationScheme(rule=rule, limit=limit, step=0.5))
    encoded = encode_weights({"w": quantised})
    decoded = decode_weights(encoded.blob, {"w": shape})["w"]
    assert decoded.dtype == np.float32
    assert decoded.shape == shape
    assert np.array_equal(decoded, dequantise(quantised).numpy())


def test_steps_of_rows_and_columns_come_back_bit_for_bit():
    value = torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    sensitivity = Sensitivity(rows=torch.logspace(-3, 3, 40), columns=torch.logspace(2, -2, 30))
    grid = grid_at(steps_of(value, QuantisationScheme(rule="loss", step=0.3), sensitivity))
    quantised = round_to(value, grid)
    decoded = decode_weights(encode_weights({"w": quantised}).blob, {"w": (40, 30)})["w"]
    assert np.array_equal(decoded, dequantise(quantised).numpy())


def test_names_keep_the_order_of_the_shapes_and_scalars_their_shape():
    scheme = QuantisationScheme(limit=1)
    tensors = {"b": quantise(torch.tensor(2.0), scheme), "a": quantise(torch.arange(3.0), scheme)}
    decoded = decode_weights(encode_weights(tensors).blob, {"b": (), "a": (3,)})
    assert list(decoded) == ["b", "a"]
    assert decoded["b"].shape == ()
    assert decoded["b"] == 2.0


def test_truncated_blob_is_refused_at_every_length():
    blob = blob_of()
    for length in range(len(blob)):
        with pytest.raises(ValueError, match=r"truncated|corrupt"):
            decode_weights(blob[:length], SHAPES)


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_blob_is_refused_or_gives_finite_weights_of_the_right_shape(data):
    blob = bytearray(blob_of())
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode_weights(bytes(blob), SHAPES)
    except ValueError:
        return
    assert {name: value.shape for name, value in decoded.items()} == SHAPES
    assert all(np.isfinite(value).all() for value in decoded.values())


@settings(max_examples=100)
@given(blob=st.binary(max_size=300))
def test_random_bytes_never_break_the_decoder(blob):
    try:
        decoded = decode_weights(blob, SHAPES)
    except ValueError:
        return
    assert all(np.isfinite(value).all() for value in decoded.values())


def test_blob_of_other_shapes_is_refused():
    with pytest.raises(ValueError, match=r"another configuration|corrupt"):
        decode_weights(blob_of(), SHAPES | {"matrix": (25, 16)})


def test_grid_is_the_closest_float32_to_the_power_of_two():
    k = np.arange(-SCALE_LIMIT, SCALE_LIMIT + 1)
    assert np.array_equal(grid(k), (2.0 ** (k / 16)).astype(np.float32))


def test_probabilities_pass_through_their_knots():
    p = probabilities(np.array([0, 32, 0]), 2, 8)
    assert p[4] / p[0] == 4
    assert p[2] / p[0] == 2
    assert p[8] == p[0]
