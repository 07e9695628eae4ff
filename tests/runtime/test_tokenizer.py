"""The tokenizer loses nothing, encodes as byte-pair encoding is defined, and ships as what training used."""

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
from paramgolf.errors import ConfigError
from paramgolf.pack.pack import pack_model
from paramgolf.runtime.model import LanguageModel, ModelConfig
from paramgolf.runtime.tokenizer import END_OF_DOCUMENT, FIRST_MERGE, PIECES, Tokenizer
from paramgolf.train.init import initialise
from paramgolf.train.learn_tokenizer import train_tokenizer
from paramgolf.train.quantise import QuantisationScheme

TEXT = ("The cat's hat sat, 1234 times, on thé mat; the rat ran…\n\n\tAnd that was that.  " * 40).encode()
LONE_SURROGATE = b"before \xed\xa0\x80\xed\xbf\xbf after"
SHIPPED = """
import sys
sys.path.insert(0, "model.pyz")
from entry import load
sys.stdout.buffer.write(load().encode(open("text", "rb").read()).tobytes())
"""

# Bytes that meet the borders of pieces more often than chance has it.
DOCUMENTS = st.lists(
    st.one_of(
        st.binary(max_size=40), st.sampled_from([b"the", b" that", b"'s", b"  ", b"\n", b"\xff", b"12"])
    )
).map(b"".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([TEXT], 300)


@pytest.fixture(scope="module", params=["bytes", "bpe"])
def either(request, tokenizer) -> Tokenizer:
    return Tokenizer() if request.param == "bytes" else tokenizer


def reference_encode(tokenizer: Tokenizer, document: bytes) -> list[int]:
    """Byte-pair encoding as it is defined: inside each piece, each merge in the order of learning, left to right."""
    tokens = []
    for piece in re.findall(PIECES.encode("latin-1"), document):
        ids = list(piece)
        for new, pair in enumerate(tokenizer.merges, FIRST_MERGE):
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == pair:
                    ids[i : i + 2] = [new]
                i += 1
        tokens += ids
    return tokens


@settings(max_examples=150, deadline=None)
@given(document=DOCUMENTS)
@example(document=b"")
@example(document=b"\x00")
@example(document=bytes(range(256)))
@example(document=b"\xc3\x28 \xf0\x9f \xfe\xff")
@example(document=LONE_SURROGATE)
def test_any_bytes_come_back(either, document):
    tokens = either.encode(document)
    assert tokens.dtype == np.int32
    assert END_OF_DOCUMENT not in tokens
    assert either.decode(tokens) == document


@pytest.mark.parametrize(
    "document",
    [
        b"a" * 1_000_000,
        b" " * 1_000_000,
        b"\n" * 1_000_000,
        b"\xff" * 1_000_000,
        random.Random(0).randbytes(1_000_000),
    ],
    ids=["letter", "space", "newline", "0xff", "random"],
)
def test_a_megabyte_of_anything_comes_back(tokenizer, document):
    assert tokenizer.decode(tokenizer.encode(document)) == document


def test_byte_level_tokens_are_the_bytes():
    assert Tokenizer().vocab_size == 257
    assert Tokenizer().encode(b"\x00a\xff").tolist() == [0, 97, 255]


@settings(max_examples=150, deadline=None)
@given(document=DOCUMENTS)
@example(document=TEXT)
def test_encoding_is_byte_pair_encoding_inside_pieces(tokenizer, document):
    assert tokenizer.encode(document).tolist() == reference_encode(tokenizer, document)


@settings(max_examples=60, deadline=None)
@given(document=st.text("ab", max_size=60).map(str.encode), data=st.data())
def test_merges_in_any_order_still_encode_by_rank(document, data):
    merges = []
    for i in range(data.draw(st.integers(0, 12))):
        part = st.sampled_from([97, 98, *range(FIRST_MERGE, FIRST_MERGE + i)])
        merges.append((data.draw(part), data.draw(part)))
    try:
        tokenizer = Tokenizer(dict.fromkeys(merges))
    except ValueError:  # too long, or a hole where a repeated pair was dropped
        return
    assert tokenizer.encode(document).tolist() == reference_encode(tokenizer, document)


def test_a_full_cache_of_pieces_changes_nothing(tokenizer, monkeypatch):
    expected = tokenizer.encode(TEXT).tolist()
    monkeypatch.setattr("paramgolf.runtime.tokenizer.CACHED_PIECES", 3)
    assert Tokenizer(tokenizer.merges).encode(TEXT).tolist() == expected


@settings(max_examples=100, deadline=None)
@given(document=st.binary(max_size=80))
def test_the_learner_cuts_the_same_pieces_as_the_encoder(document):
    learnt = Split(Regex(PIECES), "isolated").pre_tokenize_str(document.decode("latin-1"))
    assert [p.encode("latin-1") for p, _ in learnt] == re.findall(PIECES.encode("latin-1"), document)


@settings(max_examples=25, deadline=None)
@given(
    documents=st.lists(st.text("ab ", min_size=1, max_size=60).map(str.encode), min_size=1, max_size=20),
    vocab_size=st.integers(257, 400),
)
def test_learning_gives_at_most_the_size_asked_for_and_no_token_twice(documents, vocab_size):
    tokenizer = train_tokenizer(documents, vocab_size)
    assert tokenizer.vocab_size == len(tokenizer.pieces) <= vocab_size
    assert len(set(tokenizer.pieces)) == len(tokenizer.pieces)


def test_learning_takes_the_commonest_pair_first():
    assert train_tokenizer([b"xyxyxy xy xy ab"], 258).merges == [(ord("x"), ord("y"))]


@pytest.mark.parametrize("vocab_size", [0, 256, 65_537])
def test_impossible_vocabulary_says_what_is_allowed(vocab_size):
    with pytest.raises(ConfigError, match=rf"vocab_size is {vocab_size}; allowed are 257 .* to 65536"):
        train_tokenizer([TEXT], vocab_size)


def test_packed_form_gives_an_equal_tokenizer(either):
    again = Tokenizer.from_bytes(either.to_bytes())
    assert again.merges == either.merges
    assert again.pieces == either.pieces
    assert again.encode(TEXT).tolist() == either.encode(TEXT).tolist()


def test_first_merges_of_zero_bytes_survive_packing():
    tokenizer = Tokenizer([(0, 0), (257, 0)])
    assert Tokenizer.from_bytes(tokenizer.to_bytes()).merges == [(0, 0), (257, 0)]


def test_vocabulary_of_1024_learnt_from_the_embedded_corpus_packs_small():
    tokenizer = train_tokenizer(itertools.islice(embedded().train(), 40), 1024)
    assert tokenizer.vocab_size == 1024
    assert len(tokenizer.to_bytes()) < 6000


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_packed_form_is_refused_or_a_valid_tokenizer(tokenizer, data):
    packed = bytearray(tokenizer.to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(packed[: data.draw(st.integers(0, len(packed)))])
    try:
        read = Tokenizer.from_bytes(damaged)
    except ValueError:
        return
    assert read.decode(read.encode(TEXT)) == TEXT


@settings(max_examples=40, deadline=None)
@given(packed=st.binary(max_size=60))
@example(packed=b"")
@example(packed=b"\x00")
@example(packed=b"\x00\x00\x01")
@example(packed=b"\xff\xff" + b"\xff" * 2000)
@example(packed=b"\x01\x00" + b"\x00" * 1_000_000)
def test_any_bytes_are_refused_or_a_valid_tokenizer(packed):
    try:
        read = Tokenizer.from_bytes(packed)
    except ValueError:
        return
    assert read.decode(read.encode(b"some text")) == b"some text"


def test_tokens_that_double_with_every_merge_are_refused_before_they_fill_memory():
    bomb = [(97, 97), *((i, i) for i in range(FIRST_MERGE, FIRST_MERGE + 60))]
    with pytest.raises(ValueError, match="merge 6 spells more than 64 bytes"):
        Tokenizer(bomb)


@pytest.mark.parametrize("merge", [(258, 97), (97, 257), (-1, 97), (256, 97), (97, 256)])
def test_merge_of_a_part_that_is_not_there_yet_is_refused(merge):
    with pytest.raises(
        ValueError, match=re.escape(f"merge 0 is {merge}: a part must be a byte or an earlier")
    ):
        Tokenizer([merge])


@pytest.mark.parametrize("token", [-1, END_OF_DOCUMENT, 300])
def test_tokens_that_spell_nothing_are_refused(tokenizer, token):
    with pytest.raises(ValueError, match="ids below 300 and not the end of a document"):
        tokenizer.decode([97, token])


def test_tokenizer_of_a_packed_artifact_gives_the_tokens_of_training(tokenizer, tmp_path):
    config = ModelConfig(vocab_size=tokenizer.vocab_size, width=8, layers=1, heads=1, kv_heads=1)
    model = LanguageModel(config)
    initialise(model, 0)
    pack_model(
        model.state_dict(),
        model_config=asdict(config),
        predict_config={},
        tokenizer=tokenizer.to_bytes(),
        schemes=dict.fromkeys(("embedding", "blocks", "blocks.attention", "skips"), QuantisationScheme()),
        path=tmp_path / "model.pyz",
    )
    text = TEXT + LONE_SURROGATE + bytes(range(256)) + random.Random(1).randbytes(5000)
    (tmp_path / "text").write_bytes(text)
    shipped = subprocess.run([sys.executable, "-c", SHIPPED], cwd=tmp_path, capture_output=True, check=True)
    assert shipped.stdout == tokenizer.encode(text).tobytes()
