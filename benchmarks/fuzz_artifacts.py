"""Targets of benchmarks/fuzz.py: what the worker answers, and artifacts as files."""

import io
import json
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

from fuzz_inputs import JSON_WORDS, Target, check_safe
from paramgolf.challenge import load_challenge
from paramgolf.common.printable import printable
from paramgolf.errors import ParamgolfError
from paramgolf.judge.archive import inspect_archive
from paramgolf.judge.stored_text import find_stored_text
from paramgolf.lab.recipes.info import describe_artifact
from paramgolf.score.protocol import HEADER_LIMIT, WorkerEnded, join_parts, read_frame, split_parts

PAYLOAD_LIMIT = 1 << 16
ARTIFACT_LIMIT = 1 << 20
DOCUMENTS = (b"A text that is to be predicted, and is long enough for a piece of it to be found again. " * 3,)


FRAMES = (
    {"kind": "ready", "payload": 0},
    {"kind": "failed", "payload": 0, "message": "ValueError: \x1b[2J no"},
    {"kind": "description", "payload": 0, "vocab_size": 257, "end_of_document": 256, "batch_documents": 4}
    | {"adaptive": False},
    {"kind": "block", "payload": 0, "rows": 17},
    {"kind": "done", "payload": 0},
)
FRAME_WORDS = (
    b'"kind"',
    b'"payload":',
    b'"rows":',
    b"99999999999999999999",
    b"1e999",
    b"NaN",
    b"\\ud800",
    b"\\u001b",
)


def frame_seeds() -> list[bytes]:
    frames = [_frame(header, b"") for header in FRAMES]
    for parts in ([], [b""], [b"one", b"", b"two" * 30]):
        payload = join_parts(parts)
        frames.append(_frame({"kind": "data", "payload": len(payload)}, payload))
    return frames


def _frame(header: dict[str, Any], payload: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + payload


def call_frame(folder: Path, data: bytes) -> None:
    """Read as the channel does; asking for more than the limits is a defect, whatever arrives."""
    stream = io.BytesIO(data)

    def read(size: int) -> bytes:
        assert 0 <= size <= max(HEADER_LIMIT, PAYLOAD_LIMIT), f"asked for {size} bytes"
        piece = stream.read(size)
        if len(piece) < size:
            raise WorkerEnded
        return piece

    answer, payload = read_frame(read, PAYLOAD_LIMIT)
    assert len(payload) == answer.payload <= PAYLOAD_LIMIT
    if payload:
        split_parts(payload)
    text = getattr(answer, "message", "")
    check_safe(printable(text))


def call_parts(folder: Path, data: bytes) -> None:
    assert join_parts(split_parts(data)) == data


# Artifacts


def artifact_seeds() -> list[bytes]:
    plain = [("entry.py", b"def load(): ..."), ("weights.bin", random.Random(1).randbytes(300))]
    cases: list[tuple[int, list[tuple[str, bytes]]]] = [
        (kind, plain)
        for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    ]
    cases.append((zipfile.ZIP_DEFLATED, [*plain, ("zeros", bytes(1 << 18))]))
    cases.append((zipfile.ZIP_STORED, [*plain, ("text", DOCUMENTS[0]), ("a/é", b"")]))
    return [_zipped(kind, members) for kind, members in cases] + [_zip64()]


def _zipped(kind: int, members: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def _zip64() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("entry.py", "w", force_zip64=True) as handle:
        handle.write(b"x = 1")
    return buffer.getvalue()


def call_artifact(folder: Path, data: bytes) -> str:
    """As the judge does: only what has no problem from outside is searched."""
    path = folder / "model.pyz"
    path.write_bytes(data)
    archive = inspect_archive(path, ARTIFACT_LIMIT)
    for problem in archive.problems:
        check_safe(problem)
    if archive.problems:
        return "refused"
    find_stored_text(path, DOCUMENTS)
    return "searched"


CONFIG = {"model": {"vocab_size": 300, "layers": 2, "width": 32, "ngrams": [[2, 64, 8]]}, "predict": {}}


def description_seeds() -> list[bytes]:
    members = [("entry.py", b"def load(): ..."), ("config.json", json.dumps(CONFIG).encode())]
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
    return [json.dumps(CONFIG).encode()] + [_zipped(kind, members) for kind in kinds]


def call_description(folder: Path, data: bytes) -> None:
    """`paramgolf info` of a stranger's artifact, or of one with such a configuration."""
    path = folder / "model.pyz"
    path.write_bytes(data if data.startswith(b"PK") else _zipped(zipfile.ZIP_STORED, [("config.json", data)]))
    json.dumps(describe_artifact(path, load_challenge("local")))


ARTIFACTS: dict[str, Target] = {
    "frames": Target(
        group="frames",
        seeds=frame_seeds,
        call=call_frame,
        errors=(ParamgolfError, WorkerEnded),
        words=FRAME_WORDS,
    ),
    "artifacts": Target(
        group="artifacts",
        seeds=artifact_seeds,
        call=call_artifact,
        words=(b"PK\1\2", b"PK\3\4", b"PK\5\6", b"entry.py"),
    ),
    "parts": Target(
        group="others", seeds=lambda: [join_parts([b"", b"ab"]), join_parts([])], call=call_parts
    ),
    "info": Target(group="others", seeds=description_seeds, call=call_description, words=JSON_WORDS),
}
