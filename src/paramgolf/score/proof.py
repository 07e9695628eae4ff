"""Proof by decompression: a score is a claim about compression, so the entry must compress, and undo it
blind."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paramgolf.errors import ProofError
from paramgolf.score.client import Worker
from paramgolf.score.progress import Progress, ProgressCallback
from paramgolf.score.protocol import Deadline, join_parts
from paramgolf.score.sandbox import Isolation
from paramgolf.score.scorer import first_difference, require_text

# How far the compressed size may be from the score: a share of it, and bytes for a container's own header and end.
TOLERANCE = 0.001
CONTAINER_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was shown. `bits_per_byte` is 8 x `compressed_bytes` / `text_bytes`: the size is the score.

    `failure` says why nothing was proven, and is None if it was. Seconds are wall clock; those of a phase
    include the start of its sandbox. `sha256_documents` is over the documents' count, lengths and bytes.
    """

    proven: bool
    failure: str | None
    bits_per_byte: float
    compressed_bytes: int
    documents: int
    text_bytes: int
    sha256_documents: str
    compress_seconds: float
    decompress_seconds: float
    seconds: float
    isolation: Isolation

    def require(self) -> None:
        """Raises ProofError if nothing was proven."""
        if self.failure is not None:
            raise ProofError(self.failure)


def prove_artifact(
    artifact: Path,
    documents: Sequence[bytes],
    *,
    isolation: Isolation,
    threads: int,
    seconds_limit: float | None,
    scored_bits_per_byte: float | None,
    progress: ProgressCallback | None = None,
) -> Proof:
    """Compress `documents` in one sandbox; decompress them in another that gets only artifact and result.

    The documents must come back identical, and, where a score is given, the size must agree with it to 0.1 %.

    Raises:
        UsageError: there is no artifact or no text.
        SandboxError: the sandbox is missing or broke.
        EntryError: the entry failed or answered nonsense (a wrong result is a failed proof, not an error).
        EntryTimeoutError: both together took longer than `seconds_limit`.
    """
    deadline = Deadline(seconds_limit)
    text_bytes = require_text(documents)

    def start(phase: str) -> Worker:
        return Worker(
            artifact,
            isolation=isolation,
            threads=threads,
            deadline=deadline,
            tick=_ticker(phase, deadline, progress),
        )

    with start("compress") as worker:
        compressed = worker.compress(documents, limit=2 * text_bytes + (1 << 20))
    compress_seconds = deadline.elapsed()
    # The first sandbox is gone before the second one starts: nothing passes but these bytes.
    with start("decompress") as worker:
        returned = worker.decompress(compressed, limit=text_bytes + 8 * len(documents) + (1 << 20))
    seconds = deadline.elapsed()
    bits_per_byte = 8 * len(compressed) / text_bytes
    failure = _difference(returned, documents) or _disagreement(
        len(compressed), text_bytes, scored_bits_per_byte
    )
    return Proof(
        proven=failure is None,
        failure=failure,
        bits_per_byte=bits_per_byte,
        compressed_bytes=len(compressed),
        documents=len(documents),
        text_bytes=text_bytes,
        sha256_documents=hashlib.sha256(join_parts(documents)).hexdigest(),
        compress_seconds=compress_seconds,
        decompress_seconds=seconds - compress_seconds,
        seconds=seconds,
        isolation=isolation,
    )


def documents_to_prove(count: int, wanted: int, seed: str) -> list[int]:
    """Which of `count` documents are proven: `wanted` of them at random, in order; all where that is 0.

    `seed` (hex) could not be known when the artifact was packed: its hash, or a judge's secret.
    """
    if wanted == 0 or wanted >= count:
        return list(range(count))
    random = np.random.default_rng(int(seed, 16))
    return sorted(int(i) for i in random.choice(count, wanted, replace=False))


def _ticker(phase: str, deadline: Deadline, progress: ProgressCallback | None) -> Callable[[], None] | None:
    """An entry says nothing while it compresses, so all that there is to show is the time."""
    if progress is None:
        return None
    return lambda: progress(
        Progress(phase=phase, done=deadline.elapsed(), total=deadline.limit, unit="seconds")
    )


def _difference(returned: Sequence[bytes], documents: Sequence[bytes]) -> str | None:
    if len(returned) != len(documents):
        return (
            f"{len(documents)} documents were compressed, but {len(returned)} came back. "
            "The entry's decompress must undo its compress."
        )
    for index, (got, expected) in enumerate(zip(returned, documents, strict=True)):
        if got != expected:
            return (
                f"Document {index} of {len(expected)} bytes came back with {len(got)} bytes, first different "
                f"at byte {first_difference(got, expected)}. Compressing and decompressing must compute "
                "exactly the same predictions, each from the tokens before it alone."
            )
    return None


def _disagreement(compressed_bytes: int, text_bytes: int, scored: float | None) -> str | None:
    if scored is None:
        return None
    expected_bytes = scored * text_bytes / 8
    if abs(compressed_bytes - expected_bytes) <= TOLERANCE * expected_bytes + CONTAINER_BYTES:
        return None
    proven = 8 * compressed_bytes / text_bytes
    allowed = f"{TOLERANCE:.1%} and {CONTAINER_BYTES} bytes"
    rare = " Where they are the same, some are rarer than the codec's coder can express (2^-24 in many): raise those."
    return (
        f"The compressed size proves {proven:.6f} bits per byte, but the score is {scored:.6f}: they differ "
        f"by {abs(proven - scored) / scored:.3%}, and at most {allowed} are allowed. The predictions "
        f"that were scored are not the ones that the codec uses.{rare if proven < scored else ''}"
    )
