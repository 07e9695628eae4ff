"""Expectation maximisation finds the pieces that a text is made of."""

import random

from paramgolf.train.data.learn_unigram import _lattice, learn_unigram

WORDS = [b"walking", b"talking", b"walked", b"talked", b"jumping", b"jumped"]


def text(seed: int) -> bytes:
    words = random.Random(seed).choices(WORDS, k=600)
    return b" ".join(words)


def test_common_words_become_pieces():
    learnt = learn_unigram([text(0)], 12).pieces[257:]
    assert {b" walking", b" talked", b" jumped"} <= set(learnt)


def test_few_pieces_are_the_parts_that_words_share():
    learnt = learn_unigram([text(0)], 5).pieces[257:]
    assert any(piece.endswith(b"ed") for piece in learnt)
    assert len(learnt) == 5


def test_pieces_are_in_order_and_every_byte_has_a_cost():
    tokenizer = learn_unigram([text(0)], 30)
    assert tokenizer.pieces[257:] == sorted(tokenizer.pieces[257:])
    assert len(tokenizer.costs) == 256 + len(tokenizer.pieces[257:])
    assert tokenizer.costs[0] > min(tokenizer.costs[256:])


def test_a_text_with_fewer_substrings_than_asked_gives_fewer_pieces():
    assert learn_unigram([b"ab ab"], 1000).vocab_size < 300
    assert learn_unigram([b""], 10).vocab_size == 257


def test_a_lattice_sums_over_all_ways_to_spell_a_word():
    import numpy as np

    pieces = [bytes([i]) for i in range(256)] + [b"ab", b"bb"]
    lattice = _lattice([b"abb", b"c"], {piece: i for i, piece in enumerate(pieces)}, whole=True)
    probabilities = np.zeros(258)
    probabilities[[ord("a"), ord("b"), ord("c"), 256, 257]] = 0.5, 0.25, 0.1, 0.2, 0.3
    a, b, ab, bb = 0.5, 0.25, 0.2, 0.3
    forward = lattice.sums(probabilities, lattice.forward)
    backward = lattice.sums(probabilities, lattice.backward)
    assert np.allclose(forward[lattice.last], [a * b * b + ab * b + a * bb, 0.1])
    assert np.allclose(backward[lattice.first], forward[lattice.last])
    assert np.allclose(lattice.best(probabilities)[lattice.last], [a * bb, 0.1])
