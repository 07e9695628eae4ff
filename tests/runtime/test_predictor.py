"""What the harness is given: one row for each token and the end, from the past alone; step by step the same."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from paramgolf.pack.entropy import encode_weights
from paramgolf.quantise.grids import QuantisationScheme, dequantise, quantise
from paramgolf.runtime.predictor import PredictConfig, Predictor, load_from
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.stepping import Stepper
from paramgolf.runtime.weights import decode_weights

MODEL = ModelConfig(vocab_size=257, width=16, layers=3, heads=4, kv_heads=2)
MODELS = {
    "full": MODEL,
    "windows": replace(MODEL, windows=(4,), ngrams=((2, 64, 8), (3, 64, 8)), token_shift=True),
    "both": replace(MODEL, windows=(2, 0, 4), softcap_kind="rational", token_shift=True),
}
# Windows that are odd, that no attention window divides, with and without overlap.
READING = [
    PredictConfig(window=64, overlap=8),
    PredictConfig(window=16, overlap=7),
    PredictConfig(window=9, overlap=0),
    PredictConfig(window=5, overlap=4),
]


def random_model(config: ModelConfig) -> LanguageModel:
    generator = torch.Generator().manual_seed(0)
    model = LanguageModel(config)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.4
    return model


def random_tokens(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, count).astype(np.int32)


def rows_of(predictor: Predictor, tokens: np.ndarray) -> torch.Tensor:
    """All rows [T+1, V] of one document."""
    return torch.cat([torch.from_numpy(block[0]) for block in predictor.predict([tokens])])


@pytest.fixture(params=MODELS)
def model(request) -> LanguageModel:
    return random_model(MODELS[request.param])


@pytest.mark.parametrize("reading", READING, ids=lambda c: f"{c.window}-{c.overlap}")
def test_every_token_and_the_end_get_a_row(reading):
    predictor = Predictor(random_model(MODEL), Tokenizer(), reading)
    for count in (0, 1, 8, 9, 40):
        blocks = list(predictor.predict([random_tokens(count)]))
        assert all(block.dtype == np.float32 and block.shape[::2] == (1, 257) for block in blocks)
        assert sum(block.shape[1] for block in blocks) == count + 1


@pytest.mark.parametrize("reading", READING, ids=lambda c: f"{c.window}-{c.overlap}")
def test_a_row_is_given_the_tokens_before_it_alone(model, reading):
    predictor, tokens = Predictor(model, Tokenizer(), reading), random_tokens(30)
    rows = rows_of(predictor, tokens)
    for t in (0, 7, 8, 17, 29):
        changed = tokens.copy()
        changed[t] = (changed[t] + 1) % 256
        # Row t predicts token t, so that it is the last that the change must not reach.
        torch.testing.assert_close(rows_of(predictor, changed)[: t + 1], rows[: t + 1], rtol=0, atol=1e-5)


def test_a_short_document_is_read_in_one_piece(model):
    tokens = random_tokens(30)
    inputs = torch.from_numpy(np.append(END_OF_DOCUMENT, tokens).astype(np.int64))
    expected = model.predictions(model(inputs[None]))[0]
    rows = rows_of(Predictor(model, Tokenizer(), PredictConfig(window=64, overlap=8)), tokens)
    torch.testing.assert_close(rows, expected, rtol=1e-5, atol=1e-5)


def test_a_long_document_is_read_in_windows_that_begin_with_their_overlap(model):
    tokens = random_tokens(20)
    inputs = torch.from_numpy(np.append(END_OF_DOCUMENT, tokens).astype(np.int64))[None]
    parts = [model(inputs[:, :8]), model(inputs[:, 5:13])[:, 3:], model(inputs[:, 10:18])[:, 3:]]
    parts.append(model(inputs[:, 15:])[:, 3:])
    rows = rows_of(Predictor(model, Tokenizer(), PredictConfig(window=8, overlap=3)), tokens)
    torch.testing.assert_close(rows, model.predictions(torch.cat(parts, 1))[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reading", READING)
def test_the_next_prediction_alone_is_the_last_row(model, reading):
    predictor = Predictor(model, Tokenizer(), reading)
    for count in range(40):
        tokens = random_tokens(count)
        alone = torch.from_numpy(predictor.predict_next(tokens))
        torch.testing.assert_close(alone, rows_of(predictor, tokens)[-1], rtol=1e-4, atol=1e-4)


def test_the_next_prediction_of_local_attention_reads_only_what_it_can_see():
    model = random_model(MODELS["windows"])
    predictor = Predictor(model, Tokenizer(), PredictConfig(window=256, overlap=64))
    read = []
    model.register_forward_pre_hook(lambda module, inputs: read.append(inputs[0].size(1)))
    for count in (100, 200, 255, 256, 300, 700):
        tokens = random_tokens(count)
        alone = torch.from_numpy(predictor.predict_next(tokens))
        assert read.pop() < 64
        torch.testing.assert_close(alone, rows_of(predictor, tokens)[-1], rtol=1e-4, atol=1e-4)
        read.clear()


def test_the_same_document_gets_the_same_bits(model):
    predictor = Predictor(model, Tokenizer(), PredictConfig(window=16, overlap=8))
    assert torch.equal(rows_of(predictor, random_tokens(30)), rows_of(predictor, random_tokens(30)))


@pytest.mark.parametrize("reading", READING, ids=lambda c: f"{c.window}-{c.overlap}")
def test_step_by_step_gives_what_all_at_once_gives(model, reading):
    predictor, tokens = Predictor(model, Tokenizer(), reading), random_tokens(40)
    step = predictor.stepped(1)
    steps = torch.cat([step(torch.tensor([t])) for t in np.append(END_OF_DOCUMENT, tokens)])
    torch.testing.assert_close(steps, rows_of(predictor, tokens), rtol=1e-4, atol=1e-4)


def test_lanes_advance_as_if_alone_and_can_be_dropped(model):
    model.requires_grad_(False)
    texts = torch.from_numpy(random_tokens(3 * 12).astype(np.int64)).view(3, 12)
    together = Stepper(model, 3, 12)
    for t in range(6):
        together.step(texts[:, t])
    together.keep(torch.tensor([2, 0]))
    for t in range(6, 12):
        rows = together.step(texts[[2, 0], t])
    expected = model.predictions(model(texts[[2, 0]]))[:, -1]
    torch.testing.assert_close(rows, expected, rtol=1e-4, atol=1e-4)


# Prompts inside the first window, that fill it, and behind it.
@pytest.mark.parametrize("prompt", [b"", b"The", b"The cat", b"The cat sat on the mat"])
def test_sampling_repeats_by_seed_and_temperature_0_takes_the_likeliest(model, prompt):
    predictor = Predictor(model, Tokenizer(), PredictConfig(window=8, overlap=4))
    first, again, other = (b"".join(predictor.sample(prompt, 20, 1.0, seed)) for seed in (1, 1, 2))
    assert first == again != other
    greedy = list(predictor.sample(prompt, 5, 0.0, 1))
    text = list(prompt)
    for token in greedy:
        logits = rows_of(predictor, np.array(text, np.int32))[-1]
        assert token == bytes([int(logits.argmax())])
        text += token


def test_sampling_ends_with_the_document():
    model = random_model(MODEL)
    # The end of a document, alone among the rows, is as likely as the cap allows wherever features are positive.
    model.embedding.data[:] = 0
    model.embedding.data[END_OF_DOCUMENT, 0] = 1e3
    for block in model.blocks:
        block.attention_scale.data[:], block.mlp_scale.data[:] = 0, 0
        block.residual_mix.data[0], block.residual_mix.data[1] = 1, 0
    model.skips.data[:] = 0
    assert list(Predictor(model, Tokenizer(), PredictConfig()).sample(b"", 20, 0.0, 0)) == []


def test_predictor_comes_back_from_the_files_of_an_artifact():
    config = MODELS["both"]
    model = random_model(config)
    scheme = QuantisationScheme()
    state = dict(sorted(model.state_dict().items()))
    quantised = {name: quantise(t, scheme) for name, t in state.items()}
    tokenizer = BytePairs([(97, 98)])
    settings = {"model": asdict(config), "predict": {"window": 16, "overlap": 4}}
    settings["model"]["windows"] = list(config.windows)  # as JSON gives it back
    loaded = load_from(settings, tokenizer.to_bytes(), encode_weights(quantised).blob, decode_weights)
    for name, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, dequantise(quantise(state[name], scheme))), name
    assert loaded.tokenizer.merges == [(97, 98)]
    assert loaded.config == PredictConfig(window=16, overlap=4)


@pytest.mark.parametrize(("window", "overlap"), [(8, 8), (8, -1), (0, 0)])
def test_impossible_overlap_says_what_is_allowed(window, overlap):
    with pytest.raises(ValueError, match=f"overlap is {overlap}; allowed are 0 to {window - 1}"):
        PredictConfig(window=window, overlap=overlap)
