"""Everything that is measured of one artifact, phase by phase. The rules only read what stands here.

A phase that breaks leaves its error; later phases that need it do not happen. Nothing that an entry does raises
out of here, foreseen or not.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paramgolf.challenge import Challenge
from paramgolf.common.printable import printable
from paramgolf.errors import EntryError, SandboxError, UnforeseenError
from paramgolf.judge.archive import Archive, inspect_archive
from paramgolf.judge.audit import Audit, Witness, audit_adaptive, audit_fixed, new_secret
from paramgolf.judge.repeat import (
    Repeats,
    check_encoding,
    check_hostile_strings,
    repeat_adaptive,
    repeat_fixed,
)
from paramgolf.judge.stored_text import StoredText, find_stored_text
from paramgolf.score import (
    Deadline,
    Isolation,
    Progress,
    ProgressCallback,
    Proof,
    Score,
    Worker,
    documents_to_prove,
    prove_artifact,
    score_artifact,
)
from paramgolf.score.scorer import require_one_description
from paramgolf.score.softmax import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

# Who needs this many times as long for a token as when it was scored is stalling.
PATIENCE = 2.0
STARTING_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How closely to look: `positions` of the blind audit, `share` of the predictions repeated, `text_share` of the
    text scored (1: all), and whether the score is proven by decompression.
    """

    name: str
    positions: int
    share: float
    text_share: float
    prove: bool


FULL = Depth(name="full", positions=400, share=0.1, text_share=1.0, prove=True)
QUICK = Depth(name="quick", positions=200, share=0.05, text_share=0.1, prove=False)


@dataclass(kw_only=True)
class Measurements:
    """Of one artifact. What is None did not happen; `errors` says in which phase it broke and how."""

    challenge: Challenge
    depth: Depth
    documents: Sequence[bytes]
    declared_track: str | None
    declared_isolated: bool
    threads: int
    secret: str = field(default_factory=new_secret)
    archive: Archive | None = None
    score: Score | None = None
    hostile_strings: int | None = None
    audit: Audit | None = None
    repeats: Repeats | None = None
    proof: Proof | None = None
    stored: StoredText | None = None
    fresh: Score | None = None
    fresh_documents: Sequence[bytes] = ()
    errors: dict[str, EntryError] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def adaptive(self) -> bool:
        """Whether the entry learns while it is scored."""
        return self.score is not None and self.score.adaptive

    @contextmanager
    def phase(self, name: str) -> "Iterator[None]":
        """Time a phase, and keep the entry's error where it breaks."""
        start = time.monotonic()
        try:
            yield
        except EntryError as error:
            self.errors[name] = error
        except SandboxError:
            raise
        except Exception as error:
            # Whatever an entry leads to: what was measured before is kept, and what was not stays undecided.
            kind, text = type(error).__name__, " ".join(str(error).split())[:200]
            self.errors[name] = UnforeseenError(
                f"The judge broke over this entry in the phase {name!r} ({kind}: {printable(text)}). Report it, with "
                "the entry."
            )
        finally:
            self.seconds[name] = time.monotonic() - start


def measure_artifact(
    artifact: Path,
    documents: Sequence[bytes],
    challenge: Challenge,
    depth: Depth,
    *,
    threads: int,
    declared_track: str | None = None,
    declared_isolated: bool = False,
    fresh: Sequence[bytes] = (),
    progress: ProgressCallback | None = None,
) -> Measurements:
    """Run every phase on one artifact, in bubblewrap.

    Raises:
        SandboxError: the sandbox is missing or broke; this says nothing about the entry.
    """
    m = Measurements(
        challenge=challenge,
        depth=depth,
        documents=documents,
        declared_track=declared_track,
        declared_isolated=declared_isolated,
        threads=threads,
    )
    with m.phase("archive"):
        m.archive = inspect_archive(artifact, challenge.artifact_bytes)
    if m.archive is None or m.archive.problems:
        return m
    m.documents = documents = _sample(documents, depth.text_share, m.secret)
    with m.phase("stored text"):
        m.stored = find_stored_text(artifact, documents)
    if m.stored is None:
        return m
    witness = Witness(depth.positions, m.secret)
    with m.phase("score"):
        m.score = _score(m, artifact, documents, progress, witness)
    if m.score is None:
        return m
    with m.phase("ask again"):
        _ask_again(m, artifact, witness, progress)
    if depth.prove:
        _prove(m, artifact, progress)
    if fresh:
        m.fresh_documents = fresh
        with m.phase("fresh"):
            m.fresh = _score(m, artifact, fresh, progress, None)
    return m


def _score(
    m: Measurements,
    artifact: Path,
    documents: Sequence[bytes],
    progress: ProgressCallback | None,
    witness: Witness | None,
) -> Score:
    return score_artifact(
        artifact,
        documents,
        isolation=Isolation.BUBBLEWRAP,
        threads=m.threads,
        seconds_limit=_limit(m, documents),
        progress=progress,
        observer=witness,
    )


