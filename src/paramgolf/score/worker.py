"""The script that runs inside the sandbox: it loads an artifact's entry and serves the harness's requests.

    python -P -s -S -B worker.py SETTINGS

SETTINGS is JSON: artifact (path), packages (folders for sys.path), limits (resource limits by name),
threads, logits (descriptor of the shared memory), slots, slot_bytes. Only this file, the artifact and the
declared runtime exist in the sandbox, so it imports the standard library and numpy and nothing of ours. Its
answers are never trusted: all that it checks is checked only so that an honest entry gets a helpful
message.
"""

import json
import mmap
import os
import resource
import struct
import sys
import traceback
from collections.abc import Sequence
from typing import IO, Any

MESSAGE_CHARACTERS = 8000


class Pipes:
    """The protocol's descriptors, moved away from 0 and 1 so that an entry's prints corrupt no frame."""

    def __init__(self) -> None:
        self._requests: IO[bytes] = os.fdopen(os.dup(0), "rb")
        self._answers: IO[bytes] = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

    def receive(self) -> tuple[str, bytes]:
        """The next request; ("end", b"") when the harness has gone."""
        size = self._requests.read(4)
        if len(size) < 4:
            return "end", b""
        header = json.loads(self._requests.read(struct.unpack("<I", size)[0]))
        return header["kind"], self._requests.read(header["payload"])

    def answer(self, kind: str, payload: bytes = b"", **fields: Any) -> None:
        """Send one frame."""
        header = json.dumps({"kind": kind, "payload": len(payload), **fields}).encode()
        self._answers.write(struct.pack("<I", len(header)) + header)
        self._answers.write(payload)
        self._answers.flush()


