"""Batches are a function of seed and step: every sequence once an epoch, the ranks' shares disjoint."""

import itertools
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.corpus import write_token_shards
from paramgolf.errors import UsageError
from paramgolf.train.data.batches import Batches, TokenStream, prefetch
from paramgolf.train.optim.schedule import Sizes

LENGTH = 8
TOKENS = 1003


@pytest.fixture(scope="module")
def stream(tmp_path_factory) -> TokenStream:
    """Tokens 0, 1, 2, ... over shards of 100, so that a sequence tells where it was read."""
    folder = tmp_path_factory.mktemp("shards")
    return TokenStream(write_token_shards([np.arange(TOKENS)], folder, shard_tokens=100))


FOUR = Sizes(length=LENGTH, batch_tokens=4 * LENGTH)


def batches(stream: TokenStream, *, seed: int = 0, rank: int = 0, ranks: int = 1) -> Batches:
    return Batches(stream, sequence_length=LENGTH, seed=seed, rank=rank, ranks=ranks)


def at(source: Batches, step: int, sizes: Sizes = FOUR) -> tuple[torch.Tensor, torch.Tensor]:
    """What step number `step` takes where all have these sizes."""
    return source.read(step * sizes.batch_tokens, sizes)


def firsts(source: Batches, steps: range, sizes: Sizes = FOUR) -> list[int]:
    """The first token of every sequence of some steps."""
    return [int(first) for step in steps for first in at(source, step, sizes)[0][:, 0]]


@settings(max_examples=60)
@given(start=st.integers(0, TOKENS - 1), count=st.integers(1, 350))
def test_stream_reads_across_shards(stream, start, count):
    count = min(count, TOKENS - start)
    assert stream.read(start, count).tolist() == list(range(start, start + count))


def test_targets_are_the_inputs_one_token_later(stream):
    inputs, targets = at(batches(stream), 3)
    assert inputs.shape == targets.shape == (4, LENGTH)
    assert inputs.dtype == targets.dtype == torch.int64
    assert torch.equal(targets, inputs + 1)


def test_a_step_is_the_same_whenever_and_in_whatever_order_it_is_asked_for(stream):
    ahead = batches(stream)
    expected = [at(ahead, step) for step in range(80)]
    for step in (79, 0, 31, 30, 62):
        inputs, targets = at(batches(stream), step)
        assert torch.equal(inputs, expected[step][0])
        assert torch.equal(targets, expected[step][1])


def test_an_epoch_has_every_sequence_once_and_the_next_another_order_and_phase(stream):
    source = batches(stream)
    epoch = source.sequences
    assert epoch == (TOKENS - 1) // LENGTH - 1 == 124
    seen = firsts(source, range(2 * epoch // 4))
    orders = []
    for part in (seen[:epoch], seen[epoch:]):
        phase = min(part)
        assert 0 <= phase < LENGTH
        assert sorted(part) == list(range(phase, phase + epoch * LENGTH, LENGTH))
        orders.append([(first - phase) // LENGTH for first in part])
    assert orders[0] != orders[1]


def test_seeds_give_different_orders(stream):
    assert firsts(batches(stream, seed=0), range(10)) != firsts(batches(stream, seed=1), range(10))


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_the_batch_of_one_rank(stream, ranks):
    # Step 31 is the first of the second epoch; a batch of 12 crosses the border.
    for rows, step in ((4, 0), (4, 31), (12, 10)):
        sizes = Sizes(length=LENGTH, batch_tokens=rows * LENGTH)
        whole = firsts(batches(stream), range(step, step + 1), sizes)
        shares = [
            firsts(batches(stream, rank=rank, ranks=ranks), range(step, step + 1), sizes)
            for rank in range(ranks)
        ]
        assert [len(share) for share in shares] == [rows // ranks] * ranks
        assert sorted(itertools.chain(*shares)) == sorted(whole)


def test_prefetched_batches_are_the_same(stream):
    ready = prefetch(batches(stream), 5 * FOUR.batch_tokens, FOUR)
    for step in range(5, 20):
        assert torch.equal(next(ready)[0], at(batches(stream), step)[0])
    ready.close()


def test_an_error_of_the_reading_thread_reaches_the_loop(stream):
    class Breaking(Batches):
        def read(self, tokens: int, sizes: Sizes) -> tuple[torch.Tensor, torch.Tensor]:
            if tokens == 2 * sizes.batch_tokens:
                raise OSError("the disk is gone")
            return super().read(tokens, sizes)

    ready = prefetch(Breaking(stream, sequence_length=8, seed=0, rank=0, ranks=1), 0, FOUR)
    next(ready), next(ready)
    with pytest.raises(OSError, match="the disk is gone"):
        next(ready)


def test_the_reading_thread_has_ended_when_its_reader_closes(stream):
    class Slow(Batches):
        def read(self, tokens: int, sizes: Sizes) -> tuple[torch.Tensor, torch.Tensor]:
            time.sleep(0.05)
            return super().read(tokens, sizes)

    others = set(threading.enumerate())
    ready = prefetch(Slow(stream, sequence_length=8, seed=0, rank=0, ranks=1), 0, FOUR)
    next(ready)
    (thread,) = set(threading.enumerate()) - others
    ready.close()
    assert not thread.is_alive()


def test_too_little_text_says_how_much_there_is_and_what_to_do(tmp_path):
    stream = TokenStream(write_token_shards([np.arange(16)], tmp_path))
    with pytest.raises(
        UsageError, match=r"has 16 tokens, too few for sequences of 8\. Give more text or a shorter"
    ):
        batches(stream)


def test_the_least_text_that_is_enough_trains(tmp_path):
    stream = TokenStream(write_token_shards([np.arange(17)], tmp_path))
    inputs, targets = at(batches(stream), 0)
    assert torch.equal(targets, inputs + 1)


def test_a_batch_that_the_ranks_cannot_share_is_refused(stream):
    with pytest.raises(UsageError, match="a batch of 4 sequences cannot be shared by 3 processes"):
        at(batches(stream, ranks=3), 0)


@pytest.mark.parametrize("ranks", [1, 2])
def test_shorter_sequences_are_the_longer_ones_cut_up(stream, ranks):
    shorter = Sizes(length=LENGTH // 4, batch_tokens=2 * LENGTH)
    whole = at(batches(stream), 5)[0].flatten().tolist()
    parts = [
        row
        for rank in range(ranks)
        for step in (10, 11)
        for row in at(batches(stream, rank=rank, ranks=ranks), step, shorter)[0].tolist()
    ]
    assert sorted(itertools.chain(*parts)) == sorted(whole)
    assert all(len(row) == LENGTH // 4 for row in parts)
