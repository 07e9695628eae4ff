"""Predictors with a mixer that learns as it reads: what the harness calls, and the codec.

Their alphabet is {no, yes, end of document}: a token is a path of decisions in a tree. What `predict` learns on its
way through a document is provisional: it is undone when something else is asked. A document's own predictor forgets
it for good; the adaptive one keeps it when `learn` says that just this document was scored.

Documents that know nothing of each other are read on several cores at once, each by a reader of its own. Every
document's numbers are the same whatever the others are, and however many cores there are.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..tokenizer.base import END_OF_DOCUMENT, HEADER, header
from ..tokenizer.packed import read_tokenizer
from .coding_loop import DECODE, ENCODE, SCORE
from .compiled_transformer import weight_shapes
from .reader import MIXER, SLICE, Reader, Tokens
from .state import AdaptConfig, mixer_shape
from .token_tree import read_tree

WORST_BYTES = 4  # that a decision can take
LANES = 4  # readers of a document's own predictor, and streams of its compressed form
SIZE = 8  # bytes of the size of a stream
ROWS = 1 << 15  # that are handed out at once

To = TypeVar("To")
# weights.decode_weights, or what reads weights in its place.
Decode = Callable[[bytes, Mapping[str, tuple[int, ...]]], Mapping[str, NDArray[np.float32]]]


class DocumentPredictor:
    """Learns from a document while it reads it, and begins each as if it were the first."""

    vocab_size = 3
    end_of_document = 2
    batch_documents = LANES

    def __init__(self, reader: Reader) -> None:
        self.tokenizer, self.reader = reader.tokenizer, reader
        self.readers = [reader, *(reader.another() for _ in range(self.batch_documents - 1))]

    def encode(self, document: bytes) -> NDArray[np.int32]:
        """The decisions of a document's tokens, int32 [T], each 0 or 1."""
        tokens, scene = self.tokenizer.encode(document), self.reader.scene
        steps = np.arange(scene["bits"].shape[2])
        return scene["bits"][0, tokens][steps < scene["length"][0, tokens][:, None]].astype(np.int32)

    def decode(self, bits: Any) -> bytes:
        """The document whose decisions are `bits`; a token that is not whole yet spells nothing."""
        tokens, _ = self.reader.parse(bits)
        return self.tokenizer.decode(tokens[:-1])

    def predict(self, batch: Sequence[Any]) -> Iterator[NDArray[np.float32]]:
        """Logits in blocks [B, rows, 3]: T+1 rows, row t given bits[:t] and what was learnt before."""
        lanes = self._lanes(len(batch))
        parts = _together(lambda i: [_score(self.readers[i], bits) for bits in batch[i :: len(lanes)]], lanes)
        rows = _in_turn(parts)
        for start in range(0, max(map(len, rows)), ROWS):
            block = np.zeros((len(rows), min(ROWS, max(map(len, rows)) - start), 3), np.float32)
            for row, target in zip(rows, block, strict=True):
                part = row[start : start + ROWS]
                target[: len(part)] = part
            yield block

    def predict_next(self, bits: Any) -> NDArray[np.float32]:
        """The last row of predict([bits]), [3]. Goes on from the question before where that was a beginning of this."""
        reader = self.reader
        tokens, depth = reader.parse(bits)
        new = reader.behind(tokens[:-1])
        if new is None or reader.closed:
            reader.undo()
            reader.keep()
            new = tokens[:-1]
        reader.learn(new, journal=True)
        reader.ahead, reader.closed = tokens[:-1], False
        memory, state = reader.memory.copy(), reader.state.copy()
        rows, before = np.empty((depth + 1, 3), np.float32), len(reader.journals)
        reader.read(tokens[-1:], depth, SCORE, rows, journal=True)
        reader.restore(memory, before)
        reader.state = state
        return rows[-1]

    def compress(self, documents: list[bytes]) -> bytes:
        """The documents in fewer bytes: a stream a reader, which has every document that is its turn."""
        lanes = self._lanes(len(documents))
        streams = _together(lambda i: self._compress(self.readers[i], documents[i :: len(lanes)]), lanes)
        # The last one's size follows from the others'.
        sizes = [len(stream).to_bytes(SIZE, "little") for stream in streams[:-1]]
        return b"".join([header(documents), *sizes, *streams])

    def decompress(self, data: bytes) -> list[bytes]:
        """The documents that `compress` was given. Raises ValueError on other data."""
        count, text = int.from_bytes(data[:4], "little"), int.from_bytes(data[8:HEADER], "little")
        lanes = self._lanes(count)
        start = HEADER + SIZE * max(0, len(lanes) - 1)
        if len(data) < start:
            raise ValueError(f"{len(data)} bytes are no compressed documents: expected {start} or more")
        sizes = [int.from_bytes(data[at : at + SIZE], "little") for at in range(HEADER, start, SIZE)]
        ends = [*itertools.accumulate(sizes, initial=start), len(data)]
        if ends[-2] > len(data):
            raise ValueError(
                f"the compressed data are damaged: {len(data) - start} bytes of streams, announced are {sum(sizes)}"
            )

        def lane(i: int) -> list[bytes]:
            stream = data[ends[i] : ends[i + 1]]
            return self._decompress(self.readers[i], stream, len(range(i, count, len(lanes))), text)

        documents = _in_turn(_together(lane, lanes))
        if header(documents) != data[:HEADER]:
            raise ValueError(
                "the decompressed documents have another checksum: the data are damaged, or were compressed by "
                "another artifact or on a machine whose arithmetic rounds differently"
            )
        return documents

    def sample(self, prompt: bytes, tokens: int, temperature: float, seed: int) -> Iterator[bytes]:
        """Continue `prompt` by up to `tokens` tokens, by decoding noise; temperature 0: the likeliest decisions.

        Only the prompt is learnt from: generated text would reinforce itself.
        """
        reader = self.reader
        reader.undo()
        reader.keep()
        reader.learn(self.tokenizer.encode(prompt).astype(np.int64), journal=True)
        noise = np.random.default_rng(seed).integers(0, 256, 64 * tokens + 8, np.uint8)
        coder = np.array([0, 2**64 - 1, int.from_bytes(noise[:8].tobytes(), "big"), 8], np.uint64)
        scene = reader.scene
        scene["inverse_temperature"], scene["learning"] = min(1 / max(temperature, 1e-3), 1e3), 0
        chosen: list[int] = []
        try:
            for _ in range(tokens):
                token = np.zeros(1, np.int64)
                reader.read(token, -1, DECODE, coder=coder, data=noise, journal=True)
                if token[0] == END_OF_DOCUMENT:
                    break
                # A token may change what the one before it spells, but never take a byte back.
                said = len(self.tokenizer.decode(chosen))
                chosen.append(int(token[0]))
                yield self.tokenizer.decode(chosen)[said:]
        finally:
            scene["inverse_temperature"], scene["learning"] = 1.0, 1
            reader.undo()

    def _lanes(self, documents: int) -> range:
        """The readers that so many documents are dealt to."""
        return range(min(documents, len(self.readers)))

    def _compress(self, reader: Reader, documents: list[bytes]) -> bytes:
        reader.undo()
        coder = np.array([0, 2**64 - 1, 0, 0], np.uint64)
        parts = []
        for document in documents:
            journal = self._open(reader)
            tokens = np.append(self.tokenizer.encode(document), END_OF_DOCUMENT).astype(np.int64)
            for start in range(0, len(tokens), SLICE):
                part = tokens[start : start + SLICE]
                data = np.empty(WORST_BYTES * (reader.decisions(part) + 16), np.uint8)
                coder[3] = 0
                reader.read(part, -1, ENCODE, coder=coder, data=data, journal=journal)
                parts.append(data[: int(coder[3])].tobytes())
            self._close(reader)
        # Any number between the bounds will do; the decoder reads zeros after the last byte.
        return b"".join(parts) + bytes([(int(coder[0]) >> 56) + 1])

    def _decompress(self, reader: Reader, data: bytes, count: int, text: int) -> list[bytes]:
        """`count` documents from a stream, which may spell as much text as the data announce."""
        reader.undo()
        source = np.frombuffer(data, np.uint8).copy()  # a kernel takes no read-only arrays
        coder = np.array([0, 2**64 - 1, int.from_bytes(data[:8].ljust(8, b"\0"), "big"), 8], np.uint64)
        left, documents = self.tokenizer.growth * text, []
        for _ in range(count):
            journal = self._open(reader)
            pieces: list[Tokens] = []
            while not pieces or pieces[-1][-1] != END_OF_DOCUMENT:
                part = np.zeros(SLICE, np.int64)
                part = part[: reader.read(part, -1, DECODE, coder=coder, data=source, journal=journal)]
                left -= int(reader.scene["spelled"][0, part].sum())
                if left < 0:
                    # Damaged data would go on without end.
                    raise ValueError(
                        "the compressed data spell more text than they announce: they are damaged"
                    )
                pieces.append(part)
            self._close(reader)
            documents.append(self.tokenizer.decode(np.concatenate(pieces)[:-1]))
        return documents

    def _open(self, reader: Reader) -> bool:
        """Begin to code a document; whether what it teaches has to be undone."""
        reader.keep()
        return True

    def _close(self, reader: Reader) -> None:
        """The document was coded."""
        reader.undo()


