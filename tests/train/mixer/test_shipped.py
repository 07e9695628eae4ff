"""Which models an adaptive predictor can step."""

from dataclasses import replace

import pytest

from paramgolf.errors import ConfigError
from paramgolf.train.recipe.files import load_recipe
from paramgolf.train.recipe.model_checks import check_adaptable


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
