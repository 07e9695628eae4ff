"""An artifact that will be too large is told of before the training."""

from dataclasses import replace

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.cli.app import main
from paramgolf.errors import UsageError
from paramgolf.lab.recipes.size_forecast import foresee, least_bytes
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.train.recipe.files import load_recipe

LOCAL = load_challenge("local")


def warnings(recipe, limit):
    said: list[str] = []
    foresee(recipe, replace(LOCAL, artifact_bytes=limit), said.append)
    return said


def test_a_run_that_cannot_fit_ends_before_it_begins(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["run", "baseline", "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert "the artifact of baseline takes 1," in error
    assert "the limit of local is 500,000" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_what_may_fit_after_all_is_a_warning():
    recipe = load_recipe("local")
    least = least_bytes(recipe, LOCAL)
    assert warnings(recipe, least) == []
    (said,) = warnings(recipe, least - 1)
    assert f"takes {least:,} bytes or more; the limit of local is {least - 1:,}" in said
    with pytest.raises(UsageError, match="Make the model smaller"):
        warnings(recipe, least // 3)


@pytest.mark.slow
def test_weights_whose_steps_are_fixed_count_in_full():
    filled = load_recipe("local")
    fixed = replace(filled, weights=filled.weights | {"matrices": QuantisationScheme(rule="max", limit=127)})
    assert least_bytes(fixed, LOCAL) > least_bytes(filled, LOCAL) + 400_000
    assert least_bytes(replace(filled, fill=False), LOCAL) > least_bytes(filled, LOCAL)
