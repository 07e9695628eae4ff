"""Reads tokens with a model and a mixer, learns from them, and can undo what it learnt.

What is learnt on the way through a document is provisional until `forget`: of the mixer's memory, which is small, a
copy is kept; of its table, what changes is written to a journal.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tokenizer.base import END_OF_DOCUMENT, Tokenizer
from .coding_loop import DECODE, LEARN, PIECE, parse, read_tokens
from .compiled_transformer import build_model, forward, new_state
from .state import RATES, AdaptConfig, new_memory, new_scene
from .token_tree import TokenTree, tree_of

SLICE = 4096  # tokens that are read at once, which bounds what has to be kept to undo them

Tokens = NDArray[np.int64]
NO_ENTRIES = np.zeros((0, 2), np.uint32)
NO_ROWS = np.zeros((0, 3), np.float32)
NO_CODER = np.zeros(4, np.uint64)
NO_DATA = np.zeros(0, np.uint8)
MIXER = "mixer"  # the tensor of what the mixer's first weights are above those of the configuration


# Decisions that first weights which were learnt are worth: they move slower than others would.
EXPERIENCE = 5000


class Mixer:
    """What a mixer has learnt, and how far it has come."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        tree: TokenTree,
        config: AdaptConfig,
        first_weights: NDArray[np.float32] | None = None,
    ) -> None:
        """first_weights [rows, inputs]: what is added to those of the configuration, see memory.mixer_shape."""
        self.tokenizer, self.config = tokenizer, config
        self.memory = new_memory(
            tokenizer.vocab_size, len(config.contexts), config.model_weight, config.context_weight
        )
        if first_weights is not None:
            self.memory["weights"] += first_weights
            self.memory["decisions"] = EXPERIENCE
        self.table = np.zeros((len(config.contexts), 1 << config.table_bits), np.uint32)
        self.history = np.zeros(0, np.int32)
        rates = [getattr(config, name) for name in RATES]
        self.scene = new_scene(
            tree_of(tree, tokenizer.pieces),
            tokenizer.pieces,
            config.contexts,
            rates,
            self.memory["weights"].shape[2],
        )

    def make_room(self, tokens: int) -> None:
        """Have room for so many more tokens in the history."""
        read_so_far = int(self.memory["read"][0])
        if read_so_far + tokens > len(self.history):
            longer = np.zeros(2 * (read_so_far + tokens), np.int32)
            longer[:read_so_far] = self.history[:read_so_far]
            self.history = longer

    def take(
        self,
        logits: NDArray[np.float32],
        tokens: Tokens,
        stop: int = -1,
        mode: int = LEARN,
        *,
        coder: Any = NO_CODER,
        data: Any = NO_DATA,
        rows: Any = NO_ROWS,
        entries: Any = NO_ENTRIES,
        counts: Any = None,
    ) -> int:
        """Go on by the tokens [T] with the model's logits [T, V], for which there is room; see reading.read_tokens."""
        return int(
            read_tokens(
                *(self.scene, self.memory, self.table, self.history, logits, tokens, stop, mode),
                *(coder, data, rows, entries, np.zeros(2, np.int64) if counts is None else counts),
            )
        )


