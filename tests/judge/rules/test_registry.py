"""The registry of rules: numbers are given once, and what readers see is what the judge judges by."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.errors import EntryError, EntryTimeoutError, LossyEntryError, NonFiniteError
from paramgolf.judge import rules
from paramgolf.judge.broken_phase import counts_against
from paramgolf.judge.rule import Required
from paramgolf.judge.rules.registry import (
    ARTIFACT_RULES,
    ENTRY_RULES,
    RETIRED,
    SEED_RULES,
    required,
    rulebook,
)
from paramgolf.judge.verdict import REPRODUCTION_RULE

DOCS = Path(__file__).parents[3] / "docs" / "judge.md"


def test_numbers_and_names_are_given_once():
    for given in ([rule.number for rule in rulebook()], [rule.name for rule in rulebook()]):
        assert len(set(given)) == len(given)


def test_numbers_are_r01_and_on_without_a_gap_and_none_of_a_retired_rule():
    numbers = [rule.number for rule in rulebook()]
    assert not set(numbers) & set(RETIRED)
    every = sorted([*numbers, *RETIRED])
    assert every == [f"R{place:02}" for place in range(1, len(every) + 1)]


def test_every_module_of_a_rule_is_registered():
    listed = {module.__name__ for module in (*ARTIFACT_RULES, *ENTRY_RULES, *SEED_RULES)}
    names = {f"{rules.__name__}.{module.name}" for module in pkgutil.iter_modules(rules.__path__)}
    assert listed == {name for name in names if hasattr(importlib.import_module(name), "RULE")}


@pytest.mark.parametrize("modules", [ARTIFACT_RULES, ENTRY_RULES, SEED_RULES])
def test_rules_are_judged_in_the_order_of_their_numbers(modules):
    numbers = [module.RULE.number for module in modules]
    assert numbers == sorted(numbers)


def test_every_declaration_says_something():
    challenge = load_challenge("local")
    for rule in rulebook():
        for text in (rule.name, rule.asks, rule.measures, rule.limit_in(challenge)):
            assert text.strip() == text != ""


def test_a_quick_look_leaves_only_what_needs_the_whole_text_open():
    left = required(quick=False) - required(quick=True)
    assert (
        left == {rule.number for rule in rulebook() if rule.required is Required.WHOLE_TEXT} == {"R04", "R11"}
    )


def test_the_table_of_the_docs_is_the_registry():
    """Paste what is missing into docs/judge.md."""
    text = DOCS.read_text()
    for rule in rulebook():
        must = "x" if rule.required is not Required.NEVER else ""
        assert f"| {rule.number} {rule.name} | {must} | {rule.measures} |\n".replace("|  |", "| |") in text


@pytest.mark.parametrize(
    ("phase", "error", "name"),
    [
        ("proof", EntryTimeoutError("late"), "clocks"),
        ("score", LossyEntryError("lost"), "lossless"),
        ("score", NonFiniteError("NaN"), "predictions"),
        ("proof", EntryError("broken"), "proof"),
        ("archive", EntryError("broken"), "size"),
        ("score", EntryError("broken"), "conduct"),
    ],
)
def test_a_broken_phase_counts_against_a_rule_that_is_there(phase, error, name):
    assert counts_against(phase, error) == {rule.name: rule.number for rule in rulebook()}[name]


def test_the_finding_about_a_reproduction_is_the_rule_of_training_data():
    assert {rule.number: rule.name for rule in rulebook()}[REPRODUCTION_RULE] == "training data"
