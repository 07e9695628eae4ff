"""What ships with a recipe that has [adapt]: the compiled step's options, and the tree of the vocabulary."""

import heapq
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from paramgolf.corpus import open_token_shard
from paramgolf.runtime.memory import AdaptConfig
from paramgolf.runtime.model import ModelConfig
from paramgolf.runtime.tokenizer import END_OF_DOCUMENT
from paramgolf.train.model_checks import COMPILED


def adapt_config(config: AdaptConfig, lengths: bytes, *, learnt: bool = False) -> dict[str, Any]:
    """What ships of [adapt]: what differs from the defaults, and the tree as a character a path.

    learnt: whether the mixer's first weights are among the artifact's tensors.
    """
    defaults = asdict(AdaptConfig(contexts=config.contexts))
    changed = {
        name: value for name, value in asdict(config).items() if value != defaults[name] or name == "contexts"
    }
    if learnt:
        changed["learnt"] = True
    return changed | {"tree": "".join(chr(ord("0") + length) for length in lengths)}


def compiled_options(config: ModelConfig) -> dict[str, Any]:
    """The options of a model that its compiled step reads, defaults too."""
    return {name: value for name, value in asdict(config).items() if name in COMPILED}


def path_lengths(counts: Sequence[int]) -> bytes:
    """For each token how many decisions spell it, so that a text of such counts takes the fewest (Huffman 1952).

    A byte a token; the end of a document has none.
    """
    heap: list[Any] = [
        (1 + int(n), token, (token,)) for token, n in enumerate(counts) if token != END_OF_DOCUMENT
    ]
    heapq.heapify(heap)
    lengths = bytearray(len(counts))
    # The second place of an entry is unique, so that ties are broken the same way everywhere.
    for unique in range(len(counts), 2 * len(counts) - 2):
        (f, _, left), (g, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for token in left + right:
            lengths[token] += 1
        heapq.heappush(heap, (f + g, unique, left + right))
    return bytes(lengths)


def token_counts(shards: Sequence[Path], vocab_size: int) -> list[int]:
    """How often each id comes in the training text."""
    counts = np.zeros(vocab_size, np.int64)
    for shard in shards:
        counts += np.bincount(open_token_shard(shard), minlength=len(counts))
    return [int(n) for n in counts]


def tree_lengths(shards: Sequence[Path], vocab_size: int) -> bytes:
    """The paths of the tree that suits the training text."""
    return path_lengths(token_counts(shards, vocab_size))
