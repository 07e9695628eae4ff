"""Every recipe that ships, shrunk but with all its choices, trains, packs, predicts, and its artifact codes text."""

import json
import math
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from paramgolf.challenge import load_challenge
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.measure import unquantised_bits_per_byte
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.settings import RunSettings
from paramgolf.runtime.mixer.predictor import load_from
from paramgolf.runtime.mixer.reader import Mixer
from paramgolf.runtime.mixer.token_tree import read_tree
from paramgolf.runtime.predictor import Predictor
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.weights import decode_weights
from paramgolf.train.checkpoint import load_part
from paramgolf.train.data.tokens import open_tokens, tokenise
from paramgolf.train.job import Job
from paramgolf.train.optim.schedule import Budget
from paramgolf.train.recipe.files import load_recipe, recipe_names
from paramgolf.train.recipe.recipe import Recipe
from paramgolf.train.trainer import train

pytestmark = pytest.mark.slow

TEXT = b"the state of the union is strong, and the state of the art is stronger. "
DOCUMENT = TEXT + b"so it is\xff"
STEPS = 12

# Loads artifacts in turn, as their harness would: nothing of this package is there.
SCRIPT = """
import json, sys
text, sizes = bytes.fromhex(sys.argv[1]), []
for path in sys.argv[2:]:
    sys.path.insert(0, path)
    import entry
    data = entry.load().compress([text])
    assert entry.load().decompress(data) == [text], path
    sizes.append(len(data))
    sys.path.remove(path), sys.meta_path.pop(0)
    for name in [n for n in sys.modules if n.split(".")[0] in ("entry", "runtime")]:
        del sys.modules[name]
print(json.dumps(sizes))
"""


def shrunk_model(model: ModelConfig, vocab_size: int) -> ModelConfig:
    """The same choices in heads of 8 channels."""
    return replace(
        model,
        vocab_size=vocab_size,
        width=8 * model.heads,
        rope_width=min(model.rope_width, 4),
        windows=tuple(w // 8 for w in model.windows),
        ngrams=tuple((order, 64, 4) for order, _, _ in model.ngrams),
        rank=4,
        embedding_width=min(model.embedding_width, 8),
        attention_gate=min(model.attention_gate, 4),
    )


def shrunk(recipe: Recipe) -> Recipe:
    vocab_size = min(recipe.tokenizer.vocab_size, 300)
    training = replace(
        recipe.training,
        sequence_length=32,
        batch_tokens=64,
        micro_batch_tokens=64,
        softmax_sample=min(recipe.training.softmax_sample, 64),
        mixer_tokens=min(recipe.training.mixer_tokens, 100),
        ramp=tuple((share, 16, 32) for share, _, _ in recipe.training.ramp[:1]),
        compile=False,
    )
    return replace(
        recipe,
        tokenizer=replace(recipe.tokenizer, vocab_size=vocab_size),
        model=shrunk_model(recipe.model, vocab_size),
        training=training,
        # As many in each recipe: what is compiled for one serves all.
        adapt=replace(recipe.adapt, contexts=recipe.adapt.contexts[:2] + recipe.adapt.contexts[-2:]),
        fill=False,
    )


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory, one_thread) -> dict[str, RunFolder]:
    """A trained and packed run of each recipe."""
    runs = {}
    for name in recipe_names():
        recipe, folder = shrunk(load_recipe(name)), RunFolder(tmp_path_factory.mktemp(name))
        text = tokenise(lambda: [TEXT, TEXT * 20], recipe.tokenizer, folder.data, lambda line: None)
        job = Job(
            recipe=recipe,
            shards=text.shards,
            budget=Budget(tokens=STEPS * recipe.training.batch_tokens),
            seed=0,
            folder=folder.path,
            tokenizer=text.tokenizer,
            tree=text.tree,
        )
        train(job)
        settings = RunSettings(recipe=recipe, challenge=load_challenge("local"), corpus="embedded", seed=0)
        pack_run(settings, folder)
        runs[name] = folder
    return runs


