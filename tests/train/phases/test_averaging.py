"""Averages of weights are the means they say, beside weights that train on untouched."""

import pytest
import torch

from paramgolf.train.phases.averaging import Averaging


def walked(decay: float | None, values: list[float]) -> tuple[torch.nn.Linear, Averaging]:
    """A model whose weights took these values in turn."""
    model = torch.nn.Linear(2, 1)
    average = Averaging(model, 0.0, decay)
    for value in values:
        with torch.no_grad():
            model.weight.fill_(value)
        average.update()
    return model, average


def test_without_a_decay_every_step_counts_the_same():
    model, average = walked(None, [1.0, 5.0, 3.0])
    torch.testing.assert_close(average.weights()["weight"], torch.full((1, 2), 3.0))
    assert float(model.weight.detach()[0, 0]) == 3.0


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_a_running_average_forgets_by_its_decay(decay):
    _, average = walked(decay, [0.0] * 50 + [1.0] * 3)
    expected = torch.full((1, 2), 1 - decay**3)
    torch.testing.assert_close(average.weights()["weight"], expected)


def test_a_young_running_average_is_the_mean():
    _, average = walked(0.999, [2.0, 4.0])
    torch.testing.assert_close(average.weights()["weight"], torch.full((1, 2), 3.0))


def test_there_is_no_average_before_the_first_step():
    _, average = walked(None, [])
    assert (average.weights(), average.state()) == ({}, {})


def test_a_loaded_state_goes_on_as_if_it_had_never_stopped():
    model, average = walked(0.8, [1.0, 2.0])
    again = Averaging(model, 0.0, 0.8)
    again.load_state(average.state())
    for each in (average, again):
        with torch.no_grad():
            model.weight.fill_(7.0)
        each.update()
    torch.testing.assert_close(again.weights(), average.weights(), rtol=0, atol=0)
