"""An artifact carries the code that its model runs, and no more."""

from dataclasses import replace

import pytest

from paramgolf.pack.modules import OPTIONAL, changed_fields, runtime_modules
from paramgolf.runtime.model import ModelConfig

SMALL = ModelConfig(vocab_size=257, width=16, layers=2, heads=2, kv_heads=1)


@pytest.mark.parametrize(
    ("config", "needed"),
    [
        (SMALL, set()),
        (replace(SMALL, mixers=("attention", "linear")), {"linear_attention"}),
        (replace(SMALL, mlp_matrices="random"), {"factored"}),
        (replace(SMALL, attention_matrices="smooth", degree=1), {"factored"}),
    ],
)
def test_only_the_modules_of_parts_that_a_model_has_ship(config, needed):
    assert set(OPTIONAL) & set(runtime_modules(config)) == needed
    assert {"model", "attention", "predictor", "weights", "codec"} <= set(runtime_modules(config))


def test_what_learns_from_scored_text_ships_only_where_it_does():
    plain = runtime_modules(SMALL)
    assert "learning" not in plain
    assert sorted(runtime_modules(SMALL, learning=True)) == sorted([*plain, "learning"])
    assert "learning" not in runtime_modules(SMALL, adaptive=True)


def test_fields_that_are_as_in_the_code_are_left_out():
    assert changed_fields(replace(SMALL, heads=8, kv_heads=4)) == {
        "vocab_size": 257,
        "width": 16,
        "layers": 2,
    }
    assert changed_fields(ModelConfig()) == {}
