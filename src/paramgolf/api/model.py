"""An artifact as a Python object: price text, go on with it, compress it."""

import contextlib
import math
import os
import weakref
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, overload

from paramgolf.api.documents import Documents, Text, as_document, as_documents
from paramgolf.api.scores import TextScore, document_score
from paramgolf.api.spelling import Speller
from paramgolf.errors import EntryError, SandboxError, UsageError
from paramgolf.score import ENTRY_THREADS, Deadline, Isolation, Worker
from paramgolf.score.protocol import Description

LARGEST_TEXT = 1 << 30
# Of a few tokens.
LARGEST_SPELLING = 1 << 20
# What a compressed form may be larger than twice its text.
CONTAINER_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What an artifact is made of. Sizes are bytes.

    parameters   None where config.json is not that of a model of ours
    members      compressed size by file of the zip
    config       config.json as plain data, or None
    vocab_size, end_of_document, adaptive   as the running artifact says of itself
    """

    artifact_bytes: int
    sha256: str
    parameters: int | None
    members: dict[str, int]
    config: Any
    vocab_size: int
    end_of_document: int
    adaptive: bool


def load(path: str | os.PathLike[str], *, trust: bool = False, threads: int = ENTRY_THREADS) -> "Model":
    """Start an artifact and give the model that answers for it.

    path: a model.pyz, yours or a stranger's
    trust: run its code without a sandbox, with your rights: as a process of its own, so that its modules and threads
        stay apart from yours, and its bits are those of the sandbox
    threads: for the artifact; with several, two measurements may differ in their last bits

    Raises:
        UsageError: there is no artifact at `path`.
        SandboxError: bubblewrap is missing or does not work here.
        EntryError: the artifact does not load.
    """
    artifact = Path(path)
    require_artifact(artifact)
    if threads < 1:
        raise UsageError(f"threads is {threads}; give 1 or more")
    return Model(artifact, isolation=Isolation.NONE if trust else Isolation.BUBBLEWRAP, threads=threads)


def require_artifact(artifact: Path) -> None:
    """Raises UsageError where this is surely no artifact, before a sandbox is started for it."""
    if not artifact.is_file():
        raise UsageError(f"There is no artifact at {artifact}. Give the path of a model.pyz.")
    if not zipfile.is_zipfile(artifact):
        raise UsageError(f"{artifact} is no artifact: it is no zip. Give the path of a model.pyz.")


class Model:
    """A running artifact; made by `load`. A `with` block or `close` ends its process.

    Every method raises EntryError where the artifact fails; the next call then starts it anew. An adaptive artifact
    learns within one call only: each call begins with the model as it was packed. One call at a time.
    """

    def __init__(self, artifact: Path, *, isolation: Isolation, threads: int) -> None:
        self.path = artifact
        self._isolation, self._threads = isolation, threads
        self._closed = False
        self._running: Worker | None = None
        self._resources = contextlib.ExitStack()
        # The process of a model that is never closed ends with its last reference, or with the interpreter.
        weakref.finalize(self, self._resources.close)
        self._description = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the artifact's process; harmless to repeat."""
        self._closed = True
        self._stop()

    @property
    def info(self) -> ModelInfo:
        """What the artifact is made of; reads the file, runs nothing."""
        from paramgolf.lab.recipes.info import artifact_parts

        parts = artifact_parts(self.path)
        return ModelInfo(
            artifact_bytes=parts["artifact_bytes"],
            sha256=parts["sha256"],
            parameters=parts["parameters"],
            members=parts["members"],
            config=parts["config"],
            vocab_size=self._description.vocab_size,
            end_of_document=self._description.end_of_document,
            adaptive=self._description.adaptive,
        )

    def score(self, text: Documents) -> TextScore:
        """Bits of each token and each byte of a document, or of each of a sequence of documents.

        A str counts as its UTF-8 bytes. The softmax is the harness's own, and the sum over all documents is, bit for
        bit, what `paramgolf score` says of them. An adaptive artifact learns from each document for the next.

        Raises:
            UsageError: there is not a single byte to score.
            LossyEntryError: the artifact's tokens do not give the text back.
            NonFiniteError: a logit is NaN or infinite.
        """
        from paramgolf.score.scorer import lossless_tokens, predict_documents, require_text
        from paramgolf.score.softmax import one_thread

        documents = as_documents(text)
        text_bytes = require_text(documents)
        with self._worker() as worker, one_thread():
            tokens = [lossless_tokens(worker, worker, i, d) for i, d in enumerate(documents)]
            nats = predict_documents(worker, tokens, [len(d) for d in documents])
            speller = Speller(lambda run: worker.decode(run, limit=LARGEST_SPELLING))
            groups = list(map(speller.groups, tokens, documents))
            if speller.failed:
                self._stop()  # a worker is of no use after an error
        scores = tuple(map(document_score, documents, tokens, nats, groups))
        bits = math.fsum(score.bits for score in scores)
        return TextScore(documents=scores, bits=bits, text_bytes=text_bytes)

    @overload
    def sample(self, prompt: str, *, tokens: int = 200, temperature: float = 0.8, seed: int = 0) -> str: ...

    @overload
    def sample(
        self, prompt: bytes, *, tokens: int = 200, temperature: float = 0.8, seed: int = 0
    ) -> bytes: ...

    def sample(self, prompt: Text, *, tokens: int = 200, temperature: float = 0.8, seed: int = 0) -> Text:
        """What the artifact goes on with after `prompt`, without the prompt: a str for a str, bytes for bytes.

        tokens: the most to add; fewer come where the artifact ends the document
        temperature: 0 takes the likeliest token each time
        seed: fixes the draw

        Bytes that are no UTF-8 become U+FFFD in a str. A stranger's artifact may say anything, control characters too.

        Raises:
            UsageError: `tokens` or `temperature` is out of range.
        """
        pieces = self.stream(prompt, tokens=tokens, temperature=temperature, seed=seed)
        said = b"".join(pieces)
        return said.decode("utf-8", "replace") if isinstance(prompt, str) else said

    def stream(
        self, prompt: Text, *, tokens: int = 200, temperature: float = 0.8, seed: int = 0
    ) -> Iterator[bytes]:
        """As `sample`, in pieces as they come; an artifact with its own way of sampling gives one."""
        from paramgolf.lab.run.sampling import continue_text

        document = as_document(prompt)
        with self._worker() as worker:
            yield from continue_text(worker, document, tokens=tokens, temperature=temperature, seed=seed)

    def compress(self, text: Text) -> bytes:
        """One document, compressed by the artifact; a str as its UTF-8 bytes.

        `paramgolf decompress` and the artifact itself (`python model.pyz decompress IN OUT`) read it too.
        """
        document = as_document(text)
        with self._worker() as worker:
            return worker.compress([document], limit=2 * len(document) + CONTAINER_BYTES)

    def decompress(self, compressed: bytes) -> bytes:
        """The bytes that this same artifact compressed (of a str: `.decode()` gives it back), at most 1 GiB.

        Raises:
            EntryError: something else is in `compressed`.
        """
        with self._worker() as worker:
            try:
                return b"".join(worker.decompress(compressed, limit=LARGEST_TEXT))
            except EntryError as error:
                reason = str(error).strip().splitlines()[-1]
                raise EntryError(
                    f"These {len(compressed):,} bytes cannot be decompressed: {reason}. Give what this same artifact "
                    "compressed."
                ) from None

    @contextlib.contextmanager
    def _worker(self) -> Iterator[Worker]:
        """The artifact's process, fresh where it would remember; whatever goes wrong ends it."""
        if self._closed:
            raise UsageError(f"{self.path} was closed; load it again")
        if self._running is None:
            self._start()
        worker = self._running
        assert worker is not None
        try:
            yield worker
        except BaseException:
            self._stop()
            raise
        if self._description.adaptive:
            self._stop()

    def _start(self) -> Description:
        try:
            worker = Worker(
                self.path, isolation=self._isolation, threads=self._threads, deadline=Deadline(None)
            )
            self._running = self._resources.enter_context(worker)
            return worker.describe()
        except SandboxError as error:
            self._stop()
            if self._isolation is Isolation.NONE:
                raise
            raise SandboxError(
                f"{error}\nWhere you trust the artifact, load(path, trust=True) runs it without a sandbox."
            ) from None
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        self._running = None
        self._resources.close()
