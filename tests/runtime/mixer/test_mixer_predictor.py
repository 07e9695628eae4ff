"""The adaptive predictor: pure, causal, lossless, and the model in it is the model that was trained."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.mixer.compiled_transformer import build_model, forward, new_state, weight_shapes
from paramgolf.runtime.mixer.predictor import AdaptivePredictor, DocumentPredictor, load_from, predictor_of
from paramgolf.runtime.mixer.reader import Reader
from paramgolf.runtime.mixer.state import CONTEXTS, WITHIN, AdaptConfig
from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.case import CAPITAL, CAPITALS, CaseFolding
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS, precision_groups
from paramgolf.runtime.weights import decode_weights
from paramgolf.train.data.token_tree import spelled_tree
from paramgolf.train.mixer.shipped import adapt_config, compiled_options
from paramgolf.train.optim.init import initialise

pytestmark = pytest.mark.slow

MODEL = ModelConfig(
    vocab_size=261,
    width=32,
    layers=3,
    heads=2,
    kv_heads=1,
    windows=(8, 8, 16),
    softcap_kind="rational",
    ngrams=((2, 64, 8), (3, 32, 8)),
    token_shift=True,
)
COMPILED = [MODEL, replace(MODEL, mirrored_skips=False)]
ADAPT = AdaptConfig(contexts=(*CONTEXTS, f"{WITHIN}last1", f"{WITHIN}none"), table_bits=12)
# As many contexts, so that the compiled code serves both.
OF_THE_DOCUMENT = AdaptConfig(contexts=(*CONTEXTS, "last1", "none"), table_bits=12, scope="document")
TEXT = b"The theatre of the thermal theme, then there. " * 6
DOCUMENTS = [
    TEXT,
    b"",
    bytes(range(256)),
    b"\xff\xfe\x00" * 30,
    b"a" * 700,
    TEXT[:100],
    "Zoë said: 1984!\n\n".encode(),
]


def random_model(config: ModelConfig) -> LanguageModel:
    torch.manual_seed(0)
    model = LanguageModel(config)
    initialise(model, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def language_model() -> LanguageModel:
    return random_model(MODEL)


@pytest.fixture(scope="module")
def tokenizer() -> BytePairs:
    return BytePairs([(116, 104), (257, 101), (32, 116), (97, 97)])


def tree_by(tokenizer: BytePairs) -> TokenTree:
    """Tokens in four classes, likelier ones on shorter paths."""
    counts = np.bincount(tokenizer.encode(TEXT), minlength=MODEL.vocab_size)
    classes = (np.arange(MODEL.vocab_size) % 4).astype(np.uint8)
    return spelled_tree(classes, 1.0 + counts, tokenizer.pieces)


@pytest.fixture(params=[ADAPT, OF_THE_DOCUMENT], ids=["text", "document"])
def adapt(request) -> AdaptConfig:
    return request.param


@pytest.fixture
def fresh(language_model, tokenizer, adapt):
    """Makes predictors that have learnt nothing."""
    weights = {name: value.numpy() for name, value in language_model.state_dict().items()}
    tree = tree_by(tokenizer)

    def make() -> DocumentPredictor:
        return predictor_of(Reader(compiled_options(MODEL), weights, tokenizer, tree, adapt))

    return make


def rows_of(predictor: DocumentPredictor, bits) -> np.ndarray:
    return np.concatenate([block[0] for block in predictor.predict([bits])])


@pytest.mark.parametrize("config", COMPILED)
def test_shapes_are_those_of_the_language_model(config):
    state = {name: tuple(value.shape) for name, value in sorted(LanguageModel(config).state_dict().items())}
    assert list(weight_shapes(compiled_options(config)).items()) == list(state.items())


@pytest.mark.parametrize("config", COMPILED)
def test_the_compiled_step_is_the_model_however_many_tokens_it_reads_at_once(config):
    language_model = random_model(config)
    tokens = np.random.default_rng(0).integers(0, MODEL.vocab_size, 70)
    tokens[40] = END_OF_DOCUMENT
    model = build_model(
        compiled_options(config), {name: value.numpy() for name, value in language_model.state_dict().items()}
    )

    def read(piece: int) -> np.ndarray:
        state, logits = new_state(model), np.empty((70, MODEL.vocab_size), np.float32)
        for start in range(0, 70, piece):
            part = tokens[start : start + piece]
            forward(model, state, part, logits[start : start + piece])
        return logits

    expected = language_model.logits(language_model(torch.from_numpy(tokens)[None])[0]).numpy()
    np.testing.assert_allclose(read(70), expected, atol=1e-4)
    for piece in (1, 5, 32):
        assert (read(piece) == read(70)).all(), "the same bits, or decompression fails"


def test_documents_come_back_in_a_predictor_that_never_saw_them(fresh):
    compressed = fresh().compress(DOCUMENTS)
    assert fresh().decompress(compressed) == DOCUMENTS


def test_what_is_scored_is_what_is_coded(fresh):
    predictor, bits = fresh(), 0.0
    for document in DOCUMENTS:
        decisions = predictor.encode(document)
        rows = rows_of(predictor, decisions).astype(np.float64)
        targets = np.append(decisions, predictor.end_of_document)
        chosen = rows[np.arange(len(rows)), targets]
        bits += (np.log(np.exp(rows).sum(-1)) - chosen).sum() / np.log(2)
        if isinstance(predictor, AdaptivePredictor):
            predictor.learn([decisions])
    size = len(fresh().compress(DOCUMENTS))
    beside = (
        20 + 9 * predictor.batch_documents
    )  # a header, and for each stream its size and where its coder ends
    assert bits / 8 <= size <= 1.0001 * bits / 8 + beside


def test_tokens_spell_the_document_and_half_of_one_spells_nothing(fresh):
    predictor = fresh()
    for document in DOCUMENTS:
        assert predictor.decode(predictor.encode(document)) == document
    decisions = predictor.encode(b"xy")
    assert predictor.decode(decisions[:-1]) == b"x"
    with pytest.raises(ValueError, match="0 or 1"):
        predictor.decode([0, 2])


def test_predicting_teaches_nothing(fresh):
    predictor = fresh()
    decisions, other = predictor.encode(TEXT), predictor.encode(b"Something else entirely.")
    first = rows_of(predictor, decisions)
    rows_of(predictor, other)
    predictor.predict_next(other[:7])
    assert (rows_of(predictor, decisions) == first).all()


def test_a_row_looks_at_nothing_behind_it(fresh):
    predictor = fresh()
    decisions = predictor.encode(TEXT)
    rows = rows_of(predictor, decisions)
    for cut in (0, 1, 50, 51, 52, 300, len(decisions)):
        assert (predictor.predict_next(decisions[:cut]) == rows[cut]).all()
        changed = np.append(decisions[:cut], 1 - decisions[cut : cut + 30])
        assert (rows_of(predictor, changed)[: cut + 1] == rows[: cut + 1]).all()


@pytest.mark.parametrize("adapt", [ADAPT], indirect=True, ids=["text"])
def test_learning_follows_scoring_whatever_was_asked_between(fresh):
    straight, winding = fresh(), fresh()
    decisions = straight.encode(TEXT)
    before = rows_of(straight, decisions)
    straight.learn([decisions])
    winding.predict_next(decisions[:100])
    rows_of(winding, winding.encode(b"no"))
    winding.predict_next(decisions[:100])
    winding.predict_next(decisions[:203])
    winding.learn([decisions])
    after = rows_of(straight, decisions)
    assert (rows_of(winding, decisions) == after).all()
    assert np.abs(after - before).max() > 0.1


@pytest.mark.parametrize("adapt", [OF_THE_DOCUMENT], indirect=True, ids=["document"])
def test_documents_of_the_fixed_track_know_nothing_of_each_other(fresh):
    assert not hasattr(fresh(), "learn")
    alone = [rows_of(fresh(), fresh().encode(document)) for document in DOCUMENTS]
    predictor = fresh()
    batches = [DOCUMENTS[i : i + predictor.batch_documents] for i in (0, 4)]
    for batch, expected in zip(batches, (alone[:4], alone[4:]), strict=True):
        blocks = np.concatenate(list(predictor.predict([predictor.encode(d) for d in batch])), axis=1)
        for rows, own in zip(blocks, expected, strict=True):
            assert (rows[: len(own)] == own).all()


@pytest.mark.parametrize("adapt", [OF_THE_DOCUMENT], indirect=True, ids=["document"])
def test_how_many_cores_there_are_changes_no_bit(fresh, monkeypatch):
    compressed = []
    for cores in (1, 2, 8):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        compressed.append(fresh().compress(DOCUMENTS))
        assert fresh().decompress(compressed[-1]) == DOCUMENTS
    assert len(set(compressed)) == 1


@pytest.mark.parametrize("at", [0, 4, 8, 16, 20, 40, -1])
def test_damaged_data_are_refused(fresh, at):
    data = bytearray(fresh().compress(DOCUMENTS))
    data[at] ^= 0x55
    with pytest.raises(ValueError, match=r"damaged|checksum"):
        fresh().decompress(bytes(data))


def test_too_few_bytes_are_refused(fresh):
    with pytest.raises(ValueError, match="no compressed documents"):
        fresh().decompress(b"short")


def test_a_sample_is_repeatable_and_leaves_no_trace(fresh):
    predictor = fresh()
    decisions = predictor.encode(TEXT)
    before = rows_of(predictor, decisions)
    first = b"".join(predictor.sample(b"The ", 20, 0.8, 1))
    assert b"".join(predictor.sample(b"The ", 20, 0.8, 1)) == first
    assert (rows_of(predictor, decisions) == before).all()


def test_a_sample_that_is_given_up_leaves_no_trace(fresh):
    predictor = fresh()
    decisions = predictor.encode(TEXT)
    before = rows_of(predictor, decisions)
    sample = predictor.sample(b"The ", 20, 3.0, 1)
    next(sample)
    sample.close()
    assert (rows_of(predictor, decisions) == before).all()


def test_a_sample_is_spelt_as_a_document_is(fresh, tokenizer):
    predictor = fresh()
    predictor.tokenizer = CaseFolding(tokenizer)
    sampled = b"".join(predictor.sample(b"The ", 400, 3.0, 1))
    assert sampled
    assert not set(sampled) & {*CAPITAL, *CAPITALS}


@pytest.mark.parametrize("adapt", [OF_THE_DOCUMENT], indirect=True, ids=["document"])
def test_the_artifact_works_alone_in_another_process(language_model, tokenizer, fresh, adapt, tmp_path):
    artifact = tmp_path / "model.pyz"
    scheme_of_all = dict.fromkeys(PRECISION_GROUPS, QuantisationScheme())
    pack_model(
        language_model.state_dict(),
        config={"model": compiled_options(MODEL), "adapt": adapt_config(adapt, tree_by(tokenizer))},
        tokenizer=tokenizer.to_bytes(),
        precision=Precision(scheme_of_all, precision_groups(language_model)),
        path=artifact,
    )
    with zipfile.ZipFile(artifact) as archive:
        parts = [archive.read(name) for name in ("tokenizer.bin", "weights.bin")]
        packed = load_from(json.loads(archive.read("config.json")), *parts, decode_weights)
    (tmp_path / "small").write_bytes(packed.compress([TEXT]))
    command = [sys.executable, "-I", str(artifact), "decompress", "small", "again"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again").read_bytes() == TEXT


def test_contexts_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"contexts has last9; there are none, last1.*behind 'document-'"):
        AdaptConfig(contexts=("last1", "document-last9"))
    with pytest.raises(ValueError, match=r"contexts has document-last1, but .* leave 'document-' out"):
        AdaptConfig(contexts=("document-last1",), scope="document")
