"""load, score, sample, compress: on artifacts written by hand, in the real sandbox."""

import math

import numpy as np
import pytest

import paramgolf
from paramgolf.errors import EntryError, LossyEntryError, SandboxError, UsageError
from paramgolf.score import Isolation, sandbox, score_artifact

# 255 bytes and the end at 2^0, the space at 2^8: together 512.
SPACE, OTHER = 1.0, 9.0


def test_a_token_of_a_byte_costs_what_the_byte_costs(load):
    (document,) = load().score("a bc").documents
    assert document.token_bits == pytest.approx([OTHER, SPACE, OTHER, OTHER])
    assert document.byte_bits == pytest.approx([OTHER, SPACE, OTHER, OTHER])
    assert document.token_ends.tolist() == [1, 2, 3, 4]
    assert document.end_bits == pytest.approx(OTHER)
    assert document.bits == pytest.approx(4 * OTHER + SPACE)
    assert document.pieces == [
        (b"a", pytest.approx(OTHER)),
        (b" ", pytest.approx(SPACE)),
        (b"b", pytest.approx(OTHER)),
        (b"c", pytest.approx(OTHER)),
    ]


def test_the_score_is_that_of_the_harness_to_the_last_bit(load, tmp_path):
    texts = [b"so it is", b"", "né".encode(), bytes(range(256))]
    scored = load().score(texts)
    reference = score_artifact(
        tmp_path / "model.pyz", texts, isolation=Isolation.BUBBLEWRAP, threads=1, seconds_limit=None
    )
    assert scored.bits == reference.bits
    assert scored.bits_per_byte == reference.bits_per_byte
    assert [document.bits for document in scored.documents] == list(reference.document_bits)
    assert scored.text_bytes == sum(map(len, texts))


def test_a_str_is_its_utf8_bytes_and_one_document_a_list_of_one(load):
    model = load()
    texts = ["né", "né".encode(), ["né"], ["né".encode()]]
    scores = [model.score(text) for text in texts]
    assert {score.bits for score in scores} == {scores[0].bits}
    assert [document.text for document in scores[0].documents] == ["né".encode()]
    assert math.isnan(model.score(["", "a"]).documents[0].bits_per_byte)


def test_what_is_no_text_is_refused(load):
    model = load()
    for text, message in [
        ("", "at least one byte"),
        ([], "at least one byte"),
        ("\ud800", "half a surrogate pair at character 0"),
        ([3], "got int as text"),
    ]:
        with pytest.raises(UsageError, match=message):
            model.score(text)


# A byte is a path of eight decisions.
TREE = """
class Entry(Bytes):
    vocab_size, end_of_document = 3, 2

    def encode(self, document):
        return np.unpackbits(np.frombuffer(document, np.uint8)).astype(np.int32)

    def decode(self, tokens):
        tokens = np.asarray(tokens)
        return np.packbits(tokens[: len(tokens) // 8 * 8].astype(np.uint8)).tobytes()

    def predict(self, batch):
        yield np.zeros((len(batch), 1 + max(map(len, batch)), 3), np.float32)
"""


def test_decisions_on_the_way_to_a_byte_are_its_cost(load):
    (document,) = load(TREE).score("no").documents
    assert document.byte_bits == pytest.approx([8 * math.log2(3)] * 2)
    assert document.token_ends.tolist() == [0] * 7 + [1] * 8 + [2]
    assert document.end_bits == pytest.approx(math.log2(3))


# As the case operator: 1 makes the next letter a capital; behind it, a document's last, it says nothing.
CAPITALS = """
class Entry(Bytes):
    def encode(self, document):
        tokens = []
        for byte in document:
            capital = chr(byte).isupper()
            tokens += ([1] if capital else []) + [byte + 32 * capital]
        return np.array([*tokens, 1], np.int32)

    def decode(self, tokens):
        text, capital = bytearray(), False
        for token in np.asarray(tokens).tolist():
            if token == 1:
                capital = True
            else:
                text.append(token - 32 * capital)
                capital = False
        return bytes(text)
"""


def test_tokens_that_spell_nothing_yet_count_with_the_next(load):
    (document,) = load(CAPITALS).score("aBc").documents
    assert document.byte_bits == pytest.approx([OTHER, 2 * OTHER, OTHER])
    assert document.end_bits == pytest.approx(2 * OTHER)
    assert document.bits == pytest.approx(document.byte_bits.sum() + document.end_bits)


# The first space of what is decoded is left out, as by tokenizers of words.
LEADING = """
class Entry(Bytes):
    def encode(self, document):
        return np.frombuffer(b" " + document, np.uint8).astype(np.int32)

    def decode(self, tokens):
        text = super().decode(tokens)
        return text[1:] if text[:1] == b" " else text
"""


def test_a_token_is_decoded_after_others_where_alone_it_spells_something_else(load):
    (document,) = load(LEADING).score("a b c").documents
    assert document.byte_bits == pytest.approx([OTHER + SPACE] + [(OTHER + SPACE) / 2] * 4)


