from dataclasses import FrozenInstanceError, replace
from importlib import resources
from pathlib import Path

import pytest

from paramgolf.challenge import (
    BITS_PER_BYTE,
    challenge_json,
    challenge_names,
    load_challenge,
    objective_of,
    parse_challenge_json,
    rules_of,
)
from paramgolf.errors import ConfigError, UnknownNameError

CATALOG = resources.files("paramgolf.challenge") / "catalog"
LOCAL = (CATALOG / "local.toml").read_text()


def write(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def refusal(folder: Path, text: str | bytes) -> str:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load_challenge(path)
    assert path in str(caught.value)
    return str(caught.value)


def test_catalog_holds_the_six_games():
    assert challenge_names() == ["local", "local-speedrun", "parameter-golf", "practice", "tiny", "unlimited"]


@pytest.mark.parametrize("name", challenge_names())
def test_every_challenge_of_the_catalog_loads_under_its_own_name(name):
    assert load_challenge(name).name == name


def test_local_has_its_published_limits():
    local = load_challenge("local")
    assert (local.artifact_bytes, local.validation_bytes, local.corpus) == (500_000, 1_000_000, "embedded")
    assert (local.train_seconds, local.eval_seconds, local.prove_seconds) == (300, 300, 300)


def test_parameter_golf_has_the_published_limits_of_the_public_game():
    game = load_challenge("parameter-golf")
    assert (game.artifact_bytes, game.train_seconds, game.eval_seconds) == (16_000_000, 600, 600)
    assert (game.canonical_form, game.hardware) == ("nmt_nfkc", "8xH100")


def test_unlimited_is_parameter_golf_without_clocks():
    game = load_challenge("parameter-golf")
    unlimited = load_challenge("unlimited")
    no_clock = {"train_seconds": None, "eval_seconds": None, "prove_seconds": None}
    own = {"name": "unlimited", "title": unlimited.title, "hardware": unlimited.hardware, "recipe": None}
    assert unlimited == replace(game, **own, **no_clock)


def test_practice_is_local_bounded_by_text_instead_of_time():
    practice = load_challenge("practice")
    no_clock = {"train_seconds": None, "eval_seconds": None, "prove_seconds": None}
    own = {"name": "practice", "title": practice.title, "hardware": practice.hardware}
    assert practice == replace(load_challenge("local"), **own, **no_clock, train_bytes=30_000_000)


@pytest.mark.parametrize("name", [name for name in challenge_names() if name != "local-speedrun"])
def test_record_margin_in_bits_per_byte_is_what_the_file_says(name):
    assert round(BITS_PER_BYTE.margin(load_challenge(name)), 5) == 0.00296
    assert "0.00296 bits per byte" in (CATALOG / f"{name}.toml").read_text()


def test_tiny_ends_within_its_clocks_on_a_slow_machine_too():
    tiny = load_challenge("tiny")
    assert (tiny.artifact_bytes, tiny.train_seconds, tiny.validation_bytes) == (200_000, 20, 50_000)
    assert (tiny.eval_seconds, tiny.prove_seconds, tiny.recipe) == (120, 120, "tiny")


def test_the_recipe_that_is_run_by_default_is_no_rule():
    local = load_challenge("local")
    other = replace(local, recipe="another")
    assert challenge_json(other) == challenge_json(local)
    assert parse_challenge_json(challenge_json(local).encode()) == replace(local, recipe=None)
    assert rules_of(other) == rules_of(local)


def test_a_speedrun_is_local_until_a_score_instead_of_a_clock():
    speedrun, local = load_challenge("local-speedrun"), load_challenge("local")
    assert (speedrun.artifact_bytes, speedrun.train_seconds) == (local.artifact_bytes, local.train_seconds)
    assert objective_of(speedrun).margin(speedrun) == 5.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({'"bits_per_byte"': '"seconds_to_target"'}, "record_margin_nats: of bits_per_byte alone; remove it"),
        ({"record_margin_nats = 0.005": ""}, "record_margin_nats: missing; add a line"),
        (
            {"minimum_seeds = 3": "minimum_seeds = 3\ntarget_questions = 3"},
            "target_questions: of seconds_to_target alone",
        ),
    ],
)
def test_a_challenge_has_the_keys_of_its_objective_and_no_others(tmp_path, changes, expected):
    text = LOCAL
    for old, new in changes.items():
        text = text.replace(old, new)
    assert expected in refusal(tmp_path, text)


