"""Results of the recipes that ship: only proven ones, only of those recipes, one for each game and seed."""

import io
import json
from dataclasses import replace

import pytest
from result_factory import made_result
from rich.console import Console

from paramgolf.errors import ConfigError, ProofError, UsageError
from paramgolf.lab.recipes.results import by_game, digest, in_words, read_results, record
from paramgolf.lab.recipes.table import print_recipes
from paramgolf.lab.run.result import write_result
from paramgolf.lab.run.settings import load_settings
from paramgolf.train.recipe.files import load_recipe, recipe_names


@pytest.fixture
def result():
    return made_result(seed=3, settings=load_settings("local", "local", None, 3).to_dict())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "results.toml"


def recorded(result, tmp_path, file):
    write_result(tmp_path / "run" / "result.json", result)
    return record(tmp_path / "run", file)


def test_a_proven_run_is_recorded_and_read_back(result, tmp_path, file):
    entry = recorded(result, tmp_path, file)
    assert read_results(file) == [entry]
    assert (entry.bits_per_byte, entry.bytes, entry.seed) == (2.0958, 498_312, 3)
    assert entry.command == "paramgolf run local --challenge local --seed 3"
    assert entry.machine == "CPU, float32 products, processes: 1"


def test_the_folder_of_a_corpus_is_not_told(result, tmp_path, file):
    settings = result.settings | {"corpus": "/somewhere/private/texts"}
    entry = recorded(replace(result, settings=settings), tmp_path, file)
    assert entry.command.endswith("--corpus texts")
    assert "private" not in file.read_text()


def test_an_unproven_run_is_refused(result, tmp_path, file):
    with pytest.raises(ProofError, match="not proven, so it is no result: sizes differ"):
        recorded(replace(result, proven=False, proof_failure="sizes differ"), tmp_path, file)
    assert not file.exists()


def test_a_recipe_that_does_not_ship_is_refused(result, tmp_path, file):
    with pytest.raises(UsageError, match="'mine', which is none of baseline"):
        recorded(replace(result, recipe="mine"), tmp_path, file)


def test_a_recipe_that_was_changed_is_refused_with_what_differs(result, tmp_path, file):
    settings = json.loads(json.dumps(result.settings))
    settings["recipe"]["model"]["width"] = 7
    with pytest.raises(UsageError, match=r"model\.width: 7 ran, "):
        recorded(replace(result, settings=settings), tmp_path, file)


def test_seeds_are_told_together_and_a_repeat_replaces(result, tmp_path, file):
    for seed, bits in ((3, 2.5), (3, 2.0), (4, 2.2)):
        recorded(replace(result, seed=seed, bits_per_byte=bits), tmp_path, file)
    (game,) = by_game(read_results(file), "local")
    assert [r.bits_per_byte for r in game] == [2.0, 2.2]
    assert in_words(game).startswith(
        "2.1000 bits per byte (standard deviation 0.1414 over 2 seeds), proven: local on some text, 498,312 bytes, "
    )


def test_a_result_of_the_recipe_as_it_was_says_so_and_stands_alone(result, tmp_path, file):
    of_today = recorded(result, tmp_path, file)
    of_before = replace(of_today, recipe_sha256="0" * 64, seed=4)
    assert not in_words([of_today]).endswith("; the recipe has changed since")
    assert in_words([of_before]).endswith("; the recipe has changed since")
    assert by_game([of_before, of_today], "local") == [[of_today], [of_before]]


def listed(results):
    out = io.StringIO()
    print_recipes([load_recipe("local")], results, Console(file=out, width=400, markup=False))
    return out.getvalue()


def test_the_list_tells_of_a_recipe_as_it_was_only_where_it_has_no_result_as_it_is(result, tmp_path, file):
    of_today = recorded(result, tmp_path, file)
    of_before = replace(of_today, recipe_sha256="0" * 64, bits_per_byte=1.5)
    assert "2.0958" in listed([of_before, of_today])
    assert "1.5000" not in listed([of_before, of_today])
    assert "1.5000" in listed([of_before])
    assert "no proven run yet" in listed([])


def test_the_digest_is_of_what_a_recipe_says_not_of_its_words(tmp_path, monkeypatch):
    monkeypatch.setattr("paramgolf.lab.recipes.results.recipe_folder", lambda: tmp_path)
    found = []
    for text in ('title = "a"\nfill = true', "fill = true  # all of it", "fill = false"):
        (tmp_path / "mine.toml").write_text(text)
        found.append(digest("mine"))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("text", ["[", "[[result]]\nrecipe = 3", 'result = "x"'])
def test_damaged_results_are_refused(file, text):
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"results\.toml: these are no results"):
        read_results(file)


def test_the_results_that_ship_can_be_read():
    assert all(result.proven for result in read_results())


def test_what_ships_as_measured_was_proven_and_is_of_recipes_that_ship():
    results = read_results()
    assert {result.recipe for result in results} <= set(recipe_names())
    assert all(result.proven for result in results)
    assert all(load_recipe(name) for name in recipe_names()), "the results are no recipe"
