"""Groups of tokens cover a document in order, whatever the tokenizer, in few calls of its decode."""

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from paramgolf.api.spelling import Speller
from paramgolf.errors import EntryError
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.case import CaseFolding

WORDS = st.sampled_from(["the", " The", " HTML", " McDonald", " é", ".", "\n", " \x0e", "\x10", " iPHONE"])
DOCUMENTS = st.lists(WORDS, max_size=30).map("".join).map(str.encode) | st.binary(max_size=40)
PAIRS = BytePairs([(116, 104), (257, 101), (32, 258), (195, 169), (32, 260)])
TOKENIZERS = st.sampled_from([Tokenizer(), PAIRS, CaseFolding(Tokenizer()), CaseFolding(PAIRS)])


def groups_of(tokenizer, document):
    return Speller(tokenizer.decode).groups(tokenizer.encode(document), document)


@given(TOKENIZERS, DOCUMENTS)
@example(CaseFolding(PAIRS), b" HTML of McDonald")
def test_groups_are_in_order_and_cover_the_document(tokenizer, document):
    groups = groups_of(tokenizer, document)
    tokens = len(tokenizer.encode(document))
    assert (groups[-1][1] if groups else 0) == len(document)
    assert all(a < c and b < d for (a, b), (c, d) in itertools.pairwise([(0, 0), *groups]))
    assert not groups or groups[-1][0] <= tokens


@given(TOKENIZERS, DOCUMENTS)
def test_what_is_decoded_up_to_a_group_is_what_the_groups_say(tokenizer, document):
    tokens = tokenizer.encode(document)
    for stop, end in groups_of(tokenizer, document):
        assert tokenizer.decode(tokens[:stop])[:end] == document[:end]


@given(DOCUMENTS)
def test_where_tokens_spell_the_same_everywhere_each_is_a_group(document):
    tokens = PAIRS.encode(document)
    ends = np.cumsum([len(PAIRS.pieces[token]) for token in tokens]).tolist()
    assert groups_of(PAIRS, document) == list(enumerate(ends, 1))


def test_a_long_document_takes_as_many_calls_as_it_has_different_tokens():
    document, calls = b"the state of the union is the state of the art. " * 200, []

    def decode(run):
        calls.append(len(run))
        return PAIRS.decode(run)

    Speller(decode).groups(PAIRS.encode(document), document)
    assert len(calls) <= PAIRS.vocab_size


def test_a_decode_that_says_something_else_leaves_one_group():
    assert Speller(lambda run: b"?" * len(run)).groups(np.arange(3, dtype=np.int32), b"abc") == [(3, 3)]


def test_after_a_failure_decode_is_not_asked_again():
    asked = []

    def decode(run):
        asked.append(run)
        raise EntryError("no")

    speller = Speller(decode)
    for _ in range(2):
        assert speller.groups(np.arange(3, dtype=np.int32), b"abc") == [(3, 3)]
    assert (len(asked), speller.failed) == (1, True)
