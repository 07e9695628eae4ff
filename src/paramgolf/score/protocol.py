"""Frames between harness and worker, and the strict reading of whatever a worker answers.

A frame is a 4-byte little-endian header length, a JSON header, then as many raw bytes as the header's
`payload` says. The worker may be hostile: every length is checked against a limit before anything is
allocated, and buffers grow only with bytes that really arrived.
"""

import itertools
import json
import os
import select
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from paramgolf.common.printable import printable
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import EntryError, EntryTimeoutError

HEADER_LIMIT = 64 * 1024
STDERR_KEPT = 8 * 1024
VOCABULARY_LIMIT = 1 << 20
BATCH_LIMIT = 4096
_CHUNK = 1 << 20


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    payload: int = Field(ge=0)


class Ready(_Answer):
    """The worker runs and is about to load the entry: from here on, failures are the entry's."""

    kind: Literal["ready"]


class Failed(_Answer):
    """The entry raised."""

    kind: Literal["failed"]
    message: str


class Description(_Answer):
    """What the entry says of itself."""

    kind: Literal["description"]
    vocab_size: int = Field(ge=2, le=VOCABULARY_LIMIT)
    end_of_document: int = Field(ge=0)
    batch_documents: int = Field(ge=1, le=BATCH_LIMIT)
    adaptive: bool
    samples: bool = False


class Data(_Answer):
    """Bytes that were asked for, in the payload."""

    kind: Literal["data"]


class Block(_Answer):
    """The next rows of logits lie in the next slot of the shared memory."""

    kind: Literal["block"]
    rows: int = Field(ge=1)


class Done(_Answer):
    """A request without an answer of its own is served."""

    kind: Literal["done"]


Answer = Ready | Failed | Description | Data | Block | Done
Expected = TypeVar("Expected", Ready, Description, Data, Block, Done)
_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])


class WorkerEnded(Exception):
    """The worker closed its end of the pipes; the client knows why and says so."""


@dataclass(frozen=True)
class Deadline:
    """A wall-clock limit in seconds (None: no limit) that starts when it is made."""

    limit: float | None
    started: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def remaining(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.limit is None else self.limit - self.elapsed()


class Channel:
    """Both directions of a worker's pipes, without ever blocking past the deadline.

    `tick` is called about once a second of waiting. The worker's stderr is drained on the way, and its tail
    kept.
    """

    def __init__(
        self, requests: int, answers: int, errors: int, *, deadline: Deadline, tick: Callable[[], None] | None
    ) -> None:
        self._requests, self._answers, self._errors = requests, answers, errors
        self._errors_open = True
        self._deadline = deadline
        self._tick = tick
        self._stderr = bytearray()
        for descriptor in (requests, answers, errors):
            os.set_blocking(descriptor, False)

    def send(self, operation: str, payload: bytes = b"") -> None:
        """Ask for `operation`.

        Raises:
            WorkerEnded: the reader is gone.
            EntryTimeoutError: the deadline passed.
        """
        header = json.dumps({"kind": operation, "payload": len(payload)}).encode()
        for part in (struct.pack("<I", len(header)) + header, payload):
            rest = memoryview(part)
            while rest:
                self._wait(self._requests, select.POLLOUT)
                try:
                    rest = rest[os.write(self._requests, rest[:_CHUNK]) :]
                except BrokenPipeError:
                    raise WorkerEnded from None

    def receive(self, expected: type[Expected], payload_limit: int) -> tuple[Expected, bytes]:
        """The next answer, which must be of the kind `expected`, and its payload.

        Raises:
            WorkerEnded: the pipe was closed.
            EntryTimeoutError: the deadline passed.
            EntryError: the entry failed or answered nonsense.
        """
        answer, payload = read_frame(self._read, payload_limit)
        if isinstance(answer, Failed):
            raise EntryError(f"The entry failed:\n{printable(answer.message)}")
        if not isinstance(answer, expected):
            raise EntryError(
                f"The worker answered {answer.kind!r} where {expected.__name__.lower()!r} was expected. "
                "An entry must leave the worker's pipes alone."
            )
        return answer, payload

    def stderr_tail(self) -> str:
        """The last lines that the worker wrote to stderr (its prints go there too), made safe to show."""
        self._drain()
        return printable(self._stderr.decode("utf-8", "replace").strip())

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._wait(self._answers, select.POLLIN)
            chunk = os.read(self._answers, min(size - len(data), _CHUNK))
            if not chunk:
                raise WorkerEnded
            data += chunk
        return bytes(data)

    def _wait(self, descriptor: int, event: int) -> None:
        poller = select.poll()
        poller.register(descriptor, event)
        if self._errors_open:
            poller.register(self._errors, select.POLLIN)
        while True:
            remaining = self._deadline.remaining()
            if remaining <= 0:
                raise EntryTimeoutError(
                    f"The entry ran past its limit of {self._deadline.limit:g} s of wall clock. "
                    "Make it faster, or score fewer documents."
                )
            ready = dict(poller.poll(1000 * min(1.0, remaining)))
            if self._errors in ready:
                self._drain()
                if not self._errors_open:
                    poller.unregister(self._errors)
            if descriptor in ready:
                return
            if self._tick is not None:
                self._tick()

    def _drain(self) -> None:
        try:
            data = os.read(self._errors, _CHUNK)
        except BlockingIOError:
            return
        self._errors_open = bool(data)
        self._stderr += data
        del self._stderr[:-STDERR_KEPT]


def read_frame(read: Callable[[int], bytes], payload_limit: int) -> tuple[Answer, bytes]:
    """Read one frame; `read(n)` gives exactly n bytes or raises.

    Raises:
        EntryError: the frame is too large or not what the protocol allows.
    """
    (length,) = struct.unpack("<I", read(4))
    if length > HEADER_LIMIT:
        raise EntryError(
            f"The worker announced a header of {length} bytes; at most {HEADER_LIMIT} are allowed. "
            "An entry must leave the worker's pipes alone."
        )
    try:
        answer = _ANSWERS.validate_json(read(length))
    except ValidationError as error:
        raise EntryError(
            f"The worker sent a header that the protocol does not allow: {what_is_wrong(error)}."
        ) from None
    if answer.payload > payload_limit:
        raise EntryError(
            f"The worker announced {answer.payload} bytes with {answer.kind!r}; "
            f"at most {payload_limit} are allowed here."
        )
    return answer, read(answer.payload)


def join_parts(parts: Sequence[bytes]) -> bytes:
    """Byte strings as one payload: count, lengths (all uint64, little-endian), then the bytes."""
    lengths = np.array([len(parts), *map(len, parts)], dtype="<u8")
    return b"".join((lengths.tobytes(), *parts))


def split_parts(payload: bytes) -> list[bytes]:
    """The inverse of `join_parts`, for payloads that may be hostile.

    Raises:
        EntryError: the lengths do not add up to the payload.
    """
    count = int.from_bytes(payload[:8], "little")
    start = 8 * (1 + count)
    if len(payload) < 8 or start > len(payload):
        raise EntryError(
            f"The worker sent {len(payload)} bytes that say they hold {count} documents; they cannot."
        )
    lengths = np.frombuffer(payload, dtype="<u8", count=count, offset=8)
    ends = start + np.cumsum(np.minimum(lengths, len(payload)))
    if (ends[-1] if count else start) != len(payload) or (lengths > len(payload)).any():
        raise EntryError(
            f"The worker sent {len(payload)} bytes; the lengths of the documents in it say otherwise."
        )
    starts = [start, *ends.tolist()]
    return [payload[a:b] for a, b in itertools.pairwise(starts)]
