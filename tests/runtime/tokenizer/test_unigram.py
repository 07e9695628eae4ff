"""The unigram tokenizer spells a text in the cheapest way there is, and packs its pieces small."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.runtime.tokenizer.unigram import LONGEST, Unigram

LETTERS = b"ab "
PIECES = st.lists(st.text("ab ", min_size=2, max_size=5).map(str.encode), max_size=12, unique=True).map(
    sorted
)


def tokenizers(draw):
    learnt = draw(PIECES)
    costs = st.lists(st.integers(0, 30), min_size=len(learnt), max_size=len(learnt))
    return Unigram(learnt, [20] * 256 + draw(costs))


def cheapest(tokenizer: Unigram, piece: bytes) -> int:
    """By trying all ways to cut `piece`."""
    costs = dict(zip([*tokenizer.pieces[:256], *tokenizer.pieces[257:]], tokenizer.costs, strict=True))
    best = math.inf
    for cuts in itertools.product([False, True], repeat=len(piece) - 1):
        at = [0, *(i for i, cut in enumerate(cuts, 1) if cut), len(piece)]
        parts = [piece[a:b] for a, b in itertools.pairwise(at)]
        if all(part in costs for part in parts):
            best = min(best, sum(costs[part] for part in parts))
    return best


@settings(max_examples=150)
@given(data=st.data(), piece=st.text("ab ", min_size=1, max_size=9).map(str.encode))
def test_no_other_way_to_spell_a_piece_is_cheaper(data, piece):
    tokenizer = tokenizers(data.draw)
    ids = tokenizer.split(piece)
    cost_of = [*tokenizer.costs[:256], math.inf, *tokenizer.costs[256:]]
    assert b"".join(tokenizer.pieces[i] for i in ids) == piece
    assert sum(cost_of[i] for i in ids) == cheapest(tokenizer, piece)


@settings(max_examples=150)
@given(data=st.data())
def test_the_packed_form_gives_pieces_and_costs_back(data):
    tokenizer = tokenizers(data.draw)
    again = read_tokenizer(tokenizer.to_bytes())
    assert (again.pieces, again.costs) == (tokenizer.pieces, tokenizer.costs)


def test_of_equal_ways_the_last_token_is_the_longest():
    tokenizer = Unigram([b"ab", b"bb"], [5] * 256 + [10, 10])
    assert [tokenizer.pieces[i] for i in tokenizer.split(b"abb")] == [b"a", b"bb"]


@pytest.mark.parametrize("piece", [b"a", b"a" * (LONGEST + 1)])
def test_pieces_of_another_length_are_refused(piece):
    with pytest.raises(ValueError, match=f"pieces have 2 to {LONGEST} bytes"):
        Unigram([piece], [1] * 257)


def test_a_vocabulary_that_unpacks_without_end_is_refused():
    import lzma

    from paramgolf.runtime.tokenizer.unigram import FILTERS

    bomb = lzma.compress(bytes(3_000_000), lzma.FORMAT_RAW, filters=FILTERS)
    with pytest.raises(ValueError, match="damaged"):
        Unigram.unpack(b"\x00\x00" + bomb)
