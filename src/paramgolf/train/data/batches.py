"""Batches of token sequences from memory-mapped shards; which ones follows from seed and tokens taken before alone."""

import itertools
import queue
import threading
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paramgolf.corpus import open_token_shard
from paramgolf.errors import UsageError
from paramgolf.train.optim.schedule import Sizes

PREFETCHED = 4
ENDING = 10.0  # seconds that the reading thread has for its last batch
# Tokens that say enough of a text for its statistics.
BEGINNING = 10_000_000


class TokenStream:
    """Shards as one long array of tokens that stays on disk, from the token `begin` on."""

    def __init__(self, shards: Sequence[Path], begin: int = 0) -> None:
        self._maps = [open_token_shard(path) for path in shards]
        self._ends = np.cumsum([len(m) for m in self._maps])
        self._begin = begin

    def __len__(self) -> int:
        return int(self._ends[-1]) - self._begin

    def beginning(self) -> NDArray[np.uint16]:
        """The first BEGINNING tokens, or all where there are fewer: what statistics are made of."""
        return self.read(0, min(len(self), BEGINNING))

    def read(self, start: int, count: int) -> NDArray[np.uint16]:
        """Tokens [start, start + count), across shards where need be."""
        parts, start = [], start + self._begin
        shard = int(np.searchsorted(self._ends, start, side="right"))
        while count:
            offset = start - (int(self._ends[shard - 1]) if shard else 0)
            part = self._maps[shard][offset : offset + count]
            parts.append(part)
            start, count, shard = start + len(part), count - len(part), shard + 1
        return np.concatenate(parts)


class Batches:
    """The sequences of every step, the same for the same seed wherever a run is resumed.

    An epoch cuts the stream into sequences at a random phase and takes them in a random order. A step may ask for
    shorter ones: each is cut into as many as it holds.
    """

    def __init__(
        self, stream: TokenStream, *, sequence_length: int, seed: int, rank: int, ranks: int
    ) -> None:
        self.stream, self.length, self.seed = stream, sequence_length, seed
        self.rank, self.ranks = rank, ranks
        # One phase's worth of tokens is kept back, and one token for the last target.
        self.sequences = (len(stream) - 1) // sequence_length - 1
        if self.sequences < 1:
            raise UsageError(
                f"the training text has {len(stream):,} tokens, too few for sequences of {sequence_length:,}. "
                "Give more text or a shorter training.sequence_length."
            )
        self._epoch, self._order, self._phase = -1, np.empty(0, np.int64), 0

    def read(self, tokens: int, sizes: Sizes) -> tuple[Tensor, Tensor]:
        """This rank's inputs and targets after so many tokens, int64 [rows / ranks, sizes.length] each."""
        rows = sizes.batch_tokens // sizes.length
        if rows % self.ranks:
            raise UsageError(f"a batch of {rows} sequences cannot be shared by {self.ranks} processes evenly")
        out = np.empty((rows // self.ranks, sizes.length + 1), np.int64)
        for i in range(len(out)):
            index, offset = divmod(tokens + (self.rank + i * self.ranks) * sizes.length, self.length)
            out[i] = self.stream.read(self._start(index) + offset, sizes.length + 1)
        return torch.from_numpy(out[:, :-1].copy()), torch.from_numpy(out[:, 1:].copy())

    def _start(self, index: int) -> int:
        """Where in the stream the sequence `index` of the run begins."""
        epoch, place = divmod(index, self.sequences)
        if epoch != self._epoch:
            random = np.random.default_rng([self.seed, epoch])
            self._epoch, self._phase = epoch, int(random.integers(self.length))
            self._order = random.permutation(self.sequences)
        return self._phase + int(self._order[place]) * self.length


def prefetch(batches: Batches, tokens: int, sizes: Sizes) -> Generator[tuple[Tensor, Tensor]]:
    """Batches after so many tokens, without end, read by a thread ahead of their use."""
    ready: queue.Queue[tuple[Tensor, Tensor] | BaseException] = queue.Queue(PREFETCHED)
    stop = threading.Event()

    def put(item: tuple[Tensor, Tensor] | BaseException) -> None:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return
            except queue.Full:
                continue

    def produce() -> None:
        try:
            for start in itertools.count(tokens, sizes.batch_tokens):
                if stop.is_set():
                    return
                put(batches.read(start, sizes))
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        # A place for what the thread may wait with; then it ends. An interpreter that ends before it stops it wherever
        # it is, which may be inside torch.
        with suppress(queue.Empty):
            ready.get_nowait()
        thread.join(ENDING)


class BatchFeed:
    """Batches in the order in which a run asks for them, read ahead as long as their size stays. Use it with `with`."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._sizes: Sizes | None = None
        self._ahead: Generator[tuple[Tensor, Tensor]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._ahead:
            self._ahead.close()

    def read(self, tokens: int, sizes: Sizes) -> tuple[Tensor, Tensor]:
        """The batch after so many tokens, as Batches.read gives it; each call goes on where the one before ended."""
        if self._ahead is None or sizes != self._sizes:
            if self._ahead:
                self._ahead.close()
            self._ahead, self._sizes = prefetch(self._batches, tokens, sizes), sizes
        return next(self._ahead)