class Server:
    """Serves one predictor."""

    def __init__(self, pipes: Pipes, predictor: Any, settings: dict[str, Any]) -> None:
        self._pipes = pipes
        self._predictor = predictor
        self._slots, self._slot_bytes = settings["slots"], settings["slot_bytes"]
        self._logits = mmap.mmap(settings["logits"], self._slots * self._slot_bytes)

    def serve(self) -> None:
        """Answer requests until the harness has gone."""
        predictor = self._predictor
        while True:
            kind, payload = self._pipes.receive()
            if kind == "end":
                return
            elif kind == "describe":
                self._describe()
            elif kind == "encode":
                self._pipes.answer("data", self._as_tokens(predictor.encode(payload)))
            elif kind == "decode":
                self._pipes.answer("data", self._as_bytes("decode", predictor.decode(_tokens(payload))))
            elif kind == "predict":
                self._predict([_tokens(part) for part in _split(payload)])
            elif kind == "predict_next":
                self._pipes.answer("data", self._next(_tokens(payload)))
            elif kind == "learn":
                predictor.learn([_tokens(part) for part in _split(payload)])
                self._pipes.answer("done")
            elif kind == "sample":
                self._pipes.answer("data", self._sample(*_split(payload)))
            elif kind == "compress":
                self._pipes.answer("data", self._as_bytes("compress", predictor.compress(_split(payload))))
            elif kind == "decompress":
                documents = predictor.decompress(payload)
                self._pipes.answer("data", _join([self._as_bytes("decompress", d) for d in documents]))

    def _describe(self) -> None:
        predictor = self._predictor
        self._pipes.answer(
            "description",
            vocab_size=int(predictor.vocab_size),
            end_of_document=int(predictor.end_of_document),
            batch_documents=int(predictor.batch_documents),
            adaptive=hasattr(predictor, "learn"),
            samples=hasattr(predictor, "sample"),
        )

    def _as_tokens(self, tokens: Any) -> bytes:
        import numpy as np

        array = np.asarray(tokens)
        if array.size == 0:
            return b""
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(
                f"encode gave {array.dtype} {list(array.shape)}; expected a flat array of integers"
            )
        vocab_size = int(self._predictor.vocab_size)
        if array.min() < 0 or array.max() >= vocab_size:
            raise ValueError(
                f"encode gave ids {array.min()} to {array.max()}; expected 0 to {vocab_size - 1}"
            )
        return array.astype("<i4").tobytes()

    def _as_bytes(self, operation: str, data: Any) -> bytes:
        if not isinstance(data, bytes | bytearray):
            raise ValueError(f"{operation} gave {type(data).__name__}; expected bytes")
        return bytes(data)

    def _sample(self, prompt: bytes, options: bytes) -> bytes:
        """What the entry goes on with, by its own way of sampling."""
        pieces = self._predictor.sample(prompt, **json.loads(options))
        return b"".join(self._as_bytes("sample", piece) for piece in pieces)

    def _next(self, tokens: Any) -> bytes:
        """The last row of predict([tokens]); an entry may have a quicker way to it."""
        import numpy as np

        if hasattr(self._predictor, "predict_next"):
            row = self._predictor.predict_next(tokens)
        else:
            for block in self._predictor.predict([tokens]):
                row = np.array(block[0, -1], np.float32)  # a copy: the entry may use its buffer again
        return np.asarray(row, np.float32).tobytes()

    def _predict(self, batch: list[Any]) -> None:
        import numpy as np

        expected = (len(batch), int(self._predictor.vocab_size))
        rows_left = 1 + max(len(tokens) for tokens in batch)
        rows_per_slot = self._slot_bytes // (4 * expected[0] * expected[1])
        sent = 0
        waiting = 0
        for block in self._predictor.predict(batch):
            block = np.asarray(block)
            rows = block.shape[1] if block.ndim == 3 else 0
            if block.dtype != np.float32 or block.shape != (expected[0], rows, expected[1]) or rows < 1:
                raise ValueError(
                    f"predict gave {block.dtype} {list(block.shape)}; "
                    f"expected float32 [{expected[0]}, rows, {expected[1]}] with 1 row or more"
                )
            if rows > rows_left:
                raise ValueError(
                    f"predict gave {rows} rows where {rows_left} were left; expected T+1 rows in all"
                )
            rows_left -= rows
            for start in range(0, rows, rows_per_slot):
                part = block[:, start : start + rows_per_slot]
                if waiting == self._slots:
                    self._pipes.receive()  # an acknowledgement frees the oldest slot
                    waiting -= 1
                offset = sent % self._slots * self._slot_bytes
                np.copyto(np.ndarray(part.shape, np.float32, self._logits, offset), part)
                self._pipes.answer("block", rows=part.shape[1])
                sent += 1
                waiting += 1
        if rows_left:
            raise ValueError(
                f"predict ended {rows_left} rows early; expected T+1 rows in all, T of the longest document"
            )
        for _ in range(waiting):
            self._pipes.receive()
        self._pipes.answer("done")


def _tokens(payload: bytes) -> Any:
    import numpy as np

    return np.frombuffer(payload, dtype="<i4").astype(np.int32)


def _split(payload: bytes) -> list[bytes]:
    (count,) = struct.unpack_from("<Q", payload)
    start = 8 * (1 + count)
    parts = []
    for length in struct.unpack_from(f"<{count}Q", payload, 8):
        parts.append(payload[start : start + length])
        start += length
    return parts


def _join(parts: Sequence[bytes]) -> bytes:
    return b"".join((struct.pack(f"<{len(parts) + 1}Q", len(parts), *map(len, parts)), *parts))


def _limit_resources(limits: dict[str, int]) -> None:
    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def main() -> None:
    """Load the entry and serve it."""
    settings = json.loads(sys.argv[1])
    pipes = Pipes()
    sys.path.extend(settings["packages"])
    import numpy  # noqa: F401 - a runtime without numpy is the sandbox's fault, so it must show before "ready"

    _limit_resources(settings["limits"])
    pipes.answer("ready")
    try:
        sys.path.insert(0, settings["artifact"])
        sys.argv = [settings["artifact"]]
        import entry  # type: ignore[import-not-found]

        predictor = entry.load()
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(settings["threads"])
        Server(pipes, predictor, settings).serve()
    except BaseException:
        pipes.answer("failed", message=traceback.format_exc()[-MESSAGE_CHARACTERS:])


if __name__ == "__main__":
    main()
