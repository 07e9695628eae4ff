"""When training asks whether its target is reached, and what it makes of the answers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.train.device import pick_device
from paramgolf.train.target import FIRST_MOMENT, Answer, TargetQuestions, moments


class FakeHarness:
    """Reached at the question of that number."""

    def __init__(self, reached_at: int) -> None:
        self.reached_at, self.asked, self.began = reached_at, 0, False

    def begin(self) -> None:
        self.began = True

    def ask(self) -> Answer:
        self.asked += 1
        return Answer(reached=self.asked >= self.reached_at, bits_per_byte=2.0, seconds=float(self.asked))


@given(st.integers(1, 1000))
def test_as_many_moments_as_questions_the_last_at_the_end(questions):
    shares = moments(questions)
    assert len(shares) == questions
    assert shares[-1] == 1.0
    assert shares[0] == pytest.approx(FIRST_MOMENT if questions > 1 else 1.0)
    assert all(before < after for before, after in pairwise(shares))


@given(st.integers(1, 20), st.lists(st.floats(0, 1.2), max_size=200).map(sorted))
def test_never_more_questions_than_allowed_whatever_the_steps(questions, spent):
    asking = TargetQuestions(FakeHarness(99), questions, 2.0)
    asked = sum(asking.due(share) for share in spent) + asking.due_at_the_end()
    assert asked <= questions


def test_a_long_step_over_several_moments_asks_once():
    asking = TargetQuestions(FakeHarness(99), 4, 2.0)
    assert not asking.due(0.39)
    assert asking.due(0.85)
    assert not asking.due(0.9)
    assert asking.due_at_the_end()
    assert asking.due(1.0)
    assert not asking.due_at_the_end()


def test_an_answer_is_said_and_kept():
    harness, said = FakeHarness(2), []
    asking = TargetQuestions(harness, 3, 2.1)
    asking.begin()
    assert harness.began
    assert asking.ask(said.append, pick_device()) >= 0
    assert not asking.reached
    assert asking.due_at_the_end()
    asking.ask(said.append, pick_device())
    assert asking.reached
    assert not asking.due_at_the_end()
    assert said[0] == "question 1 of 3 after 1.0 s: 2.0000 bits per byte, target 2.1: not yet"
    assert said[1].endswith("reached")
