import pytest
from bare_game import new_game


@pytest.fixture
def game(tmp_path):
    return new_game(tmp_path)
