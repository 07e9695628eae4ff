"""Rounding with feedback, repair and noise, from a recipe to an artifact that scores text alone."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from paramgolf.challenge import load_challenge
from paramgolf.lab.recipes.info import describe_recipe
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.settings import RunSettings
from paramgolf.train.data.tokens import tokenise
from paramgolf.train.job import Job
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.trainer import train

pytestmark = pytest.mark.slow

TEXT = b"the state of the union is strong, and the state of the art is stronger. "
# Of which code takes 10,200: about four bits a weight. With the finest steps there are it would be 26,400 bytes.
LIMIT = 23_000
LOSS = {"rule": "loss", "step": 0.25, "limit": 255}
RECIPE = {
    "fill": True,
    "tokenizer": {"vocab_size": 257},
    "model": {"width": 32, "layers": 2, "heads": 2, "kv_heads": 1, "windows": [8]},
    "training": {"sequence_length": 16, "batch_tokens": 64, "micro_batch_tokens": 64, "compile": False},
    "weights": dict.fromkeys(("matrices", "embedding", "ngrams", "control"), LOSS),
}
TECHNIQUES = {
    "noise and feedback": (
        {"quantise_from": 0.5, "rounding": "noise", "calibration_tokens": 128},
        {"feedback": True},
    ),
    "feedback on generated text, and repair": (
        {"calibration": "generated", "calibration_tokens": 64},
        {"feedback": True, "repair_rank": 2},
    ),
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_tiny_model_trains_fills_its_artifact_and_scores(technique, tmp_path):
    training, matrices = TECHNIQUES[technique]
    table = RECIPE | {
        "training": RECIPE["training"] | training,
        "weights": RECIPE["weights"] | {"matrices": LOSS | matrices},
    }
    recipe, folder = recipe_from(table, "tiny", "tiny.toml"), RunFolder(tmp_path)
    text = tokenise(lambda: [TEXT * 40], recipe.tokenizer, folder.data, lambda line: None)
    job = Job(
        recipe=recipe,
        shards=text.shards,
        budget=Budget(tokens=64 * 60),
        seed=0,
        folder=folder.path,
        weight_bytes=LIMIT - 10_500,
    )
    train(job)
    challenge = replace(load_challenge("local"), artifact_bytes=LIMIT)
    packed = pack_run(RunSettings(recipe=recipe, challenge=challenge, corpus="embedded", seed=0), folder)
    assert 0.99 * LIMIT <= packed.artifact_bytes == folder.artifact.stat().st_size <= LIMIT
    assert packed.ledger.total == packed.artifact_bytes
    (tmp_path / "document").write_bytes(TEXT)
    command = [sys.executable, "-I", str(folder.artifact), "score", str(tmp_path / "document")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(": ") for line in done.stdout.splitlines())
    # An untrained model needs 8 bits a byte, letters alone about 4.
    assert float(said["bits_per_byte"]) < 3.5


def test_the_forecast_counts_patches_and_their_code():
    matrices = {"weights": RECIPE["weights"] | {"matrices": LOSS | {"repair_rank": 8, "repair_tensors": 2}}}
    plain, repaired = (
        describe_recipe(recipe_from(RECIPE | changes, "tiny", "tiny.toml"), load_challenge("local"))
        for changes in ({}, matrices)
    )
    # The two largest matrices have 32 and 64 rows and columns.
    patches = repaired["groups"]["matrices"]["expected_bytes"] - plain["groups"]["matrices"]["expected_bytes"]
    assert patches == pytest.approx(2 * 8 * (32 + 64) * 3.1 / 8, abs=1)
    assert 100 < repaired["code_and_tokenizer_bytes"] - plain["code_and_tokenizer_bytes"] < 800
