"""Bits per byte of an artifact on documents. The harness owns text, byte count, softmax and clock."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from paramgolf.common.files import sha256_of
from paramgolf.errors import EntryError, LossyEntryError, NonFiniteError, UsageError
from paramgolf.score.client import Logits, Tokens, Worker
from paramgolf.score.progress import Progress, ProgressCallback
from paramgolf.score.protocol import Deadline, Description
from paramgolf.score.sandbox import Isolation
from paramgolf.score.softmax import one_thread, surprisal

# Of one batch, padding among them: targets and prices take 16 bytes each.
MOST_POSITIONS = 1 << 27


@dataclass(frozen=True, kw_only=True)
class Score:
    """What an artifact's predictions of documents cost.

    `bits` is the sum over documents of `document_bits`, each with its end_of_document; `bits_per_byte`
    divides by `text_bytes`, the documents' own bytes. `tokens` counts predictions: every token and every
    end_of_document. `seconds` is wall clock and covers everything: hashing, both workers' start, encoding,
    the losslessness check, predicting, learning and the softmax. `predict_seconds` covers the last three.
    """

    bits_per_byte: float
    bits: float
    document_bits: tuple[float, ...]
    documents: int
    text_bytes: int
    tokens: int
    vocab_size: int
    adaptive: bool
    seconds: float
    predict_seconds: float
    isolation: Isolation
    artifact_bytes: int
    artifact_sha256: str


class Observer(Protocol):
    """Who wants to see what is scored, while it is scored: the judge's audit."""

    def begin(self, tokens: Sequence[Tokens], description: Description) -> None:
        """All tokens of all documents, before the first prediction is asked for."""

    def logits(self, document: int, first: int, logits: Logits) -> None:
        """The scored logits [rows, V] of a document, from row `first` on."""

    def nats(self, document: int, nats: npt.NDArray[np.float64]) -> None:
        """The cost of each prediction of a document [T+1]."""


def score_artifact(
    artifact: Path,
    documents: Sequence[bytes],
    *,
    isolation: Isolation,
    threads: int,
    seconds_limit: float | None,
    progress: ProgressCallback | None = None,
    observer: Observer | None = None,
) -> Score:
    """Score `documents`, in the order given, in one pass, with `threads` threads for the entry.

    Raises:
        UsageError: there is no artifact or no text.
        SandboxError: the sandbox is missing or broke.
        EntryError: the entry failed, is not lossless or answered nonsense.
        EntryTimeoutError: it took longer than `seconds_limit` in all.
    """
    deadline = Deadline(seconds_limit)
    text_bytes = require_text(documents)
    encoder, predictor = (
        Worker(artifact, isolation=isolation, threads=threads, deadline=deadline) for _ in range(2)
    )
    # The second worker never sees the text: what it decodes must come from the tokens alone.
    with encoder, predictor, one_thread():
        sha256 = sha256_of(artifact)
        require_one_description([encoder.describe(), predictor.describe()])
        tokens = [lossless_tokens(encoder, predictor, i, d) for i, d in enumerate(documents)]
        encoder.close()
        if observer is not None:
            observer.begin(tokens, predictor.describe())
        started = time.monotonic()
        nats = predict_documents(predictor, tokens, [len(d) for d in documents], progress, observer)
        predict_seconds = time.monotonic() - started
        description = predictor.describe()
    # fsum rounds once, so that the sum does not depend on how the entry cut its blocks
    document_bits = tuple(math.fsum(n.tolist()) / math.log(2) for n in nats)
    bits = math.fsum(document_bits)
    return Score(
        bits_per_byte=bits / text_bytes,
        bits=bits,
        document_bits=document_bits,
        documents=len(documents),
        text_bytes=text_bytes,
        tokens=sum(n.size for n in nats),
        vocab_size=description.vocab_size,
        adaptive=description.adaptive,
        seconds=deadline.elapsed(),
        predict_seconds=predict_seconds,
        isolation=isolation,
        artifact_bytes=artifact.stat().st_size,
        artifact_sha256=sha256,
    )


def require_text(documents: Sequence[bytes]) -> int:
    """The number of bytes in `documents`.

    Raises:
        UsageError: there are none, so that nothing per byte can be told.
    """
    text_bytes = sum(map(len, documents))
    if not text_bytes:
        raise UsageError(f"The {len(documents)} documents to score hold no text; give at least one byte.")
    return text_bytes


def first_difference(got: bytes, expected: bytes) -> int:
    """The index of the first byte where two byte strings differ; the end of the shorter one counts."""
    shared = min(len(got), len(expected))
    differing = np.frombuffer(got, np.uint8, shared) != np.frombuffer(expected, np.uint8, shared)
    return int(np.argmax(differing)) if differing.any() else shared


