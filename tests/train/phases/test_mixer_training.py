"""A mixer's first weights: learnt from text that the model never sees, kept by checkpoints, shipped by the artifact."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from paramgolf.corpus import write_token_shards
from paramgolf.errors import ConfigError, UsageError
from paramgolf.runtime.mixer.coding_loop import SCORE
from paramgolf.runtime.mixer.reader import Mixer
from paramgolf.runtime.mixer.state import AdaptConfig, mixer_shape
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, FIRST_LEARNT
from paramgolf.score.softmax import surprisal
from paramgolf.train.checkpoint import load_part
from paramgolf.train.data.batches import TokenStream
from paramgolf.train.data.learn_tokenizer import train_tokenizer
from paramgolf.train.data.token_tree import token_tree
from paramgolf.train.job import Job
from paramgolf.train.phases.mixer import MixerTraining
from paramgolf.train.ranks.ranks import mean_of_used_rows, rank, run_ranks
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.trainer import train

pytestmark = pytest.mark.slow

TOKENIZER = train_tokenizer([], FIRST_LEARNT, kind="bpe", case=False)
ADAPT = AdaptConfig(contexts=("none", "last1", "last2"), table_bits=10, scope="document")
KEPT = 600


def documents() -> list[np.ndarray]:
    """Each repeats a phrase of its own, so that contexts are worth more than the model; ends stand in front."""
    random = np.random.default_rng(0)
    phrases = [random.integers(97, 123, 12) for _ in range(60)]
    return [np.append(END_OF_DOCUMENT, np.tile(phrase, 8)) for phrase in phrases]


@pytest.fixture
def job(tiny, tmp_path) -> Job:
    """The tiny job with a mixer in each document, which learns from the first documents."""
    shards = write_token_shards(documents(), tmp_path / "documents")
    made = tiny.job("run", tokens=64 * 20, mixer_tokens=KEPT)
    tree = token_tree(shards, TOKENIZER.pieces)
    return replace(
        made, recipe=replace(made.recipe, adapt=ADAPT), shards=shards, tokenizer=TOKENIZER, tree=tree
    )


def test_the_model_never_sees_what_the_mixer_learns_from(job):
    mixer = MixerTraining(job.recipe, TokenStream(job.shards), TOKENIZER, job.tree)
    read = list(mixer.documents())
    assert KEPT - len(documents()[0]) < mixer.kept <= KEPT
    assert sum(len(document) - 1 for document in read) == mixer.kept
    behind = TokenStream(job.shards, begin=mixer.kept)
    whole = np.concatenate(documents())
    assert len(behind) == len(whole) - mixer.kept
    assert np.array_equal(behind.read(0, len(behind)), whole[mixer.kept :])


def test_a_document_longer_than_what_is_kept_is_refused(job):
    recipe = replace(job.recipe, training=replace(job.recipe.training, mixer_tokens=50))
    with pytest.raises(
        UsageError, match=r"mixer_tokens is 50, but the first document .* is longer\. Raise it"
    ):
        MixerTraining(recipe, TokenStream(job.shards), TOKENIZER, job.tree)


def bits(job: Job, first: np.ndarray | None) -> float:
    """Of the last documents behind a model that knows nothing, with those first weights of the mixer."""
    total = 0.0
    for document in documents()[-8:]:
        mixer, targets = Mixer(TOKENIZER, job.tree, ADAPT, first), document[1:]
        mixer.make_room(len(targets))
        steps = np.arange(mixer.scene["bits"].shape[2]) < mixer.scene["length"][0, targets][:, None]
        decisions = mixer.scene["bits"][0, targets][steps]
        rows = np.empty((len(decisions), 3), np.float32)
        mixer.take(np.zeros((len(targets), 257), np.float32), targets, mode=SCORE, rows=rows)
        total += float(surprisal(rows, decisions).sum()) / np.log(2)
    return total


def test_what_was_learnt_is_kept_by_the_checkpoint_and_helps_on_other_documents(job):
    train(job)
    learnt = load_part(job.folder / "checkpoint", "mixer")["mixer"]
    assert learnt.shape == mixer_shape(257, 3)
    # Phrases come again word for word: contexts deserve more than their first weight.
    assert bits(job, learnt.numpy()) < 0.95 * bits(job, None)


def test_a_run_in_parts_has_the_weights_of_one_in_one_piece(job):
    # The mixer learns behind step 18.
    parts = replace(job, folder=job.folder.with_name("parts"))
    train(job)
    for stop in (17, 19, None):
        train(replace(parts, steps=stop))
    whole, other = (
        load_part(folder / "checkpoint", "mixer")["mixer"] for folder in (job.folder, parts.folder)
    )
    assert torch.equal(whole, other)
    assert whole.any()


def test_without_time_nothing_is_learnt(job):
    train(replace(job, recipe=replace(job.recipe, training=replace(job.recipe.training, mixer_from=1.0))))
    assert load_part(job.folder / "checkpoint", "mixer") == {}


def test_a_mixer_that_is_not_there_cannot_learn():
    with pytest.raises(
        ConfigError, match=r"mixer_tokens is 500, but there is no mixer .* give adapt\.contexts"
    ):
        recipe_from({"training": {"mixer_tokens": 500}}, "mine", "mine.toml")


def average_rows(path: Path) -> None:
    rows = torch.tensor([[1.0, 2.0], [0.0, 0.0]]) if rank() else torch.tensor([[3.0, 0.0], [5.0, 0.0]])
    mean = mean_of_used_rows(rows)
    if not rank():
        save_file({"mean": mean}, path)


def test_ranks_whose_row_was_never_used_have_no_say(tmp_path):
    run_ranks(average_rows, (tmp_path / "mean.safetensors",), 2)
    mean = load_file(tmp_path / "mean.safetensors")["mean"]
    assert torch.equal(mean, torch.tensor([[2.0, 1.0], [5.0, 0.0]]))
