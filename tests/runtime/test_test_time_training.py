"""Learning from what was scored: score first, the same weights in the codec, nothing kept that may not be."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from paramgolf.pack.entropy import encode_weights
from paramgolf.pack.modules import changed_fields
from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import QuantisationScheme, quantise
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.predictor import PredictConfig, Predictor
from paramgolf.runtime.test_time_training import (
    DocumentLearner,
    LearnConfig,
    TextLearner,
    learner_of,
    load_from,
)
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS, precision_groups
from paramgolf.runtime.weights import decode_weights
from paramgolf.score import Isolation, prove_artifact, score_artifact
from paramgolf.train.optim.init import initialise

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
MERGES = [(116, 104), (257, 101)]
READING = PredictConfig(window=64, overlap=3)
ALL_WEIGHTS = LearnConfig(rate=0.5, chunk=8)
LEARNING = {
    "document": ALL_WEIGHTS,
    "document, adapters": replace(ALL_WEIGHTS, rate=5.0, lora_rank=2),
    "text": replace(ALL_WEIGHTS, scope="text"),
    "text, adapters": replace(ALL_WEIGHTS, rate=5.0, scope="text", lora_rank=2),
}
TEXT = b"The theatre of the thermal theme, then there."
# Ends in the middle of a chunk, at its end (8 or 16 positions), and before anything was said.
DOCUMENTS = [TEXT, b"", b"abcdefg", b"\xff\x00 and no more...", b"abcdefgh", TEXT[:30]]


def language_model(config: ModelConfig = MODEL) -> LanguageModel:
    model = LanguageModel(config)
    initialise(model, seed=0)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    return model


def plain_predictor() -> Predictor:
    return Predictor(language_model(), BytePairs(MERGES), READING)


@pytest.fixture(params=LEARNING)
def learning(request) -> LearnConfig:
    return LEARNING[request.param]


@pytest.fixture
def fresh(learning):
    """Makes predictors that have learnt nothing."""
    return lambda: learner_of(plain_predictor(), learning)


def only(*names: str):
    return pytest.mark.parametrize("learning", [LEARNING[name] for name in names], ids=names)


def rows_of(predictor: Predictor, tokens) -> np.ndarray:
    return np.concatenate([block[0] for block in predictor.predict([tokens])])


def nats_of(predictor: Predictor, tokens) -> float:
    targets = torch.from_numpy(np.append(tokens, END_OF_DOCUMENT)).long()
    return F.cross_entropy(
        torch.from_numpy(rows_of(predictor, tokens)).double(), targets, reduction="sum"
    ).item()


def same_weights(a: DocumentLearner, b: DocumentLearner) -> bool:
    pairs = zip(a.model.parameters(), b.model.parameters(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


def test_every_token_and_the_end_get_a_row(fresh):
    predictor = fresh()
    for document in DOCUMENTS:
        tokens = predictor.encode(document)
        assert rows_of(predictor, tokens).shape == (len(tokens) + 1, MODEL.vocab_size)


def test_a_chunk_is_scored_before_it_is_learnt(fresh, learning):
    tokens = fresh().encode(TEXT)
    before, rows = rows_of(plain_predictor(), tokens), rows_of(fresh(), tokens)
    np.testing.assert_allclose(rows[: learning.chunk], before[: learning.chunk], atol=1e-5)
    assert np.abs(rows - before)[learning.chunk :].max(-1).min() > 1e-3


def test_a_row_is_given_the_tokens_before_it_alone(fresh):
    predictor = fresh()
    tokens = predictor.encode(TEXT)
    rows = rows_of(predictor, tokens)
    for t in (0, 7, 8, 17):
        changed = tokens.copy()
        changed[t:] = (changed[t:] + 1) % 256
        np.testing.assert_allclose(rows_of(predictor, changed)[: t + 1], rows[: t + 1], rtol=0, atol=1e-4)


@only("document")
def test_each_step_is_that_of_gradient_descent_on_the_chunk(fresh, learning):
    predictor, model = fresh(), language_model()
    tokens = predictor.encode(TEXT)
    text = torch.from_numpy(np.concatenate(([END_OF_DOCUMENT], tokens, [END_OF_DOCUMENT]))).long()
    optimizer, rows = torch.optim.SGD(model.parameters(), lr=learning.rate), []
    for start in range(0, len(tokens) + 1, learning.chunk):
        end = min(start + learning.chunk, len(tokens) + 1)
        begin = max(0, start - READING.overlap)
        logits = model.logits(model(text[None, begin:end]))[0, start - begin :]
        rows.append(logits.detach())
        optimizer.zero_grad()
        F.cross_entropy(logits, text[start + 1 : end + 1]).backward()
        optimizer.step()
    np.testing.assert_allclose(rows_of(predictor, tokens), torch.cat(rows).numpy(), atol=1e-4)


@only("document, adapters")
def test_adapters_change_the_blocks_matrices_within_their_rank(fresh, learning):
    predictor = fresh()
    rows_of(predictor, predictor.encode(TEXT))
    for (name, now), first in zip(
        predictor.model.named_parameters(), language_model().parameters(), strict=True
    ):
        if name.startswith("blocks") and now.ndim == 2 and len(now) > 2:
            assert torch.linalg.matrix_rank(now - first, atol=1e-5) == learning.lora_rank, name
        else:
            assert torch.equal(now, first), name


def test_the_next_prediction_alone_is_the_last_row(fresh):
    predictor, other = fresh(), fresh()
    tokens = predictor.encode(TEXT)
    # From left to right, as an audit asks, then back, and with another text between.
    for count in (*range(len(tokens) + 1), 3, 20, 17, 8, 0):
        rows = rows_of(other, tokens[:count])
        np.testing.assert_allclose(predictor.predict_next(tokens[:count]), rows[-1], atol=1e-5)
    predictor.predict_next(predictor.encode(b"Something else entirely, and long."))
    np.testing.assert_allclose(predictor.predict_next(tokens), rows_of(other, tokens)[-1], atol=1e-5)


def test_predicting_teaches_nothing(fresh):
    predictor = fresh()
    tokens, other = predictor.encode(TEXT), predictor.encode(TEXT[20:] + b"Something else.")
    first = rows_of(predictor, tokens)
    rows_of(predictor, other)
    predictor.predict_next(other[:20])
    next(predictor.predict([other]))
    assert (rows_of(predictor, tokens) == first).all()
    predictor.undo()
    assert same_weights(predictor, fresh())


@only("document", "document, adapters")
def test_documents_of_the_fixed_track_know_nothing_of_each_other(fresh):
    predictor = fresh()
    assert not hasattr(predictor, "learn")
    for document in DOCUMENTS:
        tokens = predictor.encode(document)
        assert (rows_of(predictor, tokens) == rows_of(fresh(), tokens)).all()


@only("text", "text, adapters")
def test_learning_follows_scoring_whatever_was_asked_between(fresh):
    straight, winding = fresh(), fresh()
    tokens = straight.encode(TEXT)
    before = rows_of(straight, tokens)
    straight.learn([tokens])
    winding.predict_next(tokens[:20])
    rows_of(winding, winding.encode(b"no"))
    winding.predict_next(tokens[:25])
    winding.learn([tokens])
    assert same_weights(straight, winding)
    after = rows_of(straight, tokens)
    assert np.abs(after - before).max() > 0.1
    rows_of(straight, straight.encode(b"no"))
    assert (rows_of(winding, tokens) == after).all()


@only("text")
def test_a_document_shorter_than_a_chunk_teaches_its_share(fresh, learning):
    moved = []
    for document in (b"a", b"abcdefg"):
        predictor = fresh()
        predictor.learn([predictor.encode(document)])
        pairs = zip(predictor.model.parameters(), language_model().parameters(), strict=True)
        moved.append(math.sqrt(sum((x - y).square().sum().item() for x, y in pairs)))
    assert 0 < moved[0] < moved[1]


def test_documents_come_back_in_a_predictor_that_never_saw_them(fresh):
    data = fresh().compress(DOCUMENTS)
    assert fresh().decompress(data) == DOCUMENTS
    assert fresh().compress(DOCUMENTS) == data


def test_what_is_scored_is_what_is_coded(fresh):
    predictor, nats = fresh(), 0.0
    for document in DOCUMENTS:
        tokens = predictor.encode(document)
        nats += nats_of(predictor, tokens)
        if isinstance(predictor, TextLearner):
            predictor.learn([tokens])
    size = len(fresh().compress(DOCUMENTS))
    bits = nats / math.log(2)
    assert bits / 8 <= size <= 1.0005 * bits / 8 + 24


def test_the_codec_learns_the_same_bits(fresh):
    scorer, coder = fresh(), fresh()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        tokens = scorer.encode(TEXT)
        rows_of(scorer, tokens)
        if isinstance(scorer, TextLearner):
            scorer.learn([tokens])
    finally:
        torch.set_num_threads(before)
    coder.compress([TEXT])
    assert same_weights(scorer, coder)


def test_damaged_data_are_refused(fresh):
    data = bytearray(fresh().compress(DOCUMENTS))
    data[20] ^= 0x55
    with pytest.raises(ValueError, match=r"damaged|checksum"):
        fresh().decompress(bytes(data))


def test_a_sample_learns_from_the_prompt_alone_and_leaves_no_trace(fresh):
    predictor, asked = fresh(), fresh()
    tokens = predictor.encode(TEXT)
    before = rows_of(predictor, tokens)
    sample = b"".join(predictor.sample(TEXT, 40, 0.8, 1))
    assert b"".join(predictor.sample(TEXT, 40, 0.8, 1)) == sample
    asked.predict_next(tokens)
    assert same_weights(predictor, asked)
    given_up = predictor.sample(TEXT[:20], 20, 3.0, 1)
    next(given_up)
    given_up.close()
    assert (rows_of(predictor, tokens) == before).all()


def test_what_repeats_itself_is_learnt(fresh):
    predictor = fresh()
    tokens = predictor.encode(b"wxyz" * 60)
    assert nats_of(predictor, tokens) < 0.9 * nats_of(plain_predictor(), tokens)


@pytest.mark.parametrize(
    "change",
    [{"layers": 1, "windows": (4,)}, {"mixers": ("linear",), "windows": (0,)}, {"mlp_matrices": "random"}],
    ids=str,
)
def test_models_of_other_parts_learn(change):
    config = replace(MODEL, **change)
    learner = learner_of(Predictor(language_model(config), BytePairs(MERGES), READING), ALL_WEIGHTS)
    assert learner.decompress(learner.compress([TEXT])) == [TEXT]
    tokens = learner.encode(TEXT)
    plain = Predictor(language_model(config), BytePairs(MERGES), READING)
    assert nats_of(learner, tokens) < nats_of(plain, tokens)


def pack(learning: LearnConfig, path) -> None:
    model = language_model()
    precision = Precision(dict.fromkeys(PRECISION_GROUPS, QuantisationScheme()), precision_groups(model))
    pack_model(
        model.state_dict(),
        config={
            "model": changed_fields(MODEL),
            "predict": changed_fields(READING),
            "learn": changed_fields(learning),
        },
        tokenizer=BytePairs(MERGES).to_bytes(),
        precision=precision,
        path=path,
    )


@pytest.mark.slow
@only("text")
def test_the_artifact_scores_and_proves_it(learning, tmp_path):
    artifact, documents = tmp_path / "model.pyz", [TEXT * 20, b"", TEXT * 5]
    pack(learning, artifact)
    limits = {"isolation": Isolation.BUBBLEWRAP, "threads": 1, "seconds_limit": 120}
    score = score_artifact(artifact, documents, **limits)
    assert score.adaptive
    proof = prove_artifact(artifact, documents, scored_bits_per_byte=score.bits_per_byte, **limits)
    assert proof.failure is None


def test_a_predictor_comes_back_from_the_files_of_an_artifact(learning):
    config = {"model": asdict(MODEL), "predict": asdict(READING), "learn": changed_fields(learning)}
    arrays = language_model().state_dict()
    weights = encode_weights({n: quantise(t, QuantisationScheme()) for n, t in sorted(arrays.items())}).blob
    loaded = load_from(config, BytePairs(MERGES).to_bytes(), weights, decode_weights)
    assert (loaded.learning, loaded.config) == (learning, READING)
    assert hasattr(loaded, "learn") == (learning.scope == "text")
