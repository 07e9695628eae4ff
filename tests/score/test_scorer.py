"""Bits per byte: the right number, from honest entries only, the same each time."""

import hashlib
import math

import numpy as np
import pytest

from paramgolf.errors import EntryError, EntryTimeoutError, UsageError
from paramgolf.score import Isolation, score_artifact
from paramgolf.score.scorer import first_difference

DOCUMENTS = [b"hello world, " * 40, b"", "naïve café".encode(), b"\x00\xff" * 20, b"last"]


def score(artifact, documents=DOCUMENTS, seconds=60, **options):
    options = {"isolation": Isolation.BUBBLEWRAP, "threads": 1, "seconds_limit": seconds} | options
    return score_artifact(artifact, documents, **options)


def test_the_uniform_model_costs_the_logarithm_of_its_vocabulary(write_artifact):
    artifact = write_artifact()
    result = score(artifact)
    text_bytes = sum(map(len, DOCUMENTS))
    predictions = text_bytes + len(DOCUMENTS)
    assert result.bits_per_byte == pytest.approx(math.log2(257) * predictions / text_bytes, rel=1e-14)
    assert result.bits == pytest.approx(math.log2(257) * predictions, rel=1e-14)
    assert result.document_bits == pytest.approx(
        [math.log2(257) * (len(d) + 1) for d in DOCUMENTS], rel=1e-14
    )
    assert (result.documents, result.text_bytes, result.tokens) == (5, text_bytes, predictions)
    assert (result.vocab_size, result.adaptive, result.isolation) == (257, False, Isolation.BUBBLEWRAP)
    assert result.artifact_bytes == artifact.stat().st_size
    assert result.artifact_sha256 == hashlib.sha256(artifact.read_bytes()).hexdigest()
    assert 0 < result.predict_seconds < result.seconds


def test_a_batch_that_no_memory_holds_when_it_is_padded_is_refused_before_it_is_made(write_artifact):
    """4,096 documents at once, of which the longest has 64 tokens a byte: 24 billion positions."""
    padded = """
class Entry(Uniform):
    batch_documents = 4096
    def encode(self, document):
        return np.zeros(64 * len(document), np.int32)
    def decode(self, tokens):
        return b"a" * (len(tokens) // 64)
"""
    documents = [b"a" * 90_000, *[b"a"] * 4_095]
    with pytest.raises(EntryError, match=r"has 23,\d+,\d+,\d+ positions; at most 134,217,728 are allowed"):
        score(write_artifact(padded), documents)


# Logits that depend on position, token and document, with garbage in the padding.
RANDOM = """
class Entry(Uniform):
    batch_documents = 3
    def predict(self, batch):
        rows = 1 + max(map(len, batch))
        logits = np.full((len(batch), rows, 257), np.nan, np.float32)
        for i, tokens in enumerate(batch):
            logits[i, : len(tokens) + 1] = np.random.default_rng(len(tokens)).normal(0, 3, (len(tokens) + 1, 257))
        for start in range(0, rows, CUT):
            yield logits[:, start : start + CUT]
"""


def exact_bits(document):
    rows = len(document) + 1
    logits = np.random.default_rng(len(document)).normal(0, 3, (rows, 257)).astype(np.float32).astype(float)
    chosen = logits[np.arange(rows), [*document, 256]]
    return (np.log(np.exp(logits).sum(-1)) - chosen).sum() / math.log(2)


@pytest.mark.parametrize("cut", [1000, 3])
def test_every_row_is_charged_for_its_own_target_and_padding_is_ignored(write_artifact, cut):
    result = score(write_artifact(f"CUT = {cut}\n" + RANDOM))
    assert result.document_bits == pytest.approx([exact_bits(d) for d in DOCUMENTS], rel=1e-12)


def test_two_runs_give_the_same_bits(write_artifact):
    artifact = write_artifact("CUT = 100\n" + RANDOM)
    first, second = score(artifact), score(artifact, isolation=Isolation.NONE)
    assert first.document_bits == second.document_bits
    assert first.bits == second.bits


