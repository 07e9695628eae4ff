import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.corpus.split import choose_validation, fingerprint
from paramgolf.errors import CorpusError

DOCUMENTS = [f"document {number} ".encode() * 5 for number in range(400)]


def chosen_bytes(documents: list[bytes], chosen: frozenset[bytes]) -> int:
    return sum(len(document) for document in documents if fingerprint(document) in chosen)


def prefix_of_smallest(documents: list[bytes], limit: int) -> frozenset[bytes]:
    """The definition: fingerprints in order, as long as all the text under them fits."""
    chosen: set[bytes] = set()
    for key in sorted({fingerprint(document) for document in documents}):
        if chosen_bytes(documents, frozenset(chosen | {key})) > limit:
            break
        chosen.add(key)
    return frozenset(chosen)


@settings(max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=3), min_size=20, max_size=60), st.integers(1, 40))
def test_the_one_pass_choice_is_the_prefix_of_the_smallest_fingerprints(documents, target):
    expected = prefix_of_smallest(documents, min(target, sum(map(len, documents)) // 10))
    if expected:
        assert choose_validation(documents, target, "x") == expected
    else:
        with pytest.raises(CorpusError):
            choose_validation(documents, target, "x")


@settings(max_examples=20)
@given(st.permutations(DOCUMENTS[:100]))
def test_the_order_of_the_documents_does_not_matter(documents):
    assert choose_validation(documents, 500, "x") == choose_validation(DOCUMENTS[:100], 500, "x")


def test_the_choice_is_close_to_the_target_and_never_over_it():
    assert 950 <= chosen_bytes(DOCUMENTS, choose_validation(DOCUMENTS, 1000, "x")) <= 1000


def test_validation_is_a_tenth_of_the_corpus_at_most():
    total = sum(map(len, DOCUMENTS))
    assert chosen_bytes(DOCUMENTS, choose_validation(DOCUMENTS, 10**9, "x")) <= total / 10


def test_any_number_of_documents_can_stream_by():
    documents = (b"%d" % number for number in range(50_000))
    assert 0 < len(choose_validation(documents, 100, "x")) < 30


def test_a_corpus_too_small_to_split_says_so():
    with pytest.raises(
        CorpusError, match=r"mine: got 3 documents of 15 bytes, too few.*may be 1 bytes.*Give more"
    ):
        choose_validation([b"first", b"other", b"third"], 1000, "mine")


def test_an_empty_corpus_says_so():
    with pytest.raises(CorpusError, match="got 0 documents"):
        choose_validation([], 1000, "mine")