@pytest.mark.parametrize("name", challenge_names())
def test_keys_of_a_target_are_in_the_rules_of_games_with_one_alone(name):
    challenge = load_challenge(name)
    text = challenge_json(challenge)
    assert parse_challenge_json(text.encode()) == replace(challenge, recipe=None)
    assert ("target" in text) == (name == "local-speedrun")


def test_a_challenge_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        load_challenge("local").artifact_bytes = 1  # type: ignore[misc]


def test_a_file_of_ones_own_loads(tmp_path):
    assert load_challenge(write(tmp_path, LOCAL.replace("500_000", "7"))).artifact_bytes == 7


def test_whole_numbers_are_accepted_where_fractions_are_expected(tmp_path):
    challenge = load_challenge(write(tmp_path, LOCAL.replace("train_seconds = 300", "train_seconds = 20")))
    assert challenge.train_seconds == 20.0


def test_unknown_name_lists_near_matches():
    with pytest.raises(UnknownNameError, match=r"no challenge named 'locl'.*Did you mean 'local'.*practice"):
        load_challenge("locl")


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"nowhere/mine\.toml: cannot be read.*Give the path"):
        load_challenge("nowhere/mine.toml")


def test_unknown_key_names_the_key_that_was_meant(tmp_path):
    message = refusal(tmp_path, LOCAL + "\nartifact_byte = 3\n")
    assert "artifact_byte: no such key; did you mean 'artifact_bytes'?" in message


def test_missing_key_is_named(tmp_path):
    message = refusal(tmp_path, LOCAL.replace("minimum_seeds = 3", ""))
    assert "minimum_seeds: missing; add it" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "artifact_bytes = 500_000",
            'artifact_bytes = "1"',
            "artifact_bytes: got '1'; expected a valid",
        ),
        (
            "artifact_bytes = 500_000",
            "artifact_bytes = -5",
            "artifact_bytes: got -5; expected greater",
        ),
        (
            "artifact_bytes = 500_000",
            "artifact_bytes = 1.5",
            "artifact_bytes: got 1.5; expected a valid",
        ),
        ("train_seconds = 300", "train_seconds = nan", "train_seconds: got nan; expected a finite"),
        ("train_seconds = 300", "train_seconds = true", "train_seconds: got True; expected a valid"),
        ('"raw"', '"nfc"', "canonical_form: got 'nfc'; expected 'raw' or 'nmt_nfkc'"),
        ("rules_version = 1", "rules_version = 2", "rules_version: got 2; expected 1"),
        (
            "significance_level = 0.01",
            "significance_level = 1",
            "significance_level: got 1; expected less",
        ),
        ('name = "local"', 'name = "../up"', "name: got '../up'; string should match"),
        ('"torch"', "1", "runtime_packages.0: got 1; expected a valid string"),
        ('recipe = "local"', 'recipe = "mine.toml"', "recipe: got 'mine.toml'; string should match"),
    ],
)
def test_wrong_value_says_key_what_was_got_and_what_is_allowed(tmp_path, old, new, expected):
    assert expected in refusal(tmp_path, LOCAL.replace(old, new))


def test_what_is_not_toml_is_refused_with_its_place(tmp_path):
    assert "line 2" in refusal(tmp_path, 'name = "a"\ntitle = = 3\n')


def test_bytes_that_are_not_utf8_are_refused(tmp_path):
    assert "not TOML" in refusal(tmp_path, b"name = '\xff'")


def test_deep_nesting_is_refused(tmp_path):
    assert "not TOML" in refusal(tmp_path, "a = " + "[" * 30_000)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path):
    assert "larger than 65,536 bytes" in refusal(tmp_path, "#" * 65_537)
