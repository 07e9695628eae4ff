"""Every kind of tokenizer loses nothing, packs small, and ships as what training used."""

import functools
import itertools
import random
import re
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from paramgolf.corpus.embedded import embedded
from paramgolf.errors import ConfigError, UnknownNameError
from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, PIECES, Tokenizer
from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS, precision_groups
from paramgolf.train.data.learn_tokenizer import train_tokenizer
from paramgolf.train.optim.init import initialise

TEXT = ("The cat's hat sat, 1234 times, on thé MAT; McDonald ran…\n\n\tAnd that was THAT.  " * 40).encode()
LONE_SURROGATE = b"before \xed\xa0\x80\xed\xbf\xbf after"
SHIPPED = """
import sys
sys.path.insert(0, "model.pyz")
from entry import load
text = open("text", "rb").read()
tokens = load().encode(text)
assert load().decode(tokens) == text
sys.stdout.buffer.write(tokens.tobytes())
"""
KINDS = {
    "bytes": {"vocab_size": 257},
    "bpe": {"vocab_size": 300},
    "unigram": {"vocab_size": 300, "kind": "unigram"},
    "bytes, case": {"vocab_size": 257, "case": True},
    "bpe, case": {"vocab_size": 300, "case": True},
    "unigram, case": {"vocab_size": 300, "kind": "unigram", "case": True},
}

# Bytes that meet the borders of pieces and the operators of case more often than chance has it.
DOCUMENTS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"the", b" That", b"USA", b"'s", b"  ", b"\n", b"\xff", b"12", b"\x0e", b"\x0f", b"\x10"]
        ),
    )
).map(b"".join)

# Reading n merges takes n² steps, 12 seconds at the format's limit of 65,535: random counts stay below this.
MANY = 0x7FF


@functools.cache
def learnt(kind: str) -> Tokenizer:
    return train_tokenizer([TEXT], **KINDS[kind])


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request) -> Tokenizer:
    return learnt(request.param)


@settings(max_examples=100)
@given(document=DOCUMENTS)
@example(document=b"")
@example(document=b"\x00")
@example(document=bytes(range(256)))
@example(document=b"\xc3\x28 \xf0\x9f \xfe\xff")
@example(document=LONE_SURROGATE)
@example(document=TEXT)
def test_any_bytes_come_back(tokenizer, document):
    tokens = tokenizer.encode(document)
    assert tokens.dtype == np.int32
    assert END_OF_DOCUMENT not in tokens
    assert tokenizer.decode(tokens) == document
    assert sum(len(tokenizer.pieces[t]) for t in tokens) <= tokenizer.growth * len(document)


@pytest.mark.parametrize(
    "document",
    [
        b"a" * 100_000,
        b"A" * 100_000,
        b"aB" * 50_000,
        b" " * 100_000,
        b"\n" * 100_000,
        b"\xff" * 100_000,
        random.Random(0).randbytes(100_000),
    ],
    ids=["letter", "capital", "camel", "space", "newline", "0xff", "random"],
)
@pytest.mark.parametrize("kind", ["bpe, case", "unigram, case"])
def test_much_of_anything_comes_back(kind, document):
    assert learnt(kind).decode(learnt(kind).encode(document)) == document


def test_byte_level_tokens_are_the_bytes():
    assert Tokenizer().vocab_size == 257
    assert Tokenizer().encode(b"\x00a\xff").tolist() == [0, 97, 255]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_full_cache_of_pieces_changes_nothing(kind, monkeypatch):
    expected = learnt(kind).encode(TEXT).tolist()
    monkeypatch.setattr("paramgolf.runtime.tokenizer.base.CACHED_PIECES", 3)
    assert read_tokenizer(learnt(kind).to_bytes()).encode(TEXT).tolist() == expected


@settings(max_examples=100)
@given(document=st.binary(max_size=80))
def test_the_learner_cuts_the_same_pieces_as_the_encoder(document):
    learnt = Split(Regex(PIECES), "isolated").pre_tokenize_str(document.decode("latin-1"))
    assert [p.encode("latin-1") for p, _ in learnt] == re.findall(PIECES.encode("latin-1"), document)


@settings(max_examples=20)
@given(
    documents=st.lists(st.text("ab ", min_size=1, max_size=60).map(str.encode), min_size=1, max_size=20),
    vocab_size=st.integers(257, 400),
)
@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_learning_gives_at_most_the_size_asked_for_and_no_token_twice(kind, documents, vocab_size):
    tokenizer = train_tokenizer(documents, vocab_size, kind=kind)
    assert tokenizer.vocab_size == len(tokenizer.pieces) <= vocab_size
    assert len(set(tokenizer.pieces)) == len(tokenizer.pieces)