def _limit(m: Measurements, documents: Sequence[bytes]) -> float | None:
    """The clock of the evaluation, longer where there is more text than it was made for."""
    if m.challenge.eval_seconds is None:
        return None
    ratio = sum(map(len, documents)) / max(1, sum(map(len, m.documents)))
    return m.challenge.eval_seconds * max(1.0, ratio)


def patience(score_seconds: float, witness: Witness) -> float:
    """Seconds that asking again may take: a replay of the text, and each drawn position with all that is before it."""
    asked = sum(row + 1 for rows in witness.drawn.values() for row in rows)
    scored = sum(len(tokens) + 1 for tokens in witness.tokens)
    return STARTING_SECONDS + PATIENCE * score_seconds * (1 + asked / scored)


def _ask_again(m: Measurements, artifact: Path, witness: Witness, progress: ProgressCallback | None) -> None:
    """The blind audit, the repeats and the strings made to be difficult, at once, in fresh sandboxes of their own."""
    assert m.score is not None
    limit = patience(m.score.seconds, witness)
    start = time.monotonic()

    def worker(phase: str) -> Worker:
        return Worker(
            artifact,
            isolation=Isolation.BUBBLEWRAP,
            threads=m.threads,
            deadline=Deadline(limit),
            tick=tick(phase),
        )

    def tick(phase: str) -> Callable[[], None] | None:
        if progress is None:
            return None
        return lambda: progress(
            Progress(phase=phase, done=time.monotonic() - start, total=None, unit="seconds")
        )

    def count(done: int) -> None:
        if progress is not None:
            progress(Progress(phase="blind audit", done=done, total=witness.positions, unit="positions"))

    # The workers are started here and not in the threads: a sandbox dies with the thread that started it. Whatever ends
    # this block kills them first, which ends the threads.
    with one_thread(), ThreadPoolExecutor(3) as pool, ExitStack() as workers:
        blind, again, encoder, decoder = (
            workers.enter_context(worker(phase)) for phase in ("blind audit", "repeat", "strings", "strings")
        )
        with m.phase("description"):
            asked_again = [worker.describe() for worker in (blind, again, encoder, decoder)]
            require_one_description([*witness.descriptions, *asked_again])
        if "description" in m.errors:
            return
        phases = [
            pool.submit(_audit, m, blind, witness, count),
            pool.submit(_repeat, m, again, witness),
            pool.submit(_encode_again, m, encoder, decoder, witness),
        ]
        for phase in phases:
            phase.result()


def _encode_again(m: Measurements, encoder: Worker, decoder: Worker, witness: Witness) -> None:
    with m.phase("strings"):
        check_encoding(encoder, decoder, m.documents, witness, m.secret)
        m.hostile_strings = check_hostile_strings(encoder, decoder)


def _audit(m: Measurements, worker: Worker, witness: Witness, count: Callable[[int], None]) -> None:
    with m.phase("audit"):
        run = audit_adaptive if m.adaptive else audit_fixed
        m.audit = run(worker, witness, m.secret, count)


def _repeat(m: Measurements, worker: Worker, witness: Witness) -> None:
    with m.phase("repeat"):
        if m.adaptive:
            m.repeats = repeat_adaptive(worker, witness, m.depth.share, m.secret, m.declared_isolated)
        else:
            m.repeats = repeat_fixed(worker, witness, m.depth.share, m.secret)


def _prove(m: Measurements, artifact: Path, progress: ProgressCallback | None) -> None:
    assert m.score is not None
    chosen = documents_to_prove(len(m.documents), m.challenge.proof_documents, m.secret)
    documents = [m.documents[i] for i in chosen]
    text_bytes = sum(map(len, documents))
    if not text_bytes:
        return
    with m.phase("proof"):
        m.proof = prove_artifact(
            artifact,
            documents,
            isolation=Isolation.BUBBLEWRAP,
            threads=m.threads,
            seconds_limit=m.challenge.prove_seconds,
            scored_bits_per_byte=sum(m.score.document_bits[i] for i in chosen) / text_bytes
            if not m.adaptive or len(chosen) == len(m.documents)
            else None,
            progress=progress,
        )


def _sample(documents: Sequence[bytes], share: float, secret: str) -> Sequence[bytes]:
    """Random documents with about `share` of the text, in order."""
    if share >= 1 or len(documents) < 2:
        return documents
    left = share * sum(map(len, documents))
    chosen = []
    for index in np.random.default_rng(int(secret, 16)).permutation(len(documents)).tolist():
        chosen.append(index)
        left -= len(documents[index])
        if left <= 0:
            break
    return [documents[i] for i in sorted(chosen)]
