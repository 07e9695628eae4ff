"""Changes to a recipe by dotted keys: checked by the recipe's own schema, explained where they are wrong."""

import pytest

from paramgolf.errors import ConfigError, UnknownNameError
from paramgolf.lab.ablate.variants import default_of, table_of, variants_of
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.train.recipe.files import load_recipe, recipe_from, recipe_names


@pytest.fixture(scope="module")
def local():
    return load_recipe("local-plain")


def test_without_gives_the_default(local):
    (variant,) = variants_of(local, ["model.token_shift"], [])
    assert variant.label == "model.token_shift = false"
    assert not variant.recipe.model.token_shift
    assert variant.recipe.training == local.training


@pytest.mark.parametrize(
    ("text", "section", "field", "value"),
    [
        ("model.width=160", "model", "width", 160),
        ("model.windows = [32, 32, 64, 128]", "model", "windows", (32, 32, 64, 128)),
        ("training.quantise_from=0.5", "training", "quantise_from", 0.5),
        ("training.quantise_from=none", "training", "quantise_from", None),
        ("model.softcap_kind=tanh", "model", "softcap_kind", "tanh"),
        ('model.softcap_kind="tanh"', "model", "softcap_kind", "tanh"),
        ("training.compile=false", "training", "compile", False),
        ("tokenizer.vocab_size=8192", "tokenizer", "vocab_size", 8192),
    ],
)
def test_with_gives_the_value(local, text, section, field, value):
    (variant,) = variants_of(local, [], [text])
    assert getattr(getattr(variant.recipe, section), field) == value


def test_the_vocabulary_of_the_model_follows_the_tokenizer(local):
    (variant,) = variants_of(local, [], ["tokenizer.vocab_size=8192"])
    assert variant.recipe.model.vocab_size == 8192


def test_several_changes_make_one_variant_and_several_entries_several(local):
    variants = variants_of(local, ["model.ngrams"], ["model.width=160; model.heads=4", "fill=false"])
    assert [v.label for v in variants] == [
        "model.ngrams = []",
        "model.width = 160; model.heads = 4",
        "fill = false",
    ]
    assert (variants[1].recipe.model.width, variants[1].recipe.model.heads) == (160, 4)


def test_a_group_of_weights_and_a_whole_section_go_back_to_their_defaults(local):
    group, section, none = variants_of(
        local, ["weights.matrices", "optimizer", "training.warmdown_fraction"], []
    )
    assert group.recipe.scheme("matrices") == QuantisationScheme()
    assert group.recipe.scheme("embedding") == local.scheme("embedding")
    assert section.recipe.optimizer == recipe_from({}, "x", "x").optimizer
    assert none.label == "training.warmdown_fraction = none"


@pytest.mark.parametrize("name", recipe_names())
def test_the_table_of_a_recipe_gives_the_recipe_back(name):
    recipe = load_recipe(name)
    assert recipe_from(table_of(recipe), name, name) == recipe


def test_a_default_is_what_an_empty_recipe_has():
    assert default_of("model.width") == 512
    assert default_of("weights.matrices.limit") == 127


def test_an_unknown_key_lists_near_matches(local):
    with pytest.raises(
        UnknownNameError, match=r"no key of a recipe named 'model.tokenshift'.*model.token_shift"
    ):
        variants_of(local, ["model.tokenshift"], [])
    with pytest.raises(UnknownNameError, match=r"named 'model.widht'. Did you mean 'model.width'"):
        variants_of(local, [], ["model.widht=3"])


@pytest.mark.parametrize(
    ("without", "with_", "message"),
    [
        ([], [], "nothing to compare: give --without KEY or --with KEY=VALUE"),
        ([], ["model.width"], "expected KEY=VALUE"),
        ([], ["model.width="], "expected KEY=VALUE"),
        ([], ["model.windows=[32,"], r"'\[32,' is no TOML value"),
        ([], ["model.width=12.5"], "model.width: got 12.5; expected a valid integer"),
        ([], ["model.heads=3"], "heads must divide width"),
        ([], ["model.width=none"], "model.width: got 'none'; expected a valid integer"),
        ([], ["training.quantise_from=2"], "less than or equal to 1"),
        ([], ["weights.matrices.rule=rsm"], "'rsm'; allowed are"),
        ([], ["model.width=128"], "already has model.width = 128, so nothing would differ"),
        (["model.rope_base"], [], "already has model.rope_base = 10000.0"),
    ],
)
def test_a_change_that_cannot_be_says_what_is_allowed(local, without, with_, message):
    with pytest.raises(ConfigError, match=message):
        variants_of(local, without, with_)