@pytest.mark.parametrize("kind", ["bpe", "unigram", "unigram, case"])
def test_learning_the_same_text_gives_the_same_tokenizer(kind):
    assert train_tokenizer([TEXT], **KINDS[kind]).to_bytes() == learnt(kind).to_bytes()


@pytest.mark.parametrize("vocab_size", [0, 256, 65_537])
def test_impossible_vocabulary_says_what_is_allowed(vocab_size):
    with pytest.raises(ConfigError, match=rf"vocab_size is {vocab_size}; allowed are 257 .* to 65536"):
        train_tokenizer([TEXT], vocab_size)


def test_an_unknown_kind_lists_near_matches():
    with pytest.raises(UnknownNameError, match=r"named 'unigramm'\. Did you mean 'unigram'"):
        train_tokenizer([TEXT], 300, kind="unigramm")


def test_packed_form_gives_an_equal_tokenizer(tokenizer):
    again = read_tokenizer(tokenizer.to_bytes())
    assert type(again) is type(tokenizer)
    assert again.pieces == tokenizer.pieces
    assert again.to_bytes() == tokenizer.to_bytes()
    assert again.encode(TEXT).tolist() == tokenizer.encode(TEXT).tolist()


def test_vocabulary_of_1024_learnt_from_the_embedded_corpus_packs_small():
    tokenizer = train_tokenizer(itertools.islice(embedded().train(), 40), 1024)
    assert tokenizer.vocab_size == 1024
    assert len(tokenizer.to_bytes()) < 2500


@settings(max_examples=100)
@given(data=st.data())
def test_damaged_packed_form_is_refused_or_a_valid_tokenizer(tokenizer, data):
    packed = bytearray(tokenizer.to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed[2:3] = bytes(min(high, MANY >> 8) for high in packed[2:3])
    damaged = bytes(packed[: data.draw(st.integers(0, len(packed)))])
    try:
        read = read_tokenizer(damaged)
    except ValueError:
        return
    assert read.decode(read.encode(TEXT)) == TEXT


@settings(max_examples=60)
@given(
    packed=st.tuples(st.integers(0, 7), st.integers(0, MANY), st.binary(max_size=60)).map(
        lambda parts: bytes([parts[0]]) + parts[1].to_bytes(2, "little") + parts[2]
    )
)
@example(packed=b"")
@example(packed=b"\x00")
@example(packed=b"\x03")
@example(packed=b"\x80")
@example(packed=b"\x01\x00\x00\x01")
@example(packed=b"\x01\xff\x0f" + b"\xff" * 2000)
@example(packed=b"\x01\x01\x00" + b"\x00" * 1_000_000)
def test_any_bytes_are_refused_or_a_valid_tokenizer(packed):
    try:
        read = read_tokenizer(packed)
    except ValueError:
        return
    assert read.decode(read.encode(b"some text")) == b"some text"


@pytest.mark.parametrize("token", [-1, END_OF_DOCUMENT, 300])
def test_tokens_that_spell_nothing_are_refused(tokenizer, token):
    with pytest.raises(ValueError, match="and not the end of a document"):
        tokenizer.decode([97, token])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["unigram, case"])
def test_a_packed_artifact_gives_the_tokens_of_training(kind, tmp_path):
    tokenizer = learnt(kind)
    config = ModelConfig(vocab_size=tokenizer.vocab_size, width=8, layers=1, heads=1, kv_heads=1)
    model = LanguageModel(config)
    initialise(model, 0)
    pack_model(
        model.state_dict(),
        config={"model": asdict(config), "predict": {}},
        tokenizer=tokenizer.to_bytes(),
        precision=Precision(dict.fromkeys(PRECISION_GROUPS, QuantisationScheme()), precision_groups(model)),
        path=tmp_path / "model.pyz",
    )
    text = TEXT + LONE_SURROGATE + bytes(range(256)) + random.Random(1).randbytes(5000)
    (tmp_path / "text").write_bytes(text)
    shipped = subprocess.run([sys.executable, "-c", SHIPPED], cwd=tmp_path, capture_output=True, check=True)
    assert shipped.stdout == tokenizer.encode(text).tobytes()
