"""The tree of the vocabulary, and which models an adaptive predictor can step."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.errors import ConfigError
from paramgolf.runtime.tokenizer import END_OF_DOCUMENT
from paramgolf.runtime.tree import tree_of
from paramgolf.train.adaptation import path_lengths
from paramgolf.train.model_checks import check_adaptable
from paramgolf.train.recipe import load_recipe


@given(st.lists(st.integers(0, 10**6), min_size=257, max_size=400))
def test_every_token_has_a_path_of_its_own(counts):
    lengths = path_lengths(counts)
    tree = tree_of(lengths, [b""] * len(counts))
    paths = {
        tuple(tree["bits"][token, : tree["length"][token]])
        for token in range(len(counts))
        if token != END_OF_DOCUMENT
    }
    assert len(paths) == len(counts) - 1
    assert lengths[END_OF_DOCUMENT] == 0


def test_frequent_tokens_have_short_paths():
    counts = [1] * 300
    counts[7] = 1000
    lengths = path_lengths(counts)
    assert lengths[7] == 1
    assert max(lengths) <= 11


def test_nodes_know_the_leaves_under_them():
    tree = tree_of(path_lengths([i * i for i in range(300)]), [b""] * 300)
    for token in np.delete(np.arange(300), END_OF_DOCUMENT):
        low, high = 0, 299
        for depth in range(tree["length"][token]):
            node = tree["nodes"][token, depth]
            assert (tree["low"][node], tree["high"][node]) == (low, high)
            middle = tree["middle"][node]
            low, high = (middle, high) if tree["bits"][token, depth] else (low, middle)
        assert (low, high) == (tree["leaf"][token], tree["leaf"][token] + 1)
        assert tree["token"][low] == token


@pytest.mark.parametrize("lengths", [b"\x01\x01\x01", b"\x02\x02", b"\x00", b"\x29" * 3])
def test_lengths_of_no_tree_are_refused(lengths):
    with pytest.raises(ValueError, match="of no tree"):
        tree_of(lengths, [b""] * len(lengths))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"smear": True}, "smear"),
        ({"activation": "swiglu"}, "activation"),
        ({"windows": (0,)}, "window"),
        ({"softcap_kind": "tanh"}, "rational"),
        ({"width": 132}, "multiples of 8"),
    ],
)
def test_what_the_compiled_step_does_not_know_is_refused_by_name(change, message):
    model = load_recipe("local-adaptive").model
    check_adaptable(model)
    with pytest.raises(ConfigError, match=message):
        check_adaptable(replace(model, **change))
