"""A worker from the harness's side: starts it in the sandbox, asks, and believes nothing that it answers."""

import contextlib
import fcntl
import json
import mmap
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from paramgolf.errors import EntryError, SandboxError, UsageError
from paramgolf.score.control_group import control_group
from paramgolf.score.limits import Limits
from paramgolf.score.protocol import (
    Block,
    Channel,
    Data,
    Deadline,
    Description,
    Done,
    Expected,
    Ready,
    WorkerEnded,
    join_parts,
    split_parts,
)
from paramgolf.score.sandbox import (
    ALLOW,
    Isolation,
    SharedLogits,
    worker_command,
    worker_environment,
)

Tokens = npt.NDArray[np.int32]
Logits = npt.NDArray[np.float32]

# The slots together hold what a worker may compute ahead of the harness; they cost memory only once filled.
SLOTS = 8
SLOT_BYTES = 32 << 20
# Logits are copied out in pieces that fit a core's cache.
PIECE_BYTES = 512 << 10


class Worker:
    """One sandboxed process that holds one artifact's predictor; a `with` block starts and ends it.

    Every method raises EntryError if the entry fails, dies or answers nonsense, EntryTimeoutError if
    `deadline` passes, and SandboxError if the worker does not come up at all. After any error the worker is
    of no more use. `tick` is called about once a second while the harness waits.
    """

    def __init__(
        self,
        artifact: Path,
        *,
        isolation: Isolation,
        threads: int,
        deadline: Deadline,
        tick: Callable[[], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not artifact.is_file():
            raise UsageError(f"There is no artifact at {artifact}. Give the path of a model.pyz.")
        self._artifact = artifact
        self._isolation = isolation
        self._threads = threads
        self._deadline = deadline
        self._tick = tick
        self._limits = limits or Limits()
        self._ready = False
        self._description: Description | None = None
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the worker and everything it started; harmless to repeat."""
        self._resources.close()

    def describe(self) -> Description:
        """What the entry says of itself; asked once."""
        if self._description is None:
            self._description = self._ask("describe", b"", Description, 0)[0]
            vocab_size, end = self._description.vocab_size, self._description.end_of_document
            if end >= vocab_size:
                raise EntryError(
                    f"The entry's end_of_document is {end}; expected an id below its vocab_size {vocab_size}."
                )
        return self._description

    def encode(self, document: bytes) -> Tokens:
        """The entry's tokens [T] for `document`, all in range and none of them end_of_document."""
        description = self.describe()
        most = 64 * (len(document) + 1)
        payload = self._ask("encode", document, Data, 4 * most)[1]
        if len(payload) % 4:
            raise EntryError(f"encode answered {len(payload)} bytes; expected a multiple of 4.")
        tokens = np.frombuffer(payload, dtype="<i4").astype(np.int32)
        if tokens.size and (tokens.min() < 0 or tokens.max() >= description.vocab_size):
            raise EntryError(
                f"encode gave ids {tokens.min()} to {tokens.max()}; "
                f"expected 0 to {description.vocab_size - 1}."
            )
        if (tokens == description.end_of_document).any():
            raise EntryError(
                f"encode put end_of_document ({description.end_of_document}) inside a document, at token "
                f"{int(np.argmax(tokens == description.end_of_document))}; the harness alone ends documents."
            )
        return tokens

    def decode(self, tokens: Tokens, *, limit: int) -> bytes:
        """The bytes that the entry gives back for `tokens`; more than `limit` are an error."""
        return self._ask("decode", tokens.astype("<i4").tobytes(), Data, limit)[1]

    def predict(self, batch: Sequence[Tokens]) -> Iterator[Logits]:
        """Logits for `batch`, in order of rows: copies [B, rows, V], T+1 rows in all, T of the longest.

        The iterator must be used up before anything else is asked. Values are not checked: they may not be
        finite.
        """
        rows_left = 1 + max(len(tokens) for tokens in batch)
        row_bytes = 4 * len(batch) * self.describe().vocab_size
        if row_bytes > SLOT_BYTES:
            raise EntryError(
                f"One row of logits of a batch is {row_bytes} bytes; at most {SLOT_BYTES} are allowed. "
                "Lower the entry's batch_documents."
            )
        rows_per_piece = max(1, PIECE_BYTES // row_bytes)
        self._send("predict", join_parts([tokens.astype("<i4").tobytes() for tokens in batch]))
        slot = 0
        while rows_left:
            rows = self._receive(Block, 0)[0].rows
            if rows > rows_left or rows * row_bytes > SLOT_BYTES:
                raise EntryError(
                    f"The worker announced {rows} rows of logits; "
                    f"expected at most {min(rows_left, SLOT_BYTES // row_bytes)}."
                )
            shape = (len(batch), rows, self.describe().vocab_size)
            block = np.ndarray(shape, np.float32, self._logits, offset=slot * SLOT_BYTES)
            for start in range(0, rows, rows_per_piece):
                yield block[:, start : start + rows_per_piece].copy()
            self._send("acknowledge")
            slot = (slot + 1) % SLOTS
            rows_left -= rows
        self._receive(Done, 0)

    def predict_next(self, tokens: Tokens) -> Logits:
        """The last row of predict([tokens]), [V]: given all of `tokens`, what comes. Values are not checked."""
        row_bytes = 4 * self.describe().vocab_size
        payload = self._ask("predict_next", tokens.astype("<i4").tobytes(), Data, row_bytes)[1]
        if len(payload) != row_bytes:
            raise EntryError(
                f"predict_next answered {len(payload)} bytes; expected {row_bytes}, a float32 for each token "
                "of the vocabulary."
            )
        return np.frombuffer(payload, "<f4").astype(np.float32)

    def sample(self, prompt: bytes, *, tokens: int, temperature: float, seed: int, limit: int) -> bytes:
        """What the entry appends to `prompt` by its own way of sampling; more than `limit` bytes are an error.

        Only where its description says that it `samples`.
        """
        options = {"tokens": tokens, "temperature": temperature, "seed": seed}
        return self._ask("sample", join_parts([prompt, json.dumps(options).encode()]), Data, limit)[1]

    def learn(self, batch: Sequence[Tokens]) -> None:
        """Let an adaptive entry learn from a batch that has been scored."""
        self._ask("learn", join_parts([tokens.astype("<i4").tobytes() for tokens in batch]), Done, 0)

    def compress(self, documents: Sequence[bytes], *, limit: int) -> bytes:
        """The entry's compressed form of `documents`; more than `limit` bytes are an error."""
        return self._ask("compress", join_parts(documents), Data, limit)[1]

    def decompress(self, compressed: bytes, *, limit: int) -> list[bytes]:
        """The documents that the entry makes of `compressed`; more than `limit` bytes are an error.

        Each document counts as 8 bytes more than it has.
        """
        return split_parts(self._ask("decompress", compressed, Data, limit)[1])

    def _start(self, stack: contextlib.ExitStack) -> None:
        descriptor = os.memfd_create("logits", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        stack.callback(os.close, descriptor)
        os.ftruncate(descriptor, SLOTS * SLOT_BYTES)
        # A hostile worker that shrank the memory under our mapping would kill us with SIGBUS.
        fcntl.fcntl(
            descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        )
        self._logits = mmap.mmap(descriptor, SLOTS * SLOT_BYTES, prot=mmap.PROT_READ)
        command = worker_command(
            self._artifact,
            SharedLogits(descriptor=descriptor, slots=SLOTS, slot_bytes=SLOT_BYTES),
            isolation=self._isolation,
            threads=self._threads,
            limits=self._limits,
        )
        if self._isolation is Isolation.BUBBLEWRAP:
            command = [*stack.enter_context(control_group(self._limits)), *command]
        # A sandbox has a home of its own; a folder out here would remain if the harness were killed.
        home = "/"
        if self._isolation is Isolation.NONE:
            home = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="paramgolf-worker-", ignore_cleanup_errors=True)
            )
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(descriptor,),
                cwd=home,
                env=worker_environment(self._threads, home=home),
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(
                f"The worker could not be started: {error}. Check that {command[0]} can be run."
            ) from error
        stack.callback(self._kill)
        descriptors = []
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            descriptors.append(stack.enter_context(contextlib.closing(pipe)).fileno())
        requests, answers, errors = descriptors
        self._channel = Channel(requests, answers, errors, deadline=self._deadline, tick=self._tick)

    def _kill(self) -> None:
        # The worker's group; bubblewrap's own death ends every process in its namespace.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _ask(
        self, operation: str, payload: bytes, expected: type[Expected], limit: int
    ) -> tuple[Expected, bytes]:
        self._send(operation, payload)
        return self._receive(expected, limit)

    def _send(self, operation: str, payload: bytes = b"") -> None:
        try:
            self._channel.send(operation, payload)
        except WorkerEnded:
            # It may have said why before it went.
            self._receive(Done, 0)
            raise self._ended() from None

    def _receive(self, expected: type[Expected], limit: int) -> tuple[Expected, bytes]:
        try:
            if not self._ready:
                self._channel.receive(Ready, 0)
                self._ready = True
            return self._channel.receive(expected, limit)
        except WorkerEnded:
            raise self._ended() from None

    def _ended(self) -> SandboxError | EntryError:
        try:
            status = f"exit status {self._process.wait(timeout=2)}"
        except subprocess.TimeoutExpired:
            status = "still running, but it closed its pipes"
        stderr = self._channel.stderr_tail() or "nothing"
        if self._ready:
            return EntryError(
                f"The entry's process ended before it answered ({status}; 137 is a kill, often for memory, "
                f"of which it may use {self._limits.memory_bytes} bytes). It last wrote to stderr:\n{stderr}"
            )
        advice = (
            ALLOW
            if self._isolation is Isolation.BUBBLEWRAP
            else "The runtime (Python, numpy) does not start."
        )
        return SandboxError(f"The sandbox did not come up ({status}): {stderr}\n{advice}")
