"""Capitals as operators: lossless on any bytes, the same for the same document, readable where it can be."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.runtime.tokenizer.case import CAPITAL, CAPITALS, ESCAPE, CaseFolding, fold, unfold
from paramgolf.train.data.learn_tokenizer import train_tokenizer

PARTS = [
    CAPITAL,
    CAPITALS,
    ESCAPE,
    b" ",
    b"  ",
    b"a",
    b"B",
    b"The",
    b"USA",
    b"McD",
    b"'",
    b"\xc3\x89",
    b"\xff",
    b"9",
]


@settings(max_examples=500)
@given(document=st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=4)), max_size=14).map(b"".join))
@example(document=CAPITAL + b" the")
@example(document=b"A" + CAPITALS + b"a")
def test_any_bytes_come_back_and_no_more_than_double(document):
    folded = fold(document)
    assert unfold(folded) == document
    assert len(folded) <= 2 * len(document)


@settings(max_examples=200)
@given(text=st.binary(max_size=30))
def test_any_text_unfolds(text):
    assert isinstance(unfold(text), bytes)


@settings(max_examples=200)
@given(text=st.lists(st.sampled_from(PARTS), max_size=10).map(b"".join), cut=st.integers(0, 40))
def test_a_longer_text_never_takes_back_what_a_shorter_one_spelt(text, cut):
    assert unfold(text).startswith(unfold(text[:cut]))


@pytest.mark.parametrize(
    ("document", "folded"),
    [
        (b"The cat", b"^the cat"),
        (b"and The cat", b"and^ the cat"),
        (b"NASA and USA", b"=nasa and= usa"),
        (b"A McDonald's iPhone", b"^a^ mc^donald's i^phone"),
        (b"I'm", b"^i'm"),
        (b"HTMLParser stays", b"HTMLParser stays"),
        (b"U.S. B2B", b"^u.^s.^ b2^b"),
        ("É is no ASCII".encode(), "É is no= ascii".encode()),
    ],
)
def test_a_capital_is_an_operator_in_front_of_its_word(document, folded):
    assert fold(document) == folded.replace(b"^", CAPITAL).replace(b"=", CAPITALS)


def test_bytes_that_are_operators_are_escaped():
    assert fold(CAPITAL + b"a" + ESCAPE) == ESCAPE + CAPITAL + b"a" + ESCAPE + ESCAPE


def test_a_word_has_the_same_tokens_wherever_it_stands():
    tokenizer = train_tokenizer([b"the cat and the dog " * 30], 290, case=True)
    the, cat = tokenizer.encode(b" the cat").tolist(), tokenizer.encode(b" cat").tolist()
    assert tokenizer.encode(b" The CAT").tolist() == [CAPITAL[0], *the[: -len(cat)], CAPITALS[0], *cat]


def test_operators_are_tokens_that_are_charged():
    assert CaseFolding(Tokenizer()).encode(b"A b").size == 4
