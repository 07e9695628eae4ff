"""Train a tokenizer on the training split."""

import json
from collections.abc import Callable, Iterable, Iterator

from tokenizers import Regex
from tokenizers import Tokenizer as Learner
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Split
from tokenizers.trainers import BpeTrainer

from paramgolf.common.names import look_up
from paramgolf.corpus.token_shards import LARGEST_VOCABULARY
from paramgolf.errors import ConfigError
from paramgolf.runtime.tokenizer.base import FIRST_LEARNT, PIECES, Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.case import CaseFolding, fold
from paramgolf.runtime.tokenizer.unigram import Unigram
from paramgolf.train.data.learn_unigram import learn_unigram

# More text changes the merges little and costs time.
TRAINING_BYTES = 32_000_000


def train_tokenizer(
    documents: Iterable[bytes], vocab_size: int, *, kind: str = "bpe", case: bool = False
) -> Tokenizer:
    """Learn a tokenizer with `vocab_size` ids from the first TRAINING_BYTES of `documents`.

    kind: one of KINDS; case: on text whose capitals are operators (runtime/tokenizer/case.py).
    A text too small for that many pieces gives fewer: see `Tokenizer.vocab_size`.

    Raises:
        UnknownNameError: no such kind.
        ConfigError: `vocab_size` is smaller than the byte alphabet or too large for uint16.
    """
    learn = look_up("kind of tokenizer", kind, KINDS)
    if not FIRST_LEARNT <= vocab_size <= LARGEST_VOCABULARY:
        raise ConfigError(
            f"tokenizer.vocab_size is {vocab_size}; allowed are {FIRST_LEARNT} (bytes and the end of a document, "
            f"nothing learnt) to {LARGEST_VOCABULARY}"
        )
    texts = map(fold, _first(documents)) if case else _first(documents)
    tokenizer = learn(texts, vocab_size - FIRST_LEARNT) if vocab_size > FIRST_LEARNT else Tokenizer()
    return CaseFolding(tokenizer) if case else tokenizer


def unlearnt_tokenizer(*, kind: str, case: bool) -> Tokenizer:
    """One of that kind which has learnt nothing yet."""
    tokenizer: Tokenizer = Unigram([], [1] * 256) if kind == "unigram" else BytePairs()
    return CaseFolding(tokenizer) if case else tokenizer


def _learn_pairs(documents: Iterable[bytes], count: int) -> BytePairs:
    """Byte-pair encoding with `count` merges."""
    # Every byte becomes the character of the same number, so that pieces are the runtime's pieces to the byte.
    learner = Learner(BPE())
    learner.pre_tokenizer = Split(Regex(PIECES), "isolated")
    alphabet = [chr(i) for i in range(256)]
    trainer = BpeTrainer(
        vocab_size=256 + count, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    learner.train_from_iterator((document.decode("latin-1") for document in documents), trainer)
    return BytePairs(_merges(learner))


def _first(documents: Iterable[bytes]) -> Iterator[bytes]:
    taken = 0
    for document in documents:
        yield document
        taken += len(document)
        if taken >= TRAINING_BYTES:
            return


def _merges(learner: Learner) -> list[tuple[int, int]]:
    """The learner's merges in order, as pairs of our ids."""
    ids = {chr(i): i for i in range(256)}
    merges = []
    for a, b in json.loads(learner.to_str())["model"]["merges"]:
        merges.append((ids[a], ids[b]))
        ids.setdefault(a + b, FIRST_LEARNT + len(merges) - 1)
    return merges


KINDS: dict[str, Callable[[Iterable[bytes], int], Tokenizer]] = {
    "bpe": _learn_pairs,
    "unigram": learn_unigram,
}
