"""The sampler: a sample whose weighted sums are right in the mean."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.errors import ConfigError
from paramgolf.train.loss.chunked_cross_entropy import Gradients
from paramgolf.train.loss.sampled_softmax import SoftmaxSampler, inclusion_chances
from paramgolf.train.recipe.files import recipe_from

CPU = torch.device("cpu")


def sampler(counts, size, *, seed=0, rank=0):
    return SoftmaxSampler(np.asarray(counts), size, seed=seed, rank=rank, device=CPU)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50), st.data())
def test_chances_are_in_proportion_and_at_most_one(sizes, data):
    count = data.draw(st.integers(1, len(sizes)))
    chances = inclusion_chances(np.array(sizes), count)
    assert chances.sum() == pytest.approx(count)
    assert chances.max() <= 1 + 1e-9
    unsure = chances < 1 - 1e-9
    if unsure.any():
        ratios = chances[unsure] / np.array(sizes)[unsure]
        assert ratios == pytest.approx(np.full(len(ratios), ratios[0]))
        # What is sure would be more than sure in proportion.
        assert (np.array(sizes)[~unsure] * ratios[0] >= 1 - 1e-6).all()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 5), st.data())
def test_a_chunk_has_no_token_twice_and_weighs_one_over_its_chance(counts, chunks, data):
    size = data.draw(st.integers(1, len(counts)))
    sample = sampler(counts, size)
    for ids, weights in sample.draw(chunks):
        assert len(set(ids.tolist())) == size
        np.testing.assert_allclose(weights.numpy() * sample.chances[ids], 1, rtol=1e-6)


def test_every_token_is_drawn_as_often_as_its_chance_says():
    sample = sampler([1000, 400, 50, 20, 20, 3, 0, 0], 4)
    drawn = np.zeros(8)
    for step in range(2000):
        sample.begin(step)
        for ids, _ in sample.draw(2):
            drawn[ids] += 1
    np.testing.assert_allclose(drawn / 4000, sample.chances, atol=0.03)


def test_draws_follow_from_seed_rank_and_step():
    def ids(step, **options):
        sample = sampler(range(100), 10, **options)
        sample.begin(step)
        return sample.draw(1)[0][0].tolist()

    assert ids(3) == ids(3)
    assert ids(3) != ids(4)
    assert ids(3) != ids(3, rank=1)
    assert ids(3) != ids(3, seed=1)


@pytest.mark.parametrize("int8", [False, True])
def test_gradients_of_samples_are_in_the_mean_nearly_those_of_all_tokens(int8):
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(512, 16, generator=generator), torch.randn(256, 16, generator=generator) * 0.2
    counts = 1e6 / np.arange(1, 257)
    targets = torch.multinomial(torch.tensor(counts), 512, replacement=True, generator=generator)
    whole = Gradients(compiled=False)(x, weight, targets, 30.0, "rational")
    sample = sampler(counts, 64)
    sampled, means = Gradients(compiled=False, int8=int8, sampler=sample), [torch.zeros(())] * 3
    for step in range(100):
        sample.begin(step)
        means = [
            m + s / 100 for m, s in zip(means, sampled(x, weight, targets, 30.0, "rational"), strict=True)
        ]
    assert means[0].item() == pytest.approx(whole[0].item(), rel=0.005)
    for mean, exact in zip(means[1:], whole[1:], strict=True):
        assert (mean - exact).norm() < 0.08 * exact.norm()


def test_a_sample_of_all_tokens_is_no_sample():
    generator = torch.Generator().manual_seed(1)
    x, weight = torch.randn(40, 16, generator=generator), torch.randn(64, 16, generator=generator)
    targets = torch.randint(0, 64, (40,), generator=generator)
    whole = Gradients(compiled=False)(x, weight, targets, 5.0, "tanh")
    every = Gradients(compiled=False, sampler=sampler(range(64), 64))(x, weight, targets, 5.0, "tanh")
    for mine, theirs in zip(every, whole, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [8, 100, 1032])
def test_a_sample_that_makes_no_sense_is_named(size):
    table = {"tokenizer": {"vocab_size": 1024}, "training": {"softmax_sample": size}}
    with pytest.raises(ConfigError, match=f"softmax_sample is {size}, of a vocabulary of 1024"):
        recipe_from(table, "mine", "mine.toml")