def test_learn_is_called_after_each_batch_with_exactly_that_batch(write_artifact):
    change = """
    class Entry(Uniform):
        steps = []
        def predict(self, batch):
            self.steps.append(("predict", [t.tolist() for t in batch]))
            assert len(self.steps) % 2 == 1, "predict before learn"
            yield np.zeros((len(batch), 1 + max(map(len, batch)), 257), np.float32)
        def learn(self, batch):
            assert self.steps[-1] == ("predict", [t.tolist() for t in batch])
            self.steps.append("learn")
    """
    assert score(write_artifact(change)).adaptive


def test_an_alphabet_of_two_is_enough(write_artifact):
    change = """
    class Entry(Uniform):
        vocab_size = 3
        end_of_document = 2
        def encode(self, document):
            return np.unpackbits(np.frombuffer(document, np.uint8))
        def decode(self, tokens):
            return np.packbits(tokens.astype(np.uint8)).tobytes()
    """
    assert score(write_artifact(change)).tokens == 8 * sum(map(len, DOCUMENTS)) + len(DOCUMENTS)


@pytest.mark.parametrize("bad", ["np.nan", "np.inf", "-np.inf"])
def test_a_logit_that_is_not_finite_is_refused_with_its_place(write_artifact, bad):
    change = f"""
    class Entry(Uniform):
        def predict(self, batch):
            logits = np.zeros((len(batch), 1 + max(map(len, batch)), 257), np.float32)
            logits[-1, 2, 7] = {bad}
            yield logits
    """
    with pytest.raises(
        EntryError, match=r"NaN or infinite: document 3, row 2 of 41(.|\n)*large negative logit"
    ):
        score(write_artifact(change))


LOSSY = [
    ("document.lower()", "document 0 of 520 bytes .* 520 bytes, first different at byte 0"),
    (
        "document[:-1]",
        "document 0 of 520 bytes came back from its 519 tokens with 519 bytes, first different at byte 519",
    ),
]


@pytest.mark.parametrize(("kept", "message"), LOSSY)
def test_a_lossy_encoding_is_refused_with_its_place(write_artifact, kept, message):
    change = f"class Entry(Uniform):\n    def encode(self, document):\n        return super().encode({kept})"
    with pytest.raises(EntryError, match=message):
        score(write_artifact(change), [d.upper() for d in DOCUMENTS])


def test_a_decoder_that_remembers_what_encode_saw_gains_nothing(write_artifact):
    change = """
    class Entry(Uniform):
        seen = []
        def encode(self, document):
            self.seen.append(document)
            return np.zeros(0, np.int32)
        def decode(self, tokens):
            return self.seen.pop() if self.seen else b""
    """
    with pytest.raises(
        EntryError, match="not lossless: document 0 of 520 bytes came back from its 0 tokens with 0 bytes"
    ):
        score(write_artifact(change))


def test_the_clock_covers_the_whole_score(write_artifact):
    change = """
    import time
    class Entry(Uniform):
        def predict(self, batch):
            time.sleep(600)
    """
    with pytest.raises(EntryTimeoutError, match="past its limit of 2 s of wall clock"):
        score(write_artifact(change), seconds=2)


@pytest.mark.parametrize("documents", [[], [b"", b""]])
def test_no_text_is_a_mistake_of_the_user(write_artifact, documents):
    with pytest.raises(UsageError, match="hold no text; give at least one byte"):
        score(write_artifact(), documents)


def test_progress_counts_bytes_of_text(write_artifact):
    seen = []
    score(write_artifact(), progress=seen.append)
    assert [p.done for p in seen] == [520, 520 + 12 + 40, 520 + 12 + 40 + 4]
    assert {(p.phase, p.total, p.unit) for p in seen} == {("score", 576, "bytes")}


@pytest.mark.parametrize(
    ("a", "b", "index"), [(b"abc", b"abd", 2), (b"ab", b"abc", 2), (b"", b"a", 0), (b"x", b"a", 0)]
)
def test_first_difference(a, b, index):
    assert first_difference(a, b) == first_difference(b, a) == index
