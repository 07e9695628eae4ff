"""Budget, settings, folder, closing words and the choice of documents, each by itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_factory import made_result

from paramgolf.challenge import load_challenge
from paramgolf.errors import UnknownNameError, UsageError
from paramgolf.lab.recipes.info import describe
from paramgolf.lab.report.report import render_report
from paramgolf.lab.run.budget import budget_of
from paramgolf.lab.run.data import prepare_data
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import bytes_beside_weights
from paramgolf.lab.run.settings import load_settings, read_settings
from paramgolf.lab.run.summary import in_words, key_values
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.score import documents_to_prove
from paramgolf.train.recipe.files import load_recipe


def test_the_clock_of_the_challenge_is_the_budget():
    budget = budget_of(load_challenge("local"), load_recipe("local"), bytes_per_token=3.0)
    assert (budget.seconds, budget.tokens) == (300, None)


def test_an_amount_of_text_becomes_tokens():
    budget = budget_of(load_challenge("practice"), load_recipe("local"), bytes_per_token=3.0)
    assert (budget.seconds, budget.tokens) == (None, 10_000_000)


def test_without_a_limit_the_recipe_decides():
    recipe = load_recipe("baseline")
    recipe = replace(recipe, training=replace(recipe.training, tokens=123_456))
    assert budget_of(load_challenge("unlimited"), recipe, bytes_per_token=3.0).tokens == 123_456


def test_without_any_limit_the_mend_is_said():
    with pytest.raises(UsageError, match=r"Set training\.tokens in the recipe 'baseline'"):
        budget_of(load_challenge("unlimited"), load_recipe("baseline"), bytes_per_token=3.0)


@pytest.mark.slow
def test_learning_from_scored_text_is_paid_for_where_it_is_used():
    plain = load_recipe("local-plain")
    off = replace(plain, learn=LearnConfig(scope="text", lora_rank=4))
    on = replace(plain, learn=LearnConfig(rate=0.1))
    assert bytes_beside_weights(plain) == bytes_beside_weights(off) < bytes_beside_weights(on)


def test_settings_come_back_from_their_file(settings, tmp_path):
    RunFolder(tmp_path).claim(settings)
    assert read_settings(tmp_path / "run.json") == settings


def test_settings_that_are_none_are_refused_by_key(settings, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(settings.to_dict() | {"seed": "zero"}))
    with pytest.raises(UsageError, match="seed"):
        read_settings(tmp_path / "run.json")


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(UsageError, match=rf"--seed is {seed}; allowed are 0 to"):
        load_settings("local", "local", None, seed)


def test_a_game_without_a_limit_needs_none_where_the_budget_follows():
    with pytest.raises(UsageError, match=r"Set training\.tokens"):
        load_settings("baseline", "unlimited", None, 0)
    assert (
        load_settings("baseline", "unlimited", None, 0, budget_follows=True).challenge.train_seconds is None
    )


def test_without_a_recipe_it_is_the_challenges_own():
    assert load_settings(None, "tiny", None, 0).recipe.name == "tiny"
    assert load_settings("local-plain", "local", None, 0).recipe.name == "local-plain"
    with pytest.raises(UsageError, match="'unlimited' names no recipe of its own; give one"):
        load_settings(None, "unlimited", None, 0)


def test_which_recipe_a_challenge_names_is_no_setting_of_a_run(tmp_path):
    settings = load_settings("local", "local", None, 0)
    RunFolder(tmp_path).claim(settings)
    RunFolder(tmp_path).refuse_other(
        replace(settings, challenge=replace(settings.challenge, recipe="local-plain"))
    )
    assert "recipe" not in settings.to_dict()["challenge"]


def test_a_wrong_name_lists_near_matches():
    with pytest.raises(UnknownNameError, match="Did you mean 'local'"):
        load_settings("lokal", "local", None, 0)


def test_the_folder_of_other_settings_names_what_differs(settings, tmp_path):
    folder = RunFolder(tmp_path)
    folder.refuse_other(settings)
    folder.claim(settings)
    folder.refuse_other(settings)
    wider = replace(settings, recipe=replace(settings.recipe, fill=True))
    with pytest.raises(UsageError, match=r"recipe\.fill: False there, True asked"):
        folder.refuse_other(wider)


@pytest.mark.parametrize(("bits", "shown"), [(None, "no model <small>"), (2.09, "2.0900 <small>")])
def test_the_report_says_where_float_weights_are_no_model(settings, bits, shown):
    page = render_report(made_result(settings=settings.to_dict(), bits_per_byte_unquantised=bits), [])
    assert f"<dt>Before packing</dt><dd>{shown}" in page


@pytest.mark.parametrize(("sample", "said"), [(0, False), (1024, True)])
def test_the_report_says_where_the_loss_is_an_estimate(settings, sample, said):
    training = replace(settings.recipe.training, softmax_sample=sample)
    settings = replace(settings, recipe=replace(settings.recipe, training=training))
    log = [{"step": i, "seconds": i, "tokens": 10 * i, "loss": 5.0} for i in (1, 2)]
    page = render_report(made_result(settings=settings.to_dict()), log)
    assert ("estimated from 1,024 tokens of the vocabulary" in page) == said


@pytest.mark.slow
def test_data_are_made_once_for_the_same_settings(settings, tmp_path):
    folder, lines = RunFolder(tmp_path), []
    first = prepare_data(settings, folder, lines.append)
    made = len(lines)
    assert prepare_data(settings, folder, lines.append).tokens == first.tokens
    assert len(lines) == made
    bytes_only = replace(settings.recipe, tokenizer=replace(settings.recipe.tokenizer, vocab_size=257))
    again = prepare_data(replace(settings, recipe=bytes_only), folder, lines.append)
    assert again.tokens > first.tokens


@given(count=st.integers(1, 300), wanted=st.integers(0, 400))
def test_the_proven_sample_is_ordered_and_of_the_size_wanted(count, wanted):
    chosen = documents_to_prove(count, wanted, "ab" * 32)
    assert len(chosen) == (min(wanted, count) or count)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(range(count))


def test_the_proven_sample_depends_on_the_artifact_alone():
    one, other = (documents_to_prove(50_000, 100, digest * 32) for digest in ("ab", "cd"))
    assert one == documents_to_prove(50_000, 100, "ab" * 32)
    assert one != other
    assert np.ptp(one) > 25_000


@pytest.fixture
def result():
    return made_result()


def test_what_was_shown_is_said_in_words(result):
    assert in_words(result) == (
        "model.pyz, 498,312 bytes, compresses 1,000,129 bytes of text it has never seen to 262,001 bytes "
        "(2.10 bits per byte); decompressed, they are identical. xz -9 needs 3.00."
    )


def test_a_proven_sample_is_called_one(result):
    words = in_words(replace(result, proof_documents=3, proof_text_bytes=10_000, compressed_bytes=2_500))
    assert "10,000 bytes of text it has never seen (3 of 300 documents, drawn at random)" in words
    assert "(2.00 bits per byte)" in words


def test_what_is_not_proven_is_not_called_identical(result):
    assert "NOT proven to be identical" in in_words(replace(result, proven=False))


def test_key_values_are_one_line_each(result):
    lines = key_values(result)
    assert "bits_per_byte: 2.0958" in lines
    assert "proven: true" in lines
    assert "commit: none" in lines
    assert all(line.count("\n") == 0 and ": " in line for line in lines)


def test_info_of_the_baseline_counts_its_parameters():
    info = describe("baseline", load_challenge("parameter-golf"))
    assert info["parameters"] == 17_059_912
    assert sum(group["parameters"] for group in info["groups"].values()) == 17_059_912
    assert info["expected_bytes"] < info["artifact_limit"] == 16_000_000
