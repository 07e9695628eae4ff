"""What games are won by: directions, margins, words."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import get_args, get_type_hints

import pytest

from paramgolf.challenge import (
    BITS_PER_BYTE,
    OBJECTIVES,
    Challenge,
    TargetReached,
    load_challenge,
    objective_of,
)
from paramgolf.challenge.objectives import nats_per_token

LOCAL = load_challenge("local")
# a game in which more is better, which no challenge asks for yet
HIGHER = replace(BITS_PER_BYTE, lower_is_better=False)


def test_every_objective_that_a_challenge_may_name_is_there_under_its_name():
    assert set(get_args(get_type_hints(Challenge)["objective"])) == set(OBJECTIVES)
    assert all(objective.name == name for name, objective in OBJECTIVES.items())


def test_bits_per_byte_compares_what_was_measured():
    assert objective_of(LOCAL).value(SimpleNamespace(bits_per_byte=1.25)) == 1.25


def test_the_margin_in_nats_is_the_way_back():
    margin = BITS_PER_BYTE.margin(LOCAL)
    assert nats_per_token(margin, LOCAL) == pytest.approx(LOCAL.record_margin_nats)
    # 0.005 nats = 0.0072135 bits a token; a token of the reference has 2.436 bytes: 0.0029612 bits per byte
    assert margin == pytest.approx(0.0029612, abs=1e-7)


@pytest.mark.parametrize(("objective", "better", "worse"), [(BITS_PER_BYTE, 1.2, 1.3), (HIGHER, 1.3, 1.2)])
def test_gain_cost_and_bound_follow_the_direction(objective, better, worse):
    assert math.isclose(objective.gain(better, worse), 0.1)
    assert objective.cost(better) < objective.cost(worse)
    bound = objective.bound(worse, 0.05)
    assert objective.cost(better) < objective.cost(bound) < objective.cost(worse)


def test_values_and_differences_in_words():
    assert BITS_PER_BYTE.in_words(1.23456) == "1.2346 bits per byte"
    assert BITS_PER_BYTE.signed(-0.00012) == "-0.0001"
    margin = BITS_PER_BYTE.margin(LOCAL)
    assert BITS_PER_BYTE.difference_in_words(margin, LOCAL) == "0.00296 bits per byte (0.00500 nats a token)"


def test_seconds_to_a_target_compare_seconds_and_say_so():
    speedrun = load_challenge("local-speedrun")
    objective = objective_of(speedrun)
    reached = TargetReached(seconds=123.46, questions=3, bits_per_byte=1.39)
    assert objective.value(SimpleNamespace(bits_per_byte=1.39, target=reached)) == 123.46
    assert objective.value(SimpleNamespace(bits_per_byte=1.39, target=None)) is None
    assert objective.in_words(123.46) == "123.5 seconds"
    assert objective.difference_in_words(objective.margin(speedrun), speedrun) == "5.00 seconds"