class Reader(Mixer):
    """A model, a mixer, and how far they have come. Everything happens in the thread that calls."""

    ahead: Tokens | None  # what was read since the document's beginning
    closed: bool  # whether the model has seen the last token of that
    kept: NDArray[Any] | None  # the memory at the document's beginning
    journals: list[Any]  # what undoes the changes of the table since

    def __init__(
        self,
        options: Mapping[str, Any],
        weights: Mapping[str, NDArray[np.float32]],
        tokenizer: Tokenizer,
        tree: TokenTree,
        config: AdaptConfig,
    ) -> None:
        """options: those of a LanguageModel that compiled.build_model knows; weights: its tensors by name, and MIXER
        where the mixer's first weights were learnt.
        """
        super().__init__(tokenizer, tree, config, weights.get(MIXER))
        self.model = build_model(options, weights)
        self.forget()

    def another(self) -> "Reader":
        """One that shares the model and has come as far; read nothing with this one before."""
        copy = object.__new__(Reader)
        copy.__dict__ = {name: value.copy() for name, value in vars(self).items() if name in OWN}
        copy.model = self.model
        copy.forget()
        return copy

    def parse(self, bits: Any) -> tuple[Tokens, int]:
        """Whole tokens and one more, which begins with the decisions after them; how many those are."""
        bits = np.asarray(bits, np.int64)
        if bits.size and not 0 <= bits.min() <= bits.max() <= 1:
            raise ValueError(f"decisions must be 0 or 1; got {bits.min()} to {bits.max()}")
        tokens = np.zeros(len(bits) + 1, np.int64)
        count, depth = parse(self.scene, bits, tokens)
        return tokens[: count + 1], depth

    def decisions(self, tokens: Tokens) -> int:
        """How many decisions spell the tokens; the end of a document takes none."""
        return int(self.scene["length"][0, tokens].sum())

    def read(
        self,
        tokens: Tokens,
        stop: int,
        mode: int,
        rows: Any = NO_ROWS,
        *,
        coder: Any = NO_CODER,
        data: Any = NO_DATA,
        journal: bool = False,
    ) -> int:
        """Go on by up to SLICE tokens; how many there were. For the rest see reading.read_tokens."""
        self.make_room(len(tokens))
        entries, counts = NO_ENTRIES, np.zeros(2, np.int64)
        if journal:
            longest = self.scene["bits"].shape[2]
            decisions = longest * len(tokens) if mode == DECODE else self.decisions(tokens)
            entries = np.empty((max(1, decisions * len(self.table)), 2), np.uint32)
        piece, done = 1 if mode == DECODE else PIECE, 0
        while done < len(tokens) and (not done or tokens[done - 1] != END_OF_DOCUMENT):
            part = tokens[done : done + piece]
            logits = np.empty((len(part), self.scene["length"].shape[1]), np.float32)
            forward(self.model, self.state, np.append(self.memory["last"][0, 0], part[:-1]), logits)
            last = stop if done + piece >= len(tokens) else -1
            done += self.take(
                logits, part, last, mode, coder=coder, data=data, rows=rows, entries=entries, counts=counts
            )
        if journal:
            self.journals.append(entries[: counts[1]])
        return done

    def learn(self, tokens: Tokens, *, journal: bool = False) -> None:
        """Read without telling what was predicted."""
        for start in range(0, len(tokens), SLICE):
            self.read(tokens[start : start + SLICE], -1, LEARN, journal=journal)

    def behind(self, tokens: Tokens) -> Tokens | None:
        """What of `tokens` was not read yet; None if something else was."""
        if self.ahead is None or not np.array_equal(self.ahead, tokens[: len(self.ahead)]):
            return None
        return tokens[len(self.ahead) :]

    def keep(self) -> None:
        """Remember the state between two documents."""
        self.kept, self.journals = self.memory.copy(), []

    def restore(self, memory: NDArray[Any], journals: int) -> None:
        """Back to a memory that was kept when there were so many journals."""
        table = self.table.reshape(-1)
        while len(self.journals) > journals:
            # Backwards, so that what was there first stays.
            entries = self.journals.pop()[::-1]
            table[entries[:, 0]] = entries[:, 1]
        self.memory = memory

    def undo(self) -> None:
        """Back to what was kept, at the beginning of a document."""
        if self.kept is not None:
            self.restore(self.kept, 0)
        self.forget()

    def forget(self) -> None:
        """Begin a document: nothing was read of it, and what was learnt stays."""
        self.ahead, self.closed, self.kept, self.journals = None, False, None, []
        self.state = new_state(self.model)


OWN = ("memory", "table", "history", "scene")
