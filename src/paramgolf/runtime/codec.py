"""Documents to bytes and back: the model predicts, a range coder codes (Martin 1979; `constriction`).

Both directions take exactly the same steps on the same shapes, so that every probability has the same bits. The
data are the number of documents and a checksum (4 bytes each), the bytes of all documents (8), then the coder's words.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import constriction
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .stepping import Stepper
from .tokenizer import END_OF_DOCUMENT, HEADER, header

if TYPE_CHECKING:
    from .predictor import Predictor

LANES = 256
CACHE_BYTES = 1 << 31
# What the coder gives each symbol; the rest it shares out by the numbers that it is told.
LEAST = 2**-24
# Lanes whose document has ended are dropped when this share of the lanes is left.
CROWDED = 0.8

Code = Callable[[list[int], int, NDArray[np.float32]], NDArray[np.int32]]


class Windows:
    """Like Stepper.step, and starts a new window, from the overlap on, where one is full."""

    def __init__(self, predictor: "Predictor", lanes: int) -> None:
        self.model, self.config = predictor.model, predictor.config
        self.tokens = torch.empty(lanes, self.config.window, dtype=torch.long)
        self.begin(self.tokens[:, :0])

    def begin(self, tokens_AT: Tensor) -> None:
        """Start a window with these tokens of each lane, of which it holds one more at least."""
        length = tokens_AT.size(1)
        self.tokens[:, :length] = tokens_AT
        self.stepper = Stepper(self.model, len(tokens_AT), self.config.window)
        if length:
            self.stepper.fill(tokens_AT)

    def __call__(self, tokens: Tensor) -> Tensor:
        if self.stepper.position == self.config.window:
            self.begin(self.tokens[:, self.config.window - self.config.overlap :].clone())
        self.tokens[:, self.stepper.position] = tokens
        return self.stepper.step(tokens)

    def keep(self, lanes: Tensor) -> None:
        self.stepper.keep(lanes)
        self.tokens = self.tokens[lanes]

    def close(self) -> None:
        pass


def lanes_of(predictor: "Predictor") -> int:
    """How many documents advance side by side: bounded by the memory of their caches."""
    config = predictor.model.config
    numbers = 2 * config.remembered(predictor.config.window) * config.kv_heads * config.head_width
    return max(1, min(predictor.lanes, int(CACHE_BYTES / (4 * numbers))))


def compress(predictor: "Predictor", documents: list[bytes]) -> bytes:
    """`documents` as bytes that `decompress` of the same artifact turns back."""
    encoder = constriction.stream.queue.RangeEncoder()
    family = constriction.stream.model.Categorical(perfect=False)
    group = lanes_of(predictor)
    for start in range(0, len(documents), group):
        texts = [np.append(predictor.encode(d), END_OF_DOCUMENT) for d in documents[start : start + group]]

        def code(
            lanes: list[int], t: int, probabilities: NDArray[np.float32], texts: Any = texts
        ) -> NDArray[np.int32]:
            symbols = np.array([texts[lane][t] for lane in lanes], np.int32)
            encoder.encode(symbols, family, probabilities)
            return symbols

        _walk(predictor, len(texts), code)
    words = encoder.get_compressed()
    return header(documents) + words.astype("<u4").tobytes()


def decompress(predictor: "Predictor", data: bytes) -> list[bytes]:
    """The documents; raises ValueError where `data` is damaged or of another artifact."""
    if len(data) < HEADER or len(data) % 4:
        raise ValueError(
            f"{len(data)} bytes are no compressed documents: expected {HEADER} and some words of 4 bytes"
        )
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data[HEADER:], "<u4").astype(np.uint32))
    family = constriction.stream.model.Categorical(perfect=False)
    count, group = int.from_bytes(data[:4], "little"), lanes_of(predictor)
    left = predictor.tokenizer.growth * int.from_bytes(data[8:HEADER], "little")
    sizes = np.array([len(piece) for piece in predictor.tokenizer.pieces] + [0] * predictor.vocab_size)
    documents: list[bytes] = []
    while len(documents) < count:
        texts: list[list[int]] = [[] for _ in range(min(group, count - len(documents)))]

        def code(
            lanes: list[int], t: int, probabilities: NDArray[np.float32], texts: Any = texts
        ) -> NDArray[np.int32]:
            nonlocal left
            try:
                symbols = decoder.decode(family, probabilities)
            except AssertionError:
                # The coder's word for a state that no text leads to.
                raise ValueError("the compressed data are damaged: they code no text") from None
            left -= int(sizes[symbols].sum())
            if left < 0:
                # Damaged data would go on without end.
                raise ValueError("the compressed data spell more text than they announce: they are damaged")
            for lane, symbol in zip(lanes, symbols.tolist(), strict=True):
                texts[lane].append(symbol)
            return symbols

        _walk(predictor, len(texts), code)
        documents += [predictor.decode(text[:-1]) for text in texts]
    if header(documents) != data[:HEADER]:
        raise ValueError(
            "the decompressed documents have another checksum: the data are damaged, or were compressed by another "
            "artifact or on a machine whose arithmetic rounds differently"
        )
    return documents


def _walk(predictor: "Predictor", count: int, code: Code) -> None:
    """Step `count` documents together until each has ended; `code` turns probabilities into the symbols.

    One thread: how work is shared among several may change the last bit of a sum, and with it what is decoded.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _advance(predictor, count, code)
    finally:
        torch.set_num_threads(threads)


def _advance(predictor: "Predictor", count: int, code: Code) -> None:
    alive = list(range(count))
    step, t = predictor.stepped(count), 0
    tokens = np.full(count, END_OF_DOCUMENT, np.int64)
    while True:
        probabilities = torch.softmax(step(torch.from_numpy(tokens)), -1).sub_(LEAST).clamp_(0).numpy()
        rows = [i for i, lane in enumerate(alive) if lane >= 0]
        symbols = code(
            [alive[i] for i in rows], t, probabilities[rows] if len(rows) < len(alive) else probabilities
        )
        tokens = np.full(len(alive), END_OF_DOCUMENT, np.int64)
        tokens[rows] = symbols
        for i, symbol in zip(rows, symbols.tolist(), strict=True):
            if symbol == END_OF_DOCUMENT:
                alive[i] = -1
        left = [i for i in rows if alive[i] >= 0]
        if not left:
            return step.close()
        if len(left) <= CROWDED * len(alive):
            step.keep(torch.tensor(left))
            alive, tokens = [alive[i] for i in left], tokens[left]
        t += 1
