"""Coded size against the Shannon bound, and the account of the bytes."""

import numpy as np
import pytest
import torch

from paramgolf.errors import PackError
from paramgolf.pack.entropy import encode_weights, entropy_bits
from paramgolf.train.quantise import QuantisationScheme, Quantised, quantise

RMS = QuantisationScheme(rule="rms", limit=7, step=0.6)
FINE = QuantisationScheme(rule="rms", limit=31, step=0.2)
TERNARY = QuantisationScheme(rule="rms", limit=1, step=1.5)


def normal(rows: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def bound(quantised: Quantised) -> float:
    return (entropy_bits(quantised.q.numpy()) + entropy_bits(quantised.k.numpy())) / 8


@pytest.mark.parametrize(
    "scheme", [RMS, FINE, TERNARY, QuantisationScheme()], ids=["3", "4.5", "ternary", "int8"]
)
def test_matrix_is_coded_within_half_a_percent_of_its_entropy(scheme):
    quantised = quantise(normal(256, 256), scheme)
    assert len(encode_weights({"w": quantised}).blob) <= 1.005 * bound(quantised)


def test_heavy_tails_are_coded_within_half_a_percent_of_their_entropy():
    quantised = quantise(torch.distributions.StudentT(4.0).sample((256, 256)), RMS)
    assert len(encode_weights({"w": quantised}).blob) <= 1.005 * bound(quantised)


def test_columns_of_different_size_cost_less_than_the_entropy_of_one_list():
    weights = normal(512, 128) * torch.logspace(-0.5, 0.5, 128)
    quantised = quantise(weights, RMS)
    assert len(encode_weights({"w": quantised}).blob) < 0.97 * bound(quantised)


def test_rows_of_zeros_cost_nearly_nothing():
    weights = normal(400, 64)
    weights[::2] = 0
    half = len(encode_weights({"w": quantise(weights[1::2], RMS)}).blob)
    assert len(encode_weights({"w": quantise(weights, RMS)}).blob) < half + 100


def test_all_zeros_cost_a_few_bytes():
    assert len(encode_weights({"w": quantise(torch.zeros(512, 512), RMS)}).blob) < 20


def test_bytes_of_tensors_and_tables_sum_to_the_blob():
    tensors = {
        "a": quantise(normal(64, 32), RMS),
        "gain": np.ones(10, np.float32),
        "b": quantise(normal(9, 9), FINE),
    }
    encoded = encode_weights(tensors)
    assert list(encoded.tensor_bytes) == list(tensors)
    assert encoded.tensor_bytes["gain"] == 20
    assert sum(encoded.tensor_bytes.values()) + encoded.table_bytes == len(encoded.blob)


def test_same_weights_make_the_same_bytes():
    quantised = {"w": quantise(normal(64, 64), RMS)}
    assert encode_weights(quantised) == encode_weights(quantised)


def test_entropy_of_four_equally_likely_integers_is_two_bits_each():
    assert entropy_bits(np.tile(np.array([-1, 0, 1, 2], np.int32), 25)) == pytest.approx(200)


def test_vector_beyond_float16_is_refused_by_name():
    with pytest.raises(PackError, match=r"gain holds 100000\.0, float16 ends at 65504"):
        encode_weights({"gain": np.array([1e5], np.float32)})


def test_matrix_that_was_not_quantised_is_refused_by_name():
    with pytest.raises(PackError, match=r"up has shape \(2, 3\): quantise matrices"):
        encode_weights({"up": np.zeros((2, 3), np.float32)})
