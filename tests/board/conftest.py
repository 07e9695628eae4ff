import shutil

import pytest
from bare_game import Game, new_game


@pytest.fixture(scope="session")
def game_as_it_begins(tmp_path_factory):
    return new_game(tmp_path_factory.mktemp("game"))


@pytest.fixture
def game(game_as_it_begins, tmp_path):
    shutil.copytree(game_as_it_begins.remote, tmp_path / "game.git")
    return Game(tmp_path / "game.git")
