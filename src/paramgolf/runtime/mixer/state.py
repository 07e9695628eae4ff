"""What the mixer is told, remembers and works with: options, and records of arrays for compiled code."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..tokenizer.base import END_OF_DOCUMENT
from .token_tree import GROUPS

MATCHES = (6, 3)  # tokens that a match must have
STEADY = 15  # longest count of a history, and the longest match that is told apart
CELLS = 33  # of a calibration, over log-odds from -8 to 8
BOUND = 1e-6  # no decision is more certain
PAIRS = 1 << 16
MATCH_SLOTS = 1 << 18
FIRST_CONTEXT = 2 + 2 * len(MATCHES)  # inputs before those of the contexts

# What an input of [adapt] contexts looks at. A word is letters; lower: without case; top: what the model finds
# likeliest; bytesN: the last N bytes, however they were cut into tokens.
CONTEXTS = (
    *("none", "last1", "last2", "last3", "last4", "last5", "last6"),
    *("word", "word-word1", "word-word1-word2", "word-word2", "word-word1-word2-word3"),
    *("skip1", "skip2", "skip1-skip2", "last1-skip2", "skip1-skip2-skip3"),
    *("lower", "lower-lower1", "lower-lower1-lower2", "lower-lower2"),
    *("top", "top-last1", "top-top2", "top-word", "top-lower1"),
    *("bytes3", "bytes4", "bytes5", "bytes6", "bytes8"),
    *("line-last1", "column-last1", "mark-word", "follower1", "follower2"),
)  # fmt: skip

# In front of a name: the same context, in this document alone.
WITHIN = "document-"

# Of AdaptConfig, in the order in which the kernels read them.
RATES = (
    "rate",
    "rate_floor",
    "rate_decay",
    "set_rate",
    "slot_floor",
    "map_floor",
    "match_rate",
    "calibration_rate",
)


@dataclass(frozen=True, kw_only=True)
class AdaptConfig:
    """What a mixer looks at (CONTEXTS), and how fast it learns."""

    contexts: Annotated[
        tuple[str, ...],
        "Of which contexts of a token what came before is counted while text is scored; none: the model "
        "alone.",
    ] = ()
    scope: Annotated[
        Literal["document", "text"],
        "How far back memory goes: the document's beginning (the fixed track), or that of the text.",
    ] = "text"
    table_bits: Annotated[int, "Each context counts in 2^table_bits slots of 4 bytes."] = 20
    rate: Annotated[float, "How fast the mixer's weights learn at the start, beside the floor."] = 0.02
    rate_floor: Annotated[float, "How fast they learn in the end."] = 0.002
    rate_decay: Annotated[float, "The rate is divided by 1 + this for each decision made."] = 1e-4
    set_rate: Annotated[float, "How fast the weights of the mixer's sets among each other learn."] = 0.002
    slot_floor: Annotated[float, "Least share of a new decision in the probability of a slot."] = 0.03
    map_floor: Annotated[float, "Least share of a new decision in the probability of a history."] = 0.01
    match_rate: Annotated[float, "Share of a new decision in the trust in a match."] = 0.01
    calibration_rate: Annotated[float, "Share of a new decision in the last calibration."] = 0.02
    model_weight: Annotated[float, "The model's weight in the mixer before anything was read."] = 0.6
    context_weight: Annotated[float, "Each context's weight then."] = 0.08

    def __post_init__(self) -> None:
        if unknown := sorted({name.removeprefix(WITHIN) for name in self.contexts} - set(CONTEXTS)):
            raise ValueError(
                f"contexts has {', '.join(unknown)}; there are {', '.join(CONTEXTS)}, each also behind {WITHIN!r}"
            )
        if self.scope == "document" and (within := [n for n in self.contexts if n.startswith(WITHIN)]):
            raise ValueError(
                f"contexts has {', '.join(within)}, but in the scope 'document' each context is the document's own: "
                f"leave {WITHIN!r} out"
            )
        if not 8 <= self.table_bits <= 24:
            raise ValueError(f"table_bits is {self.table_bits}; allowed are 8 to 24")
        for name in (*RATES, "model_weight", "context_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are 0 to 1")


def record(**fields: NDArray[Any]) -> NDArray[Any]:
    """Arrays as the fields of one record, in an array of one: what compiled code takes as a single pointer."""
    dtype = np.dtype([(name, value.dtype, value.shape) for name, value in fields.items()], align=True)
    result = np.zeros(1, dtype)
    for name, value in fields.items():
        result[name][0] = value
    return result


def next_histories() -> NDArray[np.int64]:
    """What a history (16 x noes + yeses, each at most 15) becomes: a surprise shortens the other count."""
    after = np.zeros((256, 2), np.int64)
    for seen in range(256):
        for bit in range(2):
            counts = [seen >> 4, seen & 15]
            counts[bit] = min(counts[bit] + 1, STEADY)
            other = counts[1 - bit]
            if other > 2:
                counts[1 - bit] = 2 if other == 3 else (other + 4) // 3 + (other > 8)
            after[seen, bit] = 16 * counts[0] + counts[1]
    return after


def set_sizes(vocab_size: int) -> list[int]:
    """How many rows of weights each set has; see mixing.decision for what chooses among them."""
    return [vocab_size, 5 * 7, 48, 24, vocab_size, 50, 3 * GROUPS]


def mixer_shape(vocab_size: int, contexts: int) -> tuple[int, int]:
    """Rows of all sets of weights, and inputs, which are padded for the processor's vectors."""
    return sum(set_sizes(vocab_size)), -(-(FIRST_CONTEXT + 2 * contexts) // 16) * 16


def new_memory(vocab_size: int, contexts: int, model_weight: float, context_weight: float) -> NDArray[Any]:
    """The record of a memory that has read nothing; the mixer begins with these weights."""
    seen = np.arange(256)
    noes, yeses = seen >> 4, seen & 15
    sizes = set_sizes(vocab_size)
    weights = np.zeros(mixer_shape(vocab_size, contexts), np.float32)
    weights[:, 1] = model_weight
    weights[:, 2:FIRST_CONTEXT] = 0.1
    weights[:, FIRST_CONTEXT : FIRST_CONTEXT + 2 * contexts] = context_weight
    line = (1 / (1 + np.exp(8 - np.arange(CELLS) / 2))).astype(np.float32)
    trust = 0.7 * (np.arange(8) - 3.5) + 0.2 * np.arange(STEADY + 1)[:, None]
    matches = len(MATCHES)
    memory = record(
        # probability of yes after a history, and how often it came
        maps=np.tile(((yeses + 0.4) / (noes + yeses + 0.8)).astype(np.float32), (contexts, 1)),
        map_counts=np.full((contexts, 256), 5, np.float32),
        weights=weights,  # rows of all sets
        set_weights=np.full((48, len(sizes)), 1 / len(sizes), np.float32),
        node_calibration=np.tile(line, (vocab_size, 1)),
        pair_calibration=np.tile(line, (PAIRS, 1)),
        # probability that a match is right, by its length and by what the model thinks of it
        match_maps=np.tile((1 / (1 + np.exp(-trust))).astype(np.float32), (matches, 1, 1)),
        match_slots=np.zeros((matches, MATCH_SLOTS), np.int32),  # where the last tokens came before
        match_at=np.zeros(matches, np.int64),  # the place of the token expected
        match_length=np.zeros(matches, np.int64),
        last=np.zeros(6, np.int64),  # tokens, newest first
        words=np.zeros(4, np.int64),  # hashes of the word being written and of those before
        lower=np.zeros(3, np.int64),  # the same without case
        bytes=np.zeros(8, np.int64),  # newest first
        read=np.array(0),  # tokens
        documents=np.array(0),
        column=np.array(0),  # words in this line
        line=np.array(0),  # hash of its first word
        mark=np.array(0),  # the last one
        decisions=np.array(0),
        follower=np.zeros(vocab_size, np.int64),  # the last two tokens that followed each token
        pair_follower=np.zeros(PAIRS, np.int64),  # the last token that followed a pair
    )
    memory["words"][0, 0] = memory["lower"][0, 0] = 1
    memory["last"][0, 0] = END_OF_DOCUMENT
    return memory


def new_scene(
    tree: dict[str, NDArray[np.int64]],
    pieces: list[bytes],
    contexts: tuple[str, ...],
    rates: list[float],
    inputs: int,
) -> NDArray[Any]:
    """The record of what does not change, and of room to work in, for `inputs` inputs of the mixer."""
    V, N = len(pieces), len(contexts)
    spelling = np.zeros((V, max(map(len, pieces))), np.int64)
    for token, piece in enumerate(pieces):
        spelling[token, : len(piece)] = list(piece)
    probability = (np.arange(4096) + 0.5) / 4096
    sizes = set_sizes(V)
    return record(
        **tree,
        spelling=spelling,
        spelled=np.array([len(piece) for piece in pieces]),
        chosen=np.array([CONTEXTS.index(name.removeprefix(WITHIN)) for name in contexts], np.int64),
        within=np.array([name.startswith(WITHIN) for name in contexts], np.int64),
        rates=np.array(rates),
        inverse_temperature=np.array(1.0),  # of what is decoded
        learning=np.array(1),  # 0: what is read now teaches nothing
        logits_of=np.log(probability / (1 - probability)).astype(np.float32),
        next_history=next_histories(),
        first_row=np.cumsum([0, *sizes[:-1]]),  # of each set's weights
        # What a prediction leaves for learning:
        x=np.zeros(inputs, np.float32),
        contexts=np.zeros(len(CONTEXTS), np.int64),
        index=np.zeros(N, np.int64),
        slot=np.zeros(N, np.uint32),
        rows=np.zeros(len(sizes), np.int64),
        odds=np.zeros(len(sizes), np.float32),
        p=np.zeros(V, np.float32),
        exponents=np.zeros(V, np.int32),
        sums=np.zeros(V, np.float64),  # of the model's probabilities, over leaves
        match=np.zeros(
            (len(MATCHES), 3), np.int64
        ),  # token expected; place in its map, -1: none; decision expected
        cell=np.zeros(2, np.int64),  # of the calibrations: along the odds, and row of the pair
        mixed=np.zeros(2, np.float32),  # probability before calibration, and part of the next cell
    )
