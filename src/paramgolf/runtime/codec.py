"""Documents to bytes and back: the model predicts, a range coder codes (Martin 1979; `constriction`).

Both directions take exactly the same steps on the same shapes, so that every probability has the same bits. The
data are the number of documents and a checksum (4 bytes each), the bytes of all documents (8), then the coder's words.
"""

from collections.abc import Callable
from typing import Any

import constriction
import numpy as np
import torch
from numpy.typing import NDArray

from .tokenizer.base import END_OF_DOCUMENT, HEADER, Tokenizer, header

# What the coder gives each symbol; the rest it shares out by the numbers that it is told.
LEAST = 2**-24
# Lanes whose document has ended are dropped when this share of the lanes is left.
CROWDED = 0.8

Code = Callable[[list[int], int, NDArray[np.float32]], NDArray[np.int32]]
# Given a number of lanes, what steps so many documents: called with a token of each lane for the predictions of the
# next, told by `keep` which lanes go on, and by `close` that all have ended.
Stepped = Callable[[int], Any]


def compress(documents: list[bytes], tokenizer: Tokenizer, stepped: Stepped, lanes: int) -> bytes:
    """`documents` as bytes that `decompress` of the same artifact turns back; `lanes` of them side by side."""
    encoder = constriction.stream.queue.RangeEncoder()
    family = constriction.stream.model.Categorical(perfect=False)
    for start in range(0, len(documents), lanes):
        texts = [np.append(tokenizer.encode(d), END_OF_DOCUMENT) for d in documents[start : start + lanes]]

        def code(
            lanes: list[int], t: int, probabilities: NDArray[np.float32], texts: Any = texts
        ) -> NDArray[np.int32]:
            symbols = np.array([texts[lane][t] for lane in lanes], np.int32)
            encoder.encode(symbols, family, probabilities)
            return symbols

        _walk(stepped, len(texts), code)
    words = encoder.get_compressed()
    return header(documents) + words.astype("<u4").tobytes()


def decompress(data: bytes, tokenizer: Tokenizer, stepped: Stepped, lanes: int) -> list[bytes]:
    """The documents; raises ValueError where `data` is damaged or of another artifact."""
    if len(data) < HEADER or len(data) % 4:
        raise ValueError(
            f"{len(data)} bytes are no compressed documents: expected {HEADER} and some words of 4 bytes"
        )
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data[HEADER:], "<u4").astype(np.uint32))
    family = constriction.stream.model.Categorical(perfect=False)
    count = int.from_bytes(data[:4], "little")
    left = tokenizer.growth * int.from_bytes(data[8:HEADER], "little")
    sizes = np.array([len(piece) for piece in tokenizer.pieces])
    documents: list[bytes] = []
    while len(documents) < count:
        texts: list[list[int]] = [[] for _ in range(min(lanes, count - len(documents)))]

        def code(
            lanes: list[int], t: int, probabilities: NDArray[np.float32], texts: Any = texts
        ) -> NDArray[np.int32]:
            nonlocal left
            try:
                symbols = decoder.decode(family, probabilities)
            except AssertionError:
                # The coder's word for a state that no text leads to.
                raise ValueError("the compressed data are damaged: they code no text") from None
            # A model may know ids that spell nothing.
            left -= int(sizes.take(symbols, mode="clip").sum())
            if left < 0:
                # Damaged data would go on without end.
                raise ValueError("the compressed data spell more text than they announce: they are damaged")
            for lane, symbol in zip(lanes, symbols.tolist(), strict=True):
                texts[lane].append(symbol)
            return symbols

        _walk(stepped, len(texts), code)
        documents += [tokenizer.decode(text[:-1]) for text in texts]
    if header(documents) != data[:HEADER]:
        raise ValueError(
            "the decompressed documents have another checksum: the data are damaged, or were compressed by another "
            "artifact or on a machine whose arithmetic rounds differently"
        )
    return documents


def _walk(stepped: Stepped, count: int, code: Code) -> None:
    """Step `count` documents together until each has ended; `code` turns probabilities into the symbols.

    One thread: how work is shared among several may change the last bit of a sum, and with it what is decoded.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _advance(stepped(count), count, code)
    finally:
        torch.set_num_threads(threads)


def _advance(step: Any, count: int, code: Code) -> None:
    alive = list(range(count))
    t = 0
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
