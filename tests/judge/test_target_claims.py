"""What an entry may say of its target."""

from dataclasses import replace

import pytest

from paramgolf.challenge import TargetReached, load_challenge
from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.rules.claims import target_problems, target_reached

SPEEDRUN = load_challenge("local-speedrun")
REACHED = TargetReached(seconds=120.5, questions=4, bits_per_byte=1.39)


def seed(target: TargetReached | None = REACHED) -> EnteredSeed:
    return EnteredSeed(seed=0, artifact="model.pyz", sha256="a" * 64, bits_per_byte=1.39, target=target)


def test_a_target_that_was_reached_counts_as_it_was_entered():
    assert target_reached(SPEEDRUN, seed(), 1.39) == REACHED
    # another machine rounds differently
    assert target_reached(SPEEDRUN, seed(), 1.39005) == REACHED


@pytest.mark.parametrize(
    ("said", "measured", "problem"),
    [
        (None, 1.39, "does not say when"),
        (REACHED, 1.41, "scores 1.4100; the target is 1.4"),
        (REACHED, 1.35, "reached at 1.3900"),
        (replace(REACHED, questions=11), 1.39, "11 questions were asked; 10 are allowed"),
        (replace(REACHED, seconds=400.0), 1.39, "It took 400.0 s; the clock is 300 s"),
    ],
)
def test_what_speaks_against_a_target(said, measured, problem):
    assert problem in " ".join(target_problems(SPEEDRUN, seed(said), measured))
    assert target_reached(SPEEDRUN, seed(said), measured) is None


def test_a_game_without_a_target_takes_none():
    assert target_problems(load_challenge("local"), seed(None), 1.39) == []
    assert "has none" in target_problems(load_challenge("local"), seed(), 1.39)[0]
