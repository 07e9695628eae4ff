"""Byte-pair encoding as it is defined: merges in the order of learning."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramgolf.runtime.tokenizer.base import FIRST_LEARNT, PIECES
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.train.data.learn_tokenizer import train_tokenizer

TEXT = ("The cat's hat sat, 1234 times, on thé mat; the rat ran…\n\n\tAnd that was that.  " * 40).encode()


@pytest.fixture(scope="module")
def tokenizer() -> BytePairs:
    return train_tokenizer([TEXT], 300)


def reference_encode(tokenizer: BytePairs, document: bytes) -> list[int]:
    """Byte-pair encoding as it is defined: inside each piece, each merge in the order of learning, left to right."""
    tokens = []
    for piece in re.findall(PIECES.encode("latin-1"), document):
        ids = list(piece)
        for new, pair in enumerate(tokenizer.merges, FIRST_LEARNT):
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == pair:
                    ids[i : i + 2] = [new]
                i += 1
        tokens += ids
    return tokens


@settings(max_examples=150)
@given(document=st.one_of(st.binary(max_size=80), st.text("the at\n", max_size=80).map(str.encode)))
@example(document=TEXT)
def test_encoding_is_byte_pair_encoding_inside_pieces(tokenizer, document):
    assert tokenizer.encode(document).tolist() == reference_encode(tokenizer, document)


@settings(max_examples=60)
@given(document=st.text("ab", max_size=60).map(str.encode), data=st.data())
def test_merges_in_any_order_still_encode_by_rank(document, data):
    merges = []
    for i in range(data.draw(st.integers(0, 12))):
        part = st.sampled_from([97, 98, *range(FIRST_LEARNT, FIRST_LEARNT + i)])
        merges.append((data.draw(part), data.draw(part)))
    try:
        tokenizer = BytePairs(dict.fromkeys(merges))
    except ValueError:  # too long, or a hole where a repeated pair was dropped
        return
    assert tokenizer.encode(document).tolist() == reference_encode(tokenizer, document)


def test_learning_takes_the_commonest_pair_first():
    assert train_tokenizer([b"xyxyxy xy xy ab"], 258).merges == [(ord("x"), ord("y"))]


def test_first_merges_of_zero_bytes_survive_packing():
    tokenizer = BytePairs([(0, 0), (257, 0)])
    assert read_tokenizer(tokenizer.to_bytes()).merges == [(0, 0), (257, 0)]


def test_tokens_that_double_with_every_merge_are_refused_before_they_fill_memory():
    bomb = [(97, 97), *((i, i) for i in range(FIRST_LEARNT, FIRST_LEARNT + 60))]
    with pytest.raises(ValueError, match="merge 6 spells more than 64 bytes"):
        BytePairs(bomb)


@pytest.mark.parametrize("merge", [(258, 97), (97, 257), (-1, 97), (256, 97), (97, 256)])
def test_merge_of_a_part_that_is_not_there_yet_is_refused(merge):
    with pytest.raises(
        ValueError, match=re.escape(f"merge 0 is {merge}: a part must be a byte or an earlier")
    ):
        BytePairs([merge])