FUSSY = """
class Entry(Bytes):
    def decode(self, tokens):
        if len(tokens) < 4:
            raise ValueError("whole documents only")
        return super().decode(tokens)
"""


def test_a_decode_that_fails_on_parts_costs_detail_and_no_score(load):
    model = load(FUSSY)
    score = model.score(["ab d", "efgh"])
    assert [document.byte_bits.tolist() for document in score.documents] == [
        pytest.approx([(3 * OTHER + SPACE) / 4] * 4),
        pytest.approx([OTHER] * 4),
    ]
    assert model.score("ab d").bits == score.documents[0].bits


# After each document that was learnt, everything costs the same.
ADAPTIVE = """
class Entry(Bytes):
    learnt = False

    def learn(self, batch):
        self.learnt = True

    def predict(self, batch):
        for logits in super().predict(batch):
            yield 0 * logits if self.learnt else logits
"""


def test_an_adaptive_artifact_learns_within_a_call_and_forgets_after_it(load):
    model = load(ADAPTIVE.replace("learnt = False", "learnt, batch_documents = False, 1"))
    assert model.info.adaptive
    for _ in range(2):
        first, second = model.score(["  ", "  "]).documents
        assert first.token_bits == pytest.approx([SPACE, SPACE])
        assert second.token_bits == pytest.approx([math.log2(257)] * 2)


def test_a_lossy_artifact_has_no_score(load):
    model = load("class Entry(Bytes):\n    def decode(self, tokens):\n        return b'other'")
    with pytest.raises(LossyEntryError, match="not lossless"):
        model.score("text")


def test_after_a_failure_the_next_call_starts_anew(load):
    model = load(
        "class Entry(Bytes):\n    def encode(self, d):\n        return super().encode(d) if d != b'no' else 1 / 0"
    )
    with pytest.raises(EntryError, match="ZeroDivisionError"):
        model.score("no")
    assert model.score(" ").documents[0].token_bits == pytest.approx([SPACE])


def test_a_sample_is_of_the_prompts_type_and_repeatable(load):
    model = load()
    text = model.sample("a", tokens=30, seed=3)
    assert isinstance(text, str)
    assert model.sample("a", tokens=30, seed=3) == text
    assert isinstance(model.sample(b"a", tokens=3), bytes)
    # A token of a small alphabet is two of its symbols.
    assert model.sample("a", tokens=4, temperature=0) == 8 * " "
    assert b"".join(model.stream("a", tokens=4, temperature=0)) == 8 * b" "
    with pytest.raises(UsageError, match="allowed are 1 token or more"):
        model.sample("a", tokens=0)


def test_what_is_compressed_comes_back_as_bytes(load):
    model = load()
    assert model.decompress(model.compress("né")).decode() == "né"
    assert model.decompress(model.compress(b"\xff")) == b"\xff"


def test_what_cannot_be_decompressed_is_said_in_a_line(load):
    model = load("class Entry(Bytes):\n    def decompress(self, data):\n        raise ValueError('damaged')")
    with pytest.raises(EntryError, match=r"These 3 bytes cannot be decompressed: ValueError: damaged\. Give"):
        model.decompress(b"abc")


def test_a_stranger_reads_no_file_and_a_trusted_artifact_does(load, tmp_path):
    (tmp_path / "secret").write_text("secret")
    change = f"""
    import pathlib

    class Entry(Bytes):
        def compress(self, documents):
            try:
                return pathlib.Path({str(tmp_path / "secret")!r}).read_bytes()
            except OSError:
                return b"nothing"
    """
    assert load(change).compress("") == b"nothing"
    assert load(change, trust=True).compress("") == b"secret"


def test_trust_changes_no_bit_of_a_score(load):
    assert load().score("a b").bits == load(trust=True).score("a b").bits


def test_without_a_sandbox_the_error_says_what_to_install_and_how_to_trust(load, monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(SandboxError, match=r"apt-get install bubblewrap(.|\n)*trust=True"):
        load()


def test_what_is_no_artifact_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(UsageError, match="There is no artifact at"):
        paramgolf.load(tmp_path / "none.pyz")
    (tmp_path / "text").write_text("text")
    with pytest.raises(UsageError, match="it is no zip"):
        paramgolf.load(tmp_path / "text")


def test_an_artifact_that_does_not_load_says_why_at_once(load):
    with pytest.raises(EntryError, match="ZeroDivisionError"):
        load("1 / 0")


def test_a_closed_model_answers_no_more(load):
    with load() as model:
        assert model.score(" ").bits > 0
    model.close()
    with pytest.raises(UsageError, match="was closed"):
        model.score(" ")


def test_info_says_what_the_file_and_the_artifact_say(load):
    info = load().info
    assert (info.vocab_size, info.end_of_document, info.adaptive) == (257, 256, False)
    assert list(info.members) == ["entry.py"]
    assert info.parameters is None


def test_bits_are_arrays(load):
    (document,) = load().score("ab").documents
    for name in ("token_bits", "byte_bits"):
        assert getattr(document, name).dtype == np.float64
    assert document.tokens.tolist() == [97, 98]
