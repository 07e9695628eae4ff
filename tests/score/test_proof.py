"""Proof by decompression, with the entry that the documentation shows and with some that cheat."""

import re
from pathlib import Path

import pytest

from paramgolf.errors import EntryError, EntryTimeoutError, ProofError, UsageError
from paramgolf.score import Isolation, prove_artifact, score_artifact

GUIDE = Path(__file__).parents[2] / "docs" / "scoring.md"
DOCUMENTS = [b"the cat sat on the mat. " * 20 * (i % 5) + bytes(range(i % 200)) for i in range(100)]


def prove(artifact, documents=DOCUMENTS, scored=None, seconds=60, **options):
    options = {"isolation": Isolation.BUBBLEWRAP, "threads": 1, "seconds_limit": seconds} | options
    return prove_artifact(artifact, documents, scored_bits_per_byte=scored, **options)


@pytest.fixture
def documented(write_artifact):
    """The artifact of docs/scoring.md."""
    (source,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    return write_artifact(base=source)


def test_the_documented_entry_scores_and_proves_it(documented):
    score = score_artifact(documented, DOCUMENTS, isolation=Isolation.BUBBLEWRAP, threads=1, seconds_limit=60)
    proof = prove(documented, scored=score.bits_per_byte)
    assert proof.failure is None
    assert proof.proven
    proof.require()
    assert score.adaptive
    assert proof.bits_per_byte == pytest.approx(score.bits_per_byte, rel=0.001)
    assert proof.bits_per_byte == 8 * proof.compressed_bytes / sum(map(len, DOCUMENTS))
    assert (proof.documents, proof.text_bytes) == (100, sum(map(len, DOCUMENTS)))
    assert proof.seconds == pytest.approx(proof.compress_seconds + proof.decompress_seconds)


@pytest.mark.parametrize(("scored", "hint"), [(1.0, False), (4.0, True)])
def test_a_score_that_the_size_does_not_bear_out_is_not_proven(documented, scored, hint):
    proof = prove(documented, scored=scored)
    assert not proof.proven
    assert re.search(rf"proves \d\.\d{{6}} bits per byte, but the score is {scored:.6f}", proof.failure)
    # A codec better than the score has a likely reason.
    assert ("rarer than the codec's coder can express" in proof.failure) == hint
    with pytest.raises(ProofError, match=r"at most 0\.1% and 32 bytes are allowed"):
        proof.require()


WRONG = [
    ("data.split(b'|')[:-1]", "3 documents were compressed, but 2 came back"),
    ("data.split(b'|') + [b'']", "3 documents were compressed, but 4 came back"),
    (
        "[d.upper() for d in data.split(b'|')]",
        "Document 1 of 3 bytes came back with 3 bytes, first different at byte 1",
    ),
    (
        "[d + b'!' for d in data.split(b'|')]",
        "Document 0 of 2 bytes came back with 3 bytes, first different at byte 2",
    ),
]


@pytest.mark.parametrize(("returned", "failure"), WRONG)
def test_a_wrong_decompression_is_a_failed_proof_that_says_where(write_artifact, returned, failure):
    change = f"""
    class Entry(Uniform):
        def compress(self, documents):
            return b"|".join(documents)
        def decompress(self, data):
            return {returned}
    """
    proof = prove(write_artifact(change), [b"AB", b"CdE", b""])
    assert not proof.proven
    assert failure in proof.failure


def test_memory_of_the_first_sandbox_does_not_reach_the_second(write_artifact):
    change = """
    import os
    class Entry(Uniform):
        def compress(self, documents):
            for path in ("/tmp/text", "/dev/shm/text"):
                open(path, "wb").write(documents[0])
            return b""
        def decompress(self, data):
            return [open(p, "rb").read() for p in ("/tmp/text", "/dev/shm/text") if os.path.exists(p)]
    """
    proof = prove(write_artifact(change), [b"secret"])
    assert "1 documents were compressed, but 0 came back" in proof.failure


TOO_MUCH = [
    ("compress", "bytes(3 << 20)", r"announced 3145728 bytes with 'data'; at most 1048588 are allowed"),
    ("decompress", "[bytes(3 << 20)]", r"announced 3145744 bytes with 'data'; at most 1048590 are allowed"),
    ("compress", "'text'", r"compress gave str; expected bytes"),
    ("decompress", "['text']", r"decompress gave str; expected bytes"),
]


@pytest.mark.parametrize(("operation", "result", "message"), TOO_MUCH)
def test_sizes_and_types_that_cannot_be_right_are_refused(write_artifact, operation, result, message):
    change = f"class Entry(Uniform):\n    def {operation}(self, given):\n        return {result}"
    with pytest.raises(EntryError, match=message):
        prove(write_artifact(change), [b"secret"])


def test_the_clock_covers_both_sandboxes_and_ticks(write_artifact):
    change = "import time\nclass Entry(Uniform):\n    def decompress(self, data):\n        time.sleep(600)"
    seen = []
    with pytest.raises(EntryTimeoutError, match=r"past its limit of 2\.5 s"):
        prove(write_artifact(change), [b"text"], seconds=2.5, progress=seen.append)
    assert seen[-1].phase == "decompress"
    assert (seen[-1].total, seen[-1].unit) == (2.5, "seconds")


def test_the_hash_tells_document_boundaries_apart(write_artifact):
    artifact = write_artifact()
    hashes = {
        prove(artifact, d, isolation=Isolation.NONE).sha256_documents for d in ([b"ab", b"c"], [b"a", b"bc"])
    }
    assert len(hashes) == 2


def test_no_text_is_a_mistake_of_the_user(write_artifact):
    with pytest.raises(UsageError, match="hold no text"):
        prove(write_artifact(), [b""])