def require_one_description(descriptions: Sequence[Description]) -> None:
    """Refuse an entry that says other things of itself in another process.

    Raises:
        EntryError: so it does.
    """
    first, *others = descriptions
    for other in others:
        if other != first:
            raise EntryError(
                f"The entry describes itself as {_described(first)} in one process and as {_described(other)} in "
                "another. All of it must be the same in each."
            )


def _described(description: Description) -> str:
    return ", ".join(f"{k} {v}" for k, v in description.model_dump(exclude={"kind", "payload"}).items())


def lossless_tokens(encoder: Worker, decoder: Worker, index: int, document: bytes) -> Tokens:
    """The tokens of a document, which the other worker turned back into its bytes.

    Raises:
        LossyEntryError: it did not.
        EntryError: the entry failed or answered nonsense.
    """
    tokens = encoder.encode(document)
    decoded = decoder.decode(tokens, limit=2 * len(document) + 1024)
    if decoded != document:
        raise LossyEntryError(
            f"The entry is not lossless: document {index} of {len(document)} bytes came back from its "
            f"{tokens.size} tokens with {len(decoded)} bytes, first different at byte "
            f"{first_difference(decoded, document)}. decode(encode(document)) must give the same bytes, in a "
            "process that never saw the document."
        )
    return tokens


def predict_documents(
    predictor: Worker,
    tokens: Sequence[Tokens],
    sizes: Sequence[int],
    progress: ProgressCallback | None = None,
    observer: Observer | None = None,
) -> list[npt.NDArray[np.float64]]:
    """Nats of every prediction, one array [T+1] a document of `sizes` bytes, batch by batch as the entry asks for.

    Raises:
        NonFiniteError, EntryError: as `predict_batch`.
    """
    description = predictor.describe()
    nats: list[npt.NDArray[np.float64]] = []
    for start in range(0, len(tokens), description.batch_documents):
        batch = tokens[start : start + description.batch_documents]
        nats += predict_batch(predictor, batch, start, observer)
        if description.adaptive:
            predictor.learn(batch)
        if progress is not None:
            done = sum(sizes[: start + len(batch)])
            progress(Progress(phase="score", done=done, total=sum(sizes), unit="bytes"))
    return nats


def predict_batch(
    predictor: Worker, batch: Sequence[Tokens], first: int, observer: Observer | None = None
) -> list[npt.NDArray[np.float64]]:
    """Nats of every prediction in one batch, an array [T+1] a document; `first` is the index of its first one.

    Raises:
        NonFiniteError: a logit that counts is NaN or infinite.
        EntryError: the entry failed or answered nonsense.
    """
    end = predictor.describe().end_of_document
    lengths = np.array([tokens.size + 1 for tokens in batch])
    if (positions := len(batch) * int(lengths.max())) > MOST_POSITIONS:
        raise EntryError(
            f"A batch of {len(batch):,} documents, padded to the {int(lengths.max()):,} positions of its longest, has "
            f"{positions:,} positions; at most {MOST_POSITIONS:,} are allowed. Ask for fewer documents at once "
            "(batch_documents), or make fewer tokens of them."
        )
    targets = np.full((len(batch), int(lengths.max())), end, dtype=np.int64)
    for i, tokens in enumerate(batch):
        targets[i, : tokens.size] = tokens
    nats = np.zeros(targets.shape)
    row = 0
    for block in predictor.predict(batch):
        rows = slice(row, row + block.shape[1])
        charged = np.arange(rows.start, rows.stop) < lengths[:, None]  # the rest is padding
        logits = block.reshape(-1, block.shape[2]) if charged.all() else block[charged]
        nats[:, rows][charged] = surprisal(logits, targets[:, rows][charged])
        if observer is not None:
            for i, length in enumerate(lengths.tolist()):
                observer.logits(first + i, row, block[i, : max(0, length - row)])
        row = rows.stop
    if np.isnan(nats).any():
        index, row = (int(i) for i in np.argwhere(np.isnan(nats))[0])
        raise NonFiniteError(
            f"A logit is NaN or infinite: document {first + index}, row {row} of {lengths[index]}. All must "
            "be finite; for a token that cannot come, use a large negative logit such as -1e4."
        )
    answers = [n[:length] for n, length in zip(nats, lengths.tolist(), strict=True)]
    if observer is not None:
        for i, answer in enumerate(answers):
            observer.nats(first + i, answer)
    return answers