class AdaptivePredictor(DocumentPredictor):
    """Learns from each document for those after it, in the order given."""

    batch_documents = 1

    def learn(self, batch: Sequence[Any]) -> None:
        """Keep what the documents teach, which were scored just now."""
        reader = self.reader
        for bits in batch:
            tokens = np.append(reader.parse(bits)[0][:-1], END_OF_DOCUMENT)
            new = reader.behind(tokens)
            if new is None or (reader.closed and len(new) > 1):
                reader.undo()
                new = tokens
            reader.learn(new)
            reader.forget()

    def _open(self, reader: Reader) -> bool:
        return False

    def _close(self, reader: Reader) -> None:
        reader.forget()


def _score(reader: Reader, bits: Any) -> NDArray[np.float32]:
    """All rows of a document, [T+1, 3]."""
    tokens, depth = reader.parse(bits)
    reader.undo()
    reader.keep()
    rows = np.empty((len(bits) + 1, 3), np.float32)
    done = 0
    for start in range(0, len(tokens), SLICE):
        part = tokens[start : start + SLICE]
        last = start + SLICE >= len(tokens)
        reader.read(part, depth if last else -1, SCORE, rows[done:], journal=True)
        done += reader.decisions(part)
    reader.ahead, reader.closed = (None if depth else tokens[:-1]), True
    return rows


