"""Every field of a recipe is explained where it is defined, and shown with its value and default."""

import json
from dataclasses import fields, is_dataclass, replace

import pytest

from paramgolf.cli.app import main
from paramgolf.lab.recipes.lines import explanations, lines_of
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.train.recipe.files import load_recipe, recipe_from, recipe_names
from paramgolf.train.recipe.recipe import Recipe, TrainingRecipe

EMPTY = recipe_from({}, "empty", "empty")
SECTIONS = {f.name for f in fields(Recipe) if is_dataclass(getattr(EMPTY, f.name))} | {"weights"}
CLASSES = [
    Recipe,
    QuantisationScheme,
    *(type(getattr(EMPTY, name)) for name in sorted(SECTIONS - {"weights"})),
]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_field_has_an_explanation(cls):
    """Write Annotated[TYPE, "what it means"] as the field's type."""
    missing = [f.name for f in fields(cls) if not explanations(cls)[f.name]]
    assert [name for name in missing if name not in SECTIONS] == []


@pytest.mark.parametrize("name", recipe_names())
def test_lines_hold_every_value_and_say_which_are_defaults(name):
    recipe = load_recipe(name)
    lines = {(line.section, line.key): line for line in lines_of(recipe)}
    assert lines["model", "width"].value == str(recipe.model.width)
    assert lines["model", "width"].default == "512"
    assert lines["model", "width"].is_default == (recipe.model.width == 512)
    assert ("model", "vocab_size") not in lines
    assert {key for section, key in lines if section == "training"} == {
        f.name for f in fields(recipe.training)
    }
    for group in recipe.weights:
        assert lines[f"weights.{group}", "step"].explanation


def test_an_explanation_is_what_stands_beside_the_type():
    assert explanations(QuantisationScheme)["rule"].startswith('"max": scale = max')
    assert explanations(TrainingRecipe)["sequence_length"] == "Tokens of one training sequence."


def test_an_explanation_is_one_line_of_whole_words():
    for cls in CLASSES:
        for text in explanations(cls).values():
            assert " ".join(text.split()) == text


def test_show_explains_what_differs_and_with_all_everything(capsys):
    main(["recipes", "show", "local"])
    short = capsys.readouterr().out
    main(["recipes", "show", "local", "--all"])
    long = capsys.readouterr().out
    for text in (short, long):
        assert "[model]" in text
        assert "[weights.ngrams]" in text
        assert "Default: 512." in text
        assert "paramgolf ablate local" in text
    assert "rope_base" in long
    assert "rope_base" not in short
    assert "other fields have their defaults" in short


def test_an_unchanged_recipe_has_no_line_of_its_own():
    lines = lines_of(replace(EMPTY, title="x"))
    assert [line.key for line in lines if not line.is_default] == ["title"]


@pytest.mark.parametrize(("recipe", "game"), [("tiny", "tiny"), ("local", "local"), ("ternary", "local")])
def test_info_holds_a_recipe_against_the_game_that_plays_it(recipe, game, capsys):
    main(["info", recipe, "--json"])
    assert json.loads(capsys.readouterr().out)["challenge"] == game
