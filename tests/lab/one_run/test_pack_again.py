"""A finished training is packed by another recipe, as long as that would have trained the same."""

import re
import shutil
from dataclasses import replace

import pytest

from paramgolf.cli.app import main
from paramgolf.errors import UsageError
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.repack import with_recipe
from paramgolf.lab.run.settings import read_settings


@pytest.fixture
def folder(finished, tmp_path):
    return RunFolder(shutil.copytree(finished.folder, tmp_path / "run"))


@pytest.fixture
def changed(files, tmp_path):
    """The run's recipe, as mine.toml, with lines behind it and a piece replaced."""

    def write(lines, old="", new=""):
        text = (files / "tiny.toml").read_text()
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new, 1) + lines)
        return str(path)

    return write


def test_coarser_weights_make_a_smaller_artifact_and_the_run_one_of_that_recipe(folder, changed):
    before = folder.artifact.stat().st_size
    recipe = changed('[weights.matrices]\nrule = "rms"\nlimit = 7\nstep = 0.6\n')
    main(["pack", str(folder.path), "--recipe", recipe])
    assert folder.artifact.stat().st_size < 0.9 * before
    kept = read_settings(folder.settings).recipe
    assert (kept.name, kept.weights["matrices"].limit) == ("mine", 7)


@pytest.mark.parametrize(
    ("lines", "old", "new", "said"),
    [
        ("", "width = 64", "width = 128", r"model\.width: 64 there, 128 asked"),
        ('[weights.matrices]\nrule = "loss"\n', "", "", r"sensitivities \(rule"),
        ("[weights.embedding]\nfeedback = true\n", "", "", r"inputs of weights\.embedding \(feedback"),
    ],
)
def test_what_training_would_have_noticed_is_refused_and_nothing_changes(
    folder, changed, capsys, lines, old, new, said
):
    before = folder.settings.read_bytes(), folder.artifact.read_bytes()
    with pytest.raises(SystemExit):
        main(["pack", str(folder.path), "--recipe", changed(lines, old, new)])
    assert re.search(said, capsys.readouterr().err)
    assert (folder.settings.read_bytes(), folder.artifact.read_bytes()) == before


def test_a_training_that_is_not_finished_is_refused(folder, changed, capsys):
    shutil.rmtree(folder.checkpoint)
    with pytest.raises(SystemExit):
        main(["pack", str(folder.path), "--recipe", changed("")])
    assert "not trained to its end" in capsys.readouterr().err


def test_where_training_rounds_its_weights_follow_from_how(folder):
    """Then the checkpoint was trained through those steps."""
    settings = read_settings(folder.settings)
    training = replace(settings.recipe.training, quantise_from=0.5)
    settings = replace(settings, recipe=replace(settings.recipe, training=training))
    other = replace(settings.recipe, title="filled", fill=True)
    with pytest.raises(
        UsageError, match=r"fill: False there, True asked.*may differ from it: [a-z, ]*learn;"
    ):
        with_recipe(settings, other, folder)
    assert with_recipe(settings, replace(settings.recipe, title="new"), folder).recipe.title == "new"