def _together(work: Callable[[int], To], lanes: range) -> list[To]:
    """What `work` gives for each lane, on as many cores as there are; compiled code needs no interpreter."""
    threads = min(len(lanes), os.cpu_count() or 1)
    if threads < 2:
        return [work(lane) for lane in lanes]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, lanes))


def _in_turn(lanes: list[list[To]]) -> list[To]:
    """What was dealt to the lanes, in the order in which it was dealt."""
    return [lane[turn] for turn in range(len(lanes[0]) if lanes else 0) for lane in lanes if turn < len(lane)]


def predictor_of(reader: Reader) -> DocumentPredictor:
    """The predictor that remembers as far back as the reader's configuration says."""
    return (DocumentPredictor if reader.config.scope == "document" else AdaptivePredictor)(reader)


def load_from(
    config: Mapping[str, Any], tokenizer: bytes, weights: bytes, decode: Decode
) -> DocumentPredictor:
    """A predictor from the three files of an artifact; `decode` reads its weights."""
    fields: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in config["adapt"].items()}
    tree = read_tree(fields.pop("tree"))
    shapes, learnt = weight_shapes(config["model"]), fields.pop("learnt", False)
    adapt = AdaptConfig(**fields)
    if learnt:
        shapes[MIXER] = mixer_shape(len(tree.lengths), len(adapt.contexts))
    arrays = decode(weights, dict(sorted(shapes.items())))
    return predictor_of(Reader(config["model"], arrays, read_tokenizer(tokenizer), tree, adapt))
