"""Coded size against the Shannon bound, and the account of the bytes."""

import numpy as np
import pytest
import torch

from paramgolf.errors import PackError
from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.byte_allocation import entropy_bits
from paramgolf.quantise.grids import QuantisationScheme, Quantised, quantise

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
    assert len(encode_weights({"w": quantise(weights, RMS)}).blob) < half + 120


def test_all_zeros_cost_a_few_bytes():
    assert len(encode_weights({"w": quantise(torch.zeros(512, 512), RMS)}).blob) < 20


def test_bytes_of_tensors_and_tables_sum_to_the_blob():
    tensors = {
        "a": quantise(normal(64, 32), RMS),
        "gain": quantise(normal(1, 10)[0], FINE),
        "b": quantise(normal(9, 9), FINE),
    }
    encoded = encode_weights(tensors)
    assert list(encoded.tensor_bytes) == list(tensors)
    assert sum(encoded.tensor_bytes.values()) + encoded.table_bytes == len(encoded.blob)


def test_same_weights_make_the_same_bytes():
    quantised = {"w": quantise(normal(64, 64), RMS)}
    assert encode_weights(quantised) == encode_weights(quantised)


def test_entropy_of_four_equally_likely_integers_is_two_bits_each():
    assert entropy_bits(np.tile(np.array([-1, 0, 1, 2], np.int32), 25)) == pytest.approx(200)


def test_small_tensors_of_like_distributions_share_their_tables():
    tensors = {str(i): quantise(normal(1, 100, seed=i)[0], RMS) for i in range(20)}
    together = encode_weights(tensors)
    alone = [encode_weights({name: tensor}) for name, tensor in tensors.items()]
    assert together.table_bytes < 0.6 * sum(encoded.table_bytes for encoded in alone)
    assert len(together.blob) < 0.9 * sum(len(encoded.blob) for encoded in alone)


def test_integers_beyond_the_format_are_refused_by_name():
    tensor = Quantised(
        q=torch.full((2, 3), 5000, dtype=torch.int32),
        k=torch.zeros(2, dtype=torch.int32),
        c=torch.zeros(3, dtype=torch.int32),
    )
    with pytest.raises(PackError, match=r"up holds \|q\| up to 5000"):
        encode_weights({"up": tensor})
