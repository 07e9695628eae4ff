"""The tree of the vocabulary: every token has a path, likely ones short paths, those of one company lie together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.corpus import write_token_shards
from paramgolf.runtime.mixer.token_tree import DEEPEST, TokenTree, read_tree, tree_from, tree_of
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.train.data.token_tree import spelled_tree, token_tree

PIECES = [bytes([i]) for i in range(256)] + [b""] + [f" word{i}".encode() for i in range(43)]
NAMES, VERBS = range(257, 277), range(277, 297)


@st.composite
def vocabularies(draw):
    """Counts and classes of 257 to 300 tokens."""
    size = draw(st.integers(257, 300))
    counts = draw(st.lists(st.integers(0, 10**9), min_size=size, max_size=size))
    classes = draw(st.lists(st.integers(0, 255), min_size=size, max_size=size))
    return np.array(counts), np.array(classes, np.uint8)


@pytest.mark.slow
@given(vocabularies())
def test_every_token_has_a_path_of_its_own_and_classes_lie_side_by_side(vocabulary):
    counts, classes = vocabulary
    pieces = PIECES[: len(counts)]
    tree = spelled_tree(classes, 1.0 + counts, pieces)
    arrays = tree_of(tree, pieces)
    paths = {
        tuple(arrays["bits"][token, : arrays["length"][token]])
        for token in range(len(counts))
        if token != END_OF_DOCUMENT
    }
    assert len(paths) == len(counts) - 1
    assert tree.lengths[END_OF_DOCUMENT] == 0
    assert max(tree.lengths) <= DEEPEST
    of_leaves = classes[arrays["token"]]
    assert (np.diff(of_leaves.astype(int)) >= 0).all()
    assert read_tree(tree.to_text()) == tree == tree_from(b"".join(tree))


def test_likely_tokens_have_short_paths():
    weights = np.ones(300)
    weights[7] = 1000
    lengths = spelled_tree(np.zeros(300, np.uint8), weights, PIECES).lengths
    # One decision parts it from what lies before it, another from the rest.
    assert lengths[7] <= 2
    assert max(lengths) <= 11


def test_nodes_know_the_leaves_under_them():
    classes = (np.arange(300) % 5).astype(np.uint8)
    arrays = tree_of(spelled_tree(classes, 1.0 + np.arange(300) ** 2, PIECES), PIECES)
    for token in np.delete(np.arange(300), END_OF_DOCUMENT):
        low, high = 0, 299
        for depth in range(arrays["length"][token]):
            node = arrays["nodes"][token, depth]
            assert (arrays["low"][node], arrays["high"][node]) == (low, high)
            middle = arrays["middle"][node]
            low, high = (middle, high) if arrays["bits"][token, depth] else (low, middle)
        assert (low, high) == (arrays["leaf"][token], arrays["leaf"][token] + 1)
        assert arrays["token"][low] == token


def test_tokens_of_the_same_company_part_late(tmp_path):
    """Names stand in front of verbs, whatever either is spelled like."""
    random = np.random.default_rng(0)
    text = np.stack([random.choice(NAMES, 4000), random.choice(VERBS, 4000)], 1).ravel()
    arrays = tree_of(token_tree(write_token_shards([text], tmp_path), PIECES), PIECES)

    def shared(a: int, b: int) -> int:
        """Decisions that two tokens have in common."""
        steps = min(arrays["length"][a], arrays["length"][b])
        return int((arrays["nodes"][a, :steps] == arrays["nodes"][b, :steps]).sum())

    within = [shared(a, b) for group in (NAMES, VERBS) for a in group for b in group if a < b]
    between = [shared(a, b) for a in NAMES for b in VERBS]
    assert min(within) > max(between)


def test_a_text_without_neighbours_still_has_a_tree(tmp_path):
    tree = token_tree(write_token_shards([np.array([END_OF_DOCUMENT])], tmp_path), PIECES)
    assert sorted(tree_of(tree, PIECES)["token"]) == [t for t in range(300) if t != END_OF_DOCUMENT]


@pytest.mark.parametrize(
    ("lengths", "classes"),
    [
        (b"\x01\x01\x01", bytes(3)),
        (b"\x02\x02", bytes(2)),
        (b"\x00", bytes(1)),
        (b"\x29" * 3, bytes(3)),
        # Those of a tree, but not with the short path between the long ones.
        (b"\x02\x01\x02", b"\x00\x01\x02"),
    ],
)
def test_lengths_of_no_tree_are_refused(lengths, classes):
    with pytest.raises(ValueError, match="of no tree"):
        tree_of(TokenTree(lengths, classes), [b""] * len(lengths))