@pytest.fixture(scope="module")
def coded(folders) -> dict[str, int]:
    """Bytes of DOCUMENT as each artifact compresses it, alone."""
    paths = [str(folder.artifact) for folder in folders.values()]
    command = [sys.executable, "-I", "-c", SCRIPT, DOCUMENT.hex(), *paths]
    done = subprocess.run(command, capture_output=True, timeout=300, cwd=Path(paths[0]).parent)
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(folders, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_learns(folders, name):
    losses = [json.loads(line)["loss"] for line in folders[name].log.read_text().splitlines()]
    assert len(losses) >= STEPS
    assert losses[-1] < losses[0] - 0.3


@pytest.mark.parametrize("name", [name for name in recipe_names() if load_recipe(name).training.mixer_tokens])
def test_its_artifact_ships_the_weights_that_its_mixer_learnt(folders, name):
    with zipfile.ZipFile(folders[name].artifact) as archive:
        config, tokenizer, weights = map(archive.read, ("config.json", "tokenizer.bin", "weights.bin"))
    reader = load_from(json.loads(config), tokenizer, weights, decode_weights).reader
    learnt = load_part(folders[name].checkpoint, "mixer")["mixer"].numpy()
    first = (
        reader.memory["weights"][0]
        - Mixer(reader.tokenizer, read_tree(json.loads(config)["adapt"]["tree"]), reader.config).memory[
            "weights"
        ][0]
    )
    assert learnt.any()
    np.testing.assert_allclose(first, learnt, atol=1 / 32 + 1e-6)


def test_what_an_artifact_says_of_itself_is_for_people(folders):
    command = [sys.executable, "-I", str(folders["local"].artifact), "info"]
    lines = subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=True
    ).stdout.splitlines()
    assert [line for line in lines if re.fullmatch(r"adapt\.tree: of \d{3} tokens", line)]
    assert not [line for line in lines if len(line) > 400]


@pytest.mark.parametrize("name", recipe_names())
def test_its_artifact_codes_text_in_as_many_bytes_as_the_weights_predict(folders, coded, name):
    recipe, folder = shrunk(load_recipe(name)), folders[name]
    model = LanguageModel(recipe.model)
    model.load_state_dict(load_part(folder.checkpoint, "model"))
    predictor = Predictor(model, open_tokens(folder.data).tokenizer, recipe.predict)
    tokens = predictor.encode(DOCUMENT)
    rows = np.concatenate([block[0] for block in predictor.predict([tokens])]).astype(np.float64)
    targets = np.append(tokens, predictor.end_of_document)
    nats = np.log(np.exp(rows).sum(1)) - rows[np.arange(len(targets)), targets]
    # A header of 16 bytes and words of 4; rounding of the weights moves a little more.
    assert coded[name] == pytest.approx(16 + nats.sum() / math.log(2) / 8, rel=0.1, abs=8)


@pytest.mark.parametrize("scope", ["document", "text"])
def test_a_recipe_that_learns_from_scored_text_packs_and_measures_that(folders, tmp_path, scope):
    plain, folder = shrunk(load_recipe("local-plain")), RunFolder(tmp_path / "run")
    shutil.copytree(folders["local-plain"].path, folder.path)
    recipe = replace(plain, learn=LearnConfig(rate=0.1, chunk=16, scope=scope))
    pack_run(RunSettings(recipe=recipe, challenge=load_challenge("local"), corpus="embedded", seed=0), folder)
    with zipfile.ZipFile(folder.artifact) as archive:
        assert json.loads(archive.read("config.json"))["learn"]["rate"] == 0.1
    documents = [b"what comes again comes again. " * 10] * 2
    learning, alone = (
        unquantised_bits_per_byte(r, folder.checkpoint, folder.data, documents, lambda progress: None)
        for r in (recipe, plain)
    )
    assert learning < alone
