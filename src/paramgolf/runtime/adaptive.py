"""Predictors with a mixer that learns as it reads: what the harness calls, and the codec.

Their alphabet is {no, yes, end of document}: a token is a path of decisions in a tree. What `predict` learns on its
way through a document is provisional: it is undone when something else is asked. A document's own predictor forgets
it for good; the adaptive one keeps it when `learn` says that just this document was scored.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .artifact import read_artifact
from .compiled import build_model, forward, new_state, weight_shapes
from .memory import RATES, AdaptConfig, new_memory, new_scene
from .reading import DECODE, ENCODE, LEARN, PIECE, SCORE, parse, read_tokens
from .tokenizer import END_OF_DOCUMENT, HEADER, Tokenizer, header, read_tokenizer
from .tree import tree_of
from .weights import decode_weights

SLICE = 4096  # tokens that are read at once, which bounds what has to be kept to undo them
WORST_BYTES = 4  # that a decision can take

Tokens = NDArray[np.int64]
NO_ENTRIES = np.zeros((0, 2), np.uint32)
NO_ROWS = np.zeros((0, 3), np.float32)
NO_CODER = np.zeros(4, np.uint64)
NO_DATA = np.zeros(0, np.uint8)


class DocumentPredictor:
    """Learns from a document while it reads it, and begins each as if it were the first. One thread."""

    vocab_size = 3
    end_of_document = 2
    batch_documents = 1

    def __init__(
        self,
        options: Mapping[str, Any],
        weights: Mapping[str, NDArray[np.float32]],
        tokenizer: Tokenizer,
        lengths: bytes,
        config: AdaptConfig,
    ) -> None:
        """options: those of a LanguageModel that compiled.build_model knows; weights: its tensors by name."""
        self.tokenizer, self.model = tokenizer, build_model(options, weights)
        self.state = new_state(self.model)
        self.memory = new_memory(
            tokenizer.vocab_size, len(config.contexts), config.model_weight, config.context_weight
        )
        self.table = np.zeros((len(config.contexts), 1 << config.table_bits), np.uint32)
        self.history = np.zeros(0, np.int32)
        rates = [getattr(config, name) for name in RATES]
        tree = tree_of(lengths, tokenizer.pieces)
        self.scene = new_scene(
            tree, tokenizer.pieces, config.contexts, rates, self.memory["weights"].shape[2]
        )
        # What was read since the document's beginning, whether the model has seen its last token, and what undoes it.
        self._ahead: Tokens | None = None
        self._closed = False
        self._kept: NDArray[Any] | None = None
        self._journals: list[Any] = []

    def encode(self, document: bytes) -> NDArray[np.int32]:
        """The decisions of a document's tokens, int32 [T], each 0 or 1."""
        tokens = self.tokenizer.encode(document)
        steps = np.arange(self.scene["bits"].shape[2])
        return self.scene["bits"][0, tokens][steps < self.scene["length"][0, tokens][:, None]].astype(
            np.int32
        )

    def decode(self, bits: Any) -> bytes:
        """The document whose decisions are `bits`; a token that is not whole yet spells nothing."""
        tokens, _ = self._parse(bits)
        return self.tokenizer.decode(tokens[:-1])

    def predict(self, batch: Sequence[Any]) -> Iterator[NDArray[np.float32]]:
        """Logits in blocks [1, rows, 3]: T+1 rows, row t given bits[:t] and what was learnt before."""
        for bits in batch:
            tokens, depth = self._parse(bits)
            self._undo()
            self._keep()
            for start in range(0, len(tokens), SLICE):
                part = tokens[start : start + SLICE]
                last = start + SLICE >= len(tokens)
                count = int(self.scene["length"][0, part].sum())
                if last:
                    count += depth + 1 - int(self.scene["length"][0, part[-1]])
                rows = np.empty((count, 3), np.float32)
                self._read(part, depth if last else -1, SCORE, rows, journal=True)
                yield rows[None]
            self._ahead, self._closed = (None if depth else tokens[:-1]), True

    def predict_next(self, bits: Any) -> NDArray[np.float32]:
        """The last row of predict([bits]), [3]. Goes on from the question before where that was a beginning of this."""
        tokens, depth = self._parse(bits)
        new = self._behind(tokens[:-1])
        if new is None or self._closed:
            self._undo()
            self._keep()
            new = tokens[:-1]
        self._learn(new, journal=True)
        self._ahead, self._closed = tokens[:-1], False
        memory, state = self.memory.copy(), self.state.copy()
        rows, before = np.empty((depth + 1, 3), np.float32), len(self._journals)
        self._read(tokens[-1:], depth, SCORE, rows, journal=True)
        self._restore(memory, before)
        self.state = state
        return rows[-1]

    def compress(self, documents: list[bytes]) -> bytes:
        """The documents in fewer bytes."""
        self._undo()
        coder = np.array([0, 2**64 - 1, 0, 0], np.uint64)
        parts = [header(documents)]
        for document in documents:
            journal = self._open()
            tokens = np.append(self.tokenizer.encode(document), END_OF_DOCUMENT).astype(np.int64)
            for start in range(0, len(tokens), SLICE):
                part = tokens[start : start + SLICE]
                data = np.empty(WORST_BYTES * int(self.scene["length"][0, part].sum() + 16), np.uint8)
                coder[3] = 0
                self._read(part, -1, ENCODE, coder=coder, data=data, journal=journal)
                parts.append(data[: int(coder[3])].tobytes())
            self._close()
        # Any number between the bounds will do; the decoder reads zeros behind the last byte.
        return b"".join(parts) + bytes([(int(coder[0]) >> 56) + 1])

    def decompress(self, data: bytes) -> list[bytes]:
        """The documents that `compress` was given. Raises ValueError on other data."""
        self._undo()
        if len(data) < HEADER:
            raise ValueError(f"{len(data)} bytes are no compressed documents: expected {HEADER} or more")
        source = np.frombuffer(data[HEADER:], np.uint8).copy()  # a kernel takes no read-only arrays
        coder = np.array(
            [0, 2**64 - 1, int.from_bytes(data[HEADER : HEADER + 8].ljust(8, b"\0"), "big"), 8], np.uint64
        )
        left, documents = self.tokenizer.growth * int.from_bytes(data[8:HEADER], "little"), []
        for _ in range(int.from_bytes(data[:4], "little")):
            journal = self._open()
            pieces: list[Tokens] = []
            while not pieces or pieces[-1][-1] != END_OF_DOCUMENT:
                part = np.zeros(SLICE, np.int64)
                part = part[: self._read(part, -1, DECODE, coder=coder, data=source, journal=journal)]
                left -= int(self.scene["spelled"][0, part].sum())
                if left < 0:
                    # Damaged data would go on without end.
                    raise ValueError(
                        "the compressed data spell more text than they announce: they are damaged"
                    )
                pieces.append(part)
            self._close()
            documents.append(self.tokenizer.decode(np.concatenate(pieces)[:-1]))
        if header(documents) != data[:HEADER]:
            raise ValueError(
                "the decompressed documents have another checksum: the data are damaged, or were compressed by "
                "another artifact or on a machine whose arithmetic rounds differently"
            )
        return documents

    def sample(self, prompt: bytes, tokens: int, temperature: float, seed: int) -> Iterator[bytes]:
        """Continue `prompt` by up to `tokens` tokens, by decoding noise; temperature 0: the likeliest decisions.

        Only the prompt teaches: who learns from his own words says the same ones for ever.
        """
        self._undo()
        self._keep()
        self._learn(self.tokenizer.encode(prompt).astype(np.int64), journal=True)
        noise = np.random.default_rng(seed).integers(0, 256, 64 * tokens + 8, np.uint8)
        coder = np.array([0, 2**64 - 1, int.from_bytes(noise[:8].tobytes(), "big"), 8], np.uint64)
        self.scene["inverse_temperature"], self.scene["learning"] = min(1 / max(temperature, 1e-3), 1e3), 0
        chosen: list[int] = []
        for _ in range(tokens):
            token = np.zeros(1, np.int64)
            self._read(token, -1, DECODE, coder=coder, data=noise, journal=True)
            if token[0] == END_OF_DOCUMENT:
                break
            # A token may change what the one before it spells, but never take a byte back.
            said = len(self.tokenizer.decode(chosen))
            chosen.append(int(token[0]))
            yield self.tokenizer.decode(chosen)[said:]
        self.scene["inverse_temperature"], self.scene["learning"] = 1.0, 1
        self._undo()

    def _parse(self, bits: Any) -> tuple[Tokens, int]:
        """Whole tokens and one more, which begins with the decisions behind them; how many those are."""
        bits = np.asarray(bits, np.int64)
        if bits.size and not 0 <= bits.min() <= bits.max() <= 1:
            raise ValueError(f"decisions must be 0 or 1; got {bits.min()} to {bits.max()}")
        tokens = np.zeros(len(bits) + 1, np.int64)
        count, depth = parse(self.scene, bits, tokens)
        return tokens[: count + 1], depth

    def _read(
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
        read_so_far = int(self.memory["read"][0])
        if read_so_far + len(tokens) > len(self.history):
            longer = np.zeros(2 * (read_so_far + len(tokens)), np.int32)
            longer[:read_so_far] = self.history[:read_so_far]
            self.history = longer
        entries, counts = NO_ENTRIES, np.zeros(2, np.int64)
        if journal:
            longest = self.scene["bits"].shape[2]
            decisions = (
                longest * len(tokens) if mode == DECODE else int(self.scene["length"][0, tokens].sum())
            )
            entries = np.empty((max(1, decisions * len(self.table)), 2), np.uint32)
        piece, done = 1 if mode == DECODE else PIECE, 0
        while done < len(tokens) and (not done or tokens[done - 1] != END_OF_DOCUMENT):
            part = tokens[done : done + piece]
            logits = np.empty((len(part), len(self.tokenizer.pieces)), np.float32)
            forward(self.model, self.state, np.append(self.memory["last"][0, 0], part[:-1]), logits)
            last = stop if done + piece >= len(tokens) else -1
            done += read_tokens(
                *(self.scene, self.memory, self.table, self.history, logits, part, last, mode),
                *(coder, data, rows, entries, counts),
            )
        if journal:
            self._journals.append(entries[: counts[1]])
        return done

    def _learn(self, tokens: Tokens, *, journal: bool = False) -> None:
        for start in range(0, len(tokens), SLICE):
            self._read(tokens[start : start + SLICE], -1, LEARN, journal=journal)

    def _behind(self, tokens: Tokens) -> Tokens | None:
        """What of `tokens` was not read yet; None if something else was."""
        if self._ahead is None or not np.array_equal(self._ahead, tokens[: len(self._ahead)]):
            return None
        return tokens[len(self._ahead) :]

    def _open(self) -> bool:
        """Begin to code a document; whether what it teaches has to be undone."""
        self._keep()
        return True

    def _close(self) -> None:
        """The document was coded."""
        self._undo()

    def _keep(self) -> None:
        """Remember the state between two documents: what is small as it is, of the table what changes."""
        self._kept, self._journals = self.memory.copy(), []

    def _restore(self, memory: NDArray[Any], journals: int) -> None:
        """Back to a memory that was kept when there were so many journals."""
        table = self.table.reshape(-1)
        while len(self._journals) > journals:
            # Backwards, so that what was there first stays.
            entries = self._journals.pop()[::-1]
            table[entries[:, 0]] = entries[:, 1]
        self.memory = memory

    def _undo(self) -> None:
        """Back to what was learnt last."""
        if self._kept is not None:
            self._restore(self._kept, 0)
        self._forget()

    def _forget(self) -> None:
        """Begin a document: nothing was read of it."""
        self._ahead, self._closed, self._kept, self._journals = None, False, None, []
        self.state = new_state(self.model)


class AdaptivePredictor(DocumentPredictor):
    """Learns from each document for those behind it, in the order given."""

    def learn(self, batch: Sequence[Any]) -> None:
        """Keep what the documents teach, which were scored just now."""
        for bits in batch:
            tokens = np.append(self._parse(bits)[0][:-1], END_OF_DOCUMENT)
            new = self._behind(tokens)
            if new is None or (self._closed and len(new) > 1):
                self._undo()
                new = tokens
            self._learn(new)
            self._forget()

    def _open(self) -> bool:
        return False

    def _close(self) -> None:
        self._forget()


def predictor_class(config: AdaptConfig) -> type[DocumentPredictor]:
    """Which of them has the scope of `config`."""
    return DocumentPredictor if config.scope == "document" else AdaptivePredictor


def load_from(config: Mapping[str, Any], tokenizer: bytes, weights: bytes) -> DocumentPredictor:
    """A predictor from the three files of an artifact."""
    fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in config["adapt"].items()}
    lengths = bytes(ord(length) - ord("0") for length in fields.pop("tree"))
    arrays = decode_weights(weights, weight_shapes(config["model"]))
    adapt = AdaptConfig(**fields)
    return predictor_class(adapt)(config["model"], arrays, read_tokenizer(tokenizer), lengths, adapt)


def load() -> DocumentPredictor:
    """The predictor of the artifact that this module was imported from."""
    return load_from(*read_artifact())
