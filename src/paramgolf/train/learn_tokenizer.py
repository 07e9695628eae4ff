"""Train a tokenizer on the training split."""

import json
from collections.abc import Iterable, Iterator

from tokenizers import Regex
from tokenizers import Tokenizer as Learner
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import BpeTrainer

from paramgolf.errors import ConfigError
from paramgolf.runtime.tokenizer import FIRST_MERGE, PIECES, Tokenizer

# More text changes the merges little and costs time.
TRAINING_BYTES = 32_000_000
LARGEST_VOCABULARY = 65_536  # tokens are stored as uint16


def train_tokenizer(documents: Iterable[bytes], vocab_size: int) -> Tokenizer:
    """Learn the merges of a tokenizer with `vocab_size` ids from the first TRAINING_BYTES of `documents`.

    A text too small to give that many merges gives fewer: see `Tokenizer.vocab_size`.

    Raises:
        ConfigError: `vocab_size` is smaller than the byte alphabet or too large for uint16.
    """
    if not FIRST_MERGE <= vocab_size <= LARGEST_VOCABULARY:
        raise ConfigError(
            f"tokenizer.vocab_size is {vocab_size}; allowed are {FIRST_MERGE} (bytes and the end of a document, "
            f"no merges) to {LARGEST_VOCABULARY}"
        )
    if vocab_size == FIRST_MERGE:
        return Tokenizer()
    # Every byte becomes the character of the same number, so that pieces are the runtime's pieces to the byte.
    learner = Learner(BPE())
    learner.pre_tokenizer = Split(Regex(PIECES), "isolated")
    alphabet = [chr(i) for i in range(256)]
    trainer = BpeTrainer(
        vocab_size=vocab_size - 1, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    learner.train_from_iterator(_latin(documents), trainer)
    return Tokenizer(_merges(learner))


def _latin(documents: Iterable[bytes]) -> Iterator[str]:
    taken = 0
    for document in documents:
        yield document.decode("latin-1")
        taken += len(document)
        if taken >= TRAINING_BYTES:
            return


def _merges(learner: Learner) -> list[tuple[int, int]]:
    """The learner's merges in order, as pairs of our ids."""
    ids = {chr(i): i for i in range(256)}
    merges = []
    for a, b in json.loads(learner.to_str())["model"]["merges"]:
        merges.append((ids[a], ids[b]))
        ids.setdefault(a + b, FIRST_MERGE + len(merges) - 1)
    return merges
