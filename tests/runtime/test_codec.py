"""Documents come back from their compressed form, whose size is that of the predictions; damage is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.runtime import predictor as predictors
from paramgolf.runtime.predictor import PredictConfig, Predictor
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, HEADER, Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel

MODEL = ModelConfig(
    vocab_size=259,
    width=16,
    layers=2,
    heads=2,
    kv_heads=1,
    windows=(0, 4),
    ngrams=((2, 64, 8),),
    token_shift=True,
)
DOCUMENTS = [b"the cat", b"", b"the hat sat on the cat \xff\x00 \xed\xa0\x80", b"a" * 40, b"", b"the"]


def predictor_of(seed: int, reading: PredictConfig | None = None, scale: float = 0.3) -> Predictor:
    generator = torch.Generator().manual_seed(seed)
    model = LanguageModel(MODEL)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * scale
    tokenizer = BytePairs([(116, 104), (257, 101)])
    return Predictor(model, tokenizer, reading or PredictConfig(window=16, overlap=5))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return predictor_of(0)


@pytest.fixture(scope="module")
def compressed(predictor) -> bytes:
    return predictor.compress(DOCUMENTS)


@settings(max_examples=25)
@given(documents=st.lists(st.binary(max_size=30), max_size=6))
def test_any_documents_come_back(predictor, documents):
    assert predictor.decompress(predictor.compress(documents)) == documents


@pytest.mark.parametrize("lanes", [1, 4, 6])
def test_groups_of_any_number_of_lanes_come_back(predictor, monkeypatch, lanes):
    monkeypatch.setattr(predictor, "lanes", lanes)
    assert predictor.decompress(predictor.compress(DOCUMENTS)) == DOCUMENTS


@pytest.mark.parametrize("reading", [(64, 0), (7, 3), (5, 4)])
def test_documents_longer_than_a_window_come_back(reading):
    predictor = predictor_of(0, PredictConfig(window=reading[0], overlap=reading[1]))
    assert predictor.decompress(predictor.compress(DOCUMENTS)) == DOCUMENTS


def test_another_predictor_of_the_same_weights_gets_them_back(compressed):
    assert predictor_of(0).decompress(compressed) == DOCUMENTS


def test_size_is_that_of_the_predictions(predictor, compressed):
    expected = bytes_of_predictions(predictor, DOCUMENTS)
    # Words are 4 bytes, and the coder closes with up to two of them.
    assert expected <= len(compressed) - HEADER <= expected * 1.001 + 8


@pytest.mark.slow
def test_size_is_that_of_the_predictions_where_these_are_sure_and_wrong():
    # Gains this large make attention of one row, and logits reach their cap of 30 nats, or 43 bits.
    predictor = predictor_of(0, scale=3.0)
    documents = [bytes(np.random.default_rng(0).integers(0, 256, 6000, np.uint8))]
    expected = bytes_of_predictions(predictor, documents)
    assert abs(len(predictor.compress(documents)) - HEADER - expected) <= 0.001 * expected + 8


def bytes_of_predictions(predictor: Predictor, documents: list[bytes]) -> float:
    """What a perfect coder would make of them."""
    bits = 0.0
    for document in documents:
        tokens = predictor.encode(document)
        rows = np.concatenate([block[0] for block in predictor.predict([tokens])])
        log_probability = torch.log_softmax(torch.from_numpy(rows).double(), -1).numpy()
        targets = np.append(tokens, END_OF_DOCUMENT)
        bits -= log_probability[np.arange(len(targets)), targets].sum() / math.log(2)
    return bits / 8


def test_no_documents_are_a_header_alone(predictor):
    assert predictor.compress([]) == bytes(HEADER)
    assert predictor.decompress(bytes(HEADER)) == []


@pytest.mark.parametrize("size", [0, 3, HEADER - 1, HEADER + 2])
def test_what_is_no_whole_number_of_words_is_refused(predictor, size):
    with pytest.raises(ValueError, match=f"{size} bytes are no compressed documents: expected 16"):
        predictor.decompress(bytes(size))


@settings(max_examples=40)
@given(data=st.data())
def test_damaged_words_are_refused(predictor, compressed, data):
    damaged = bytearray(compressed)
    at = data.draw(st.integers(HEADER, len(damaged) - 5))
    damaged[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged"):
        predictor.decompress(bytes(damaged))


def test_words_that_no_text_leads_to_are_refused(predictor, compressed):
    with pytest.raises(ValueError, match="damaged: they code no text"):
        predictor.decompress(compressed[:HEADER] + b"\xff" * (len(compressed) - HEADER))


def test_truncated_data_are_refused(predictor, compressed):
    with pytest.raises(ValueError, match="damaged"):
        predictor.decompress(compressed[: HEADER + 8])


def test_text_of_which_nothing_was_announced_is_refused_early(predictor, compressed):
    damaged = compressed[:8] + bytes(8) + compressed[HEADER:]
    with pytest.raises(ValueError, match="spell more text than they announce"):
        predictor.decompress(damaged)


def test_data_of_another_artifact_are_refused(compressed):
    with pytest.raises(ValueError, match=r"another artifact|more text than they announce"):
        predictor_of(1).decompress(compressed)


def test_lanes_are_bounded_by_the_memory_of_their_caches(monkeypatch):
    predictor = predictor_of(0)
    assert predictor.lanes_at_once() == predictors.LANES
    # Cached: 16 positions of the full layer and 8 of the window, 8 channels, keys and values of 4 bytes.
    monkeypatch.setattr(predictors, "CACHE_BYTES", 3 * 24 * 8 * 8)
    assert predictor.lanes_at_once() == 3
    monkeypatch.setattr(predictors, "CACHE_BYTES", 1)
    assert predictor.lanes_at_once() == 1


def test_a_vocabulary_larger_than_the_tokenizers_still_codes():
    # A text too small to learn all merges leaves ids that spell nothing.
    model = LanguageModel(replace(MODEL, vocab_size=300))
    for parameter in model.parameters():
        parameter.data.fill_(0.1)
    predictor = Predictor(model, Tokenizer(), PredictConfig(window=16, overlap=5))
    assert predictor.decompress(predictor.compress(DOCUMENTS)) == DOCUMENTS


def test_the_callers_threads_are_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        predictor = predictor_of(seed=0)
        with pytest.raises(ValueError, match="bytes are no compressed"):
            predictor.decompress(b"")
        predictor.decompress(predictor.compress(DOCUMENTS))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
