"""What benchmarks/fuzz.py feeds: every reader of untrusted bytes, with valid inputs to begin from."""

import functools
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from fuzz_inputs import Target, check_safe
from paramgolf.challenge import load_challenge
from paramgolf.corpus.readers import read_documents
from paramgolf.corpus.readers.parquet import read_parquet
from paramgolf.corpus.token_shards import MAGIC
from paramgolf.errors import ParamgolfError
from paramgolf.judge.archive import inspect_archive
from paramgolf.judge.entry import Entry, read_entry
from paramgolf.judge.papers import Papers, judge_papers
from paramgolf.judge.public_game.logs import read_log
from paramgolf.judge.public_game.scripts import read_script
from paramgolf.judge.public_game.submission import read_submission
from paramgolf.judge.stored_text import find_stored_text
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Standing, Verdict, read_verdict, verdict_json
from paramgolf.printable import printable
from paramgolf.runtime.bpe import BytePairs
from paramgolf.runtime.case import CaseFolding
from paramgolf.runtime.tokenizer import Tokenizer, read_tokenizer
from paramgolf.runtime.unigram import Unigram
from paramgolf.runtime.weights import decode_weights
from paramgolf.score.protocol import HEADER_LIMIT, WorkerEnded, join_parts, read_frame, split_parts

PAYLOAD_LIMIT = 1 << 16
ARTIFACT_LIMIT = 1 << 20
DOCUMENTS = (b"A text that is to be predicted, and is long enough for a piece of it to be found again. " * 3,)
SHAPES = {"a": (4,), "b": (6, 5)}
SHA256 = "0" * 64


# Frames of the worker

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


# Entries

ENTRY: dict[str, Any] = {
    "title": "t",
    "authors": [{"name": "a", "github": "b"}],
    "challenge": "local",
    "track": "fixed",
    "record": False,
    "document_isolation": False,
    "parents": ["p"],
    "hardware": "2 cores",
    "licence": "MIT",
    "recipe": "recipe.toml",
    "seeds": [
        {"seed": 1, "artifact": "model.pyz", "sha256": SHA256, "bits_per_byte": 2.0, "log": "log.jsonl"}
    ],
}
SCORE = SeedScore(
    seed=1,
    artifact_sha256=SHA256,
    artifact_bytes=9,
    bits_per_byte=2.0,
    bits=16.0,
    text_bytes=8,
    score_seconds=1.0,
)
JSON_WORDS = (
    b'":',
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b'"\\u001b[2J"',
    b"9" * 500,
    b"[" * 1200,
    b"null",
    b"{",
    b"-1",
)


def entry_seeds() -> list[bytes]:
    import tomli_w

    return [tomli_w.dumps(ENTRY).encode(), tomli_w.dumps(ENTRY | {"parents": []}).encode()]


def call_entry(folder: Path, data: bytes) -> None:
    (folder / "entry.toml").write_bytes(data)
    read_entry(folder)


PAPER_SEEDS = (
    json.dumps(
        {
            "seed": 1,
            "challenge": "local",
            "artifact_sha256": SHA256,
            "artifact_bytes": 9,
            "train_seconds": 5.0,
        }
    ).encode(),
    b"\n".join(json.dumps({"step": i, "seconds": i / 2, "tokens": 64 * i}).encode() for i in range(1, 5)),
    json.dumps({"splits": {"validation": {"sha256": SHA256}, "train": {"sha256": "1" * 64}}}).encode(),
)


@functools.cache
def _papers(folder: Path) -> Papers:
    seed = ENTRY["seeds"][0] | {"result": "result.json", "manifest": "manifest.json"}
    return Papers(
        folder=folder,
        entry=Entry.model_validate(ENTRY | {"seeds": [seed]}),
        challenge=load_challenge("local"),
        documents=DOCUMENTS,
        scores=[SCORE],
        whole_text=True,
    )


def call_papers(folder: Path, data: bytes) -> None:
    """The same bytes as result, log and manifest."""
    for name in ("result.json", "log.jsonl", "manifest.json", "README.md"):
        (folder / name).write_bytes(data)
    for finding in judge_papers(_papers(folder)):
        check_safe(finding.measured + finding.limit + finding.evidence + finding.mend)


def verdict_seeds() -> list[bytes]:
    finding = Finding(
        rule="R01", name="entry", outcome=Outcome.PASS, measured="1", limit="1", evidence="read"
    )
    verdict = Verdict(
        entry="e",
        title="t",
        challenge="local",
        rules_version=1,
        track="fixed",
        record=False,
        standing=Standing.VALID,
        depth="full",
        findings=(finding,),
        scores=(SCORE,),
        documents_sha256=SHA256,
        environment={"python": "3.11"},
        judged_at="2026-01-01",
        seconds=1.0,
    )
    return [verdict_json(verdict).encode()]


def call_verdict(folder: Path, data: bytes) -> None:
    (folder / "verdict.json").write_bytes(data)
    verdict_json(read_verdict(folder / "verdict.json"))


# The public game

SUBMISSION = {
    "name": "n",
    "val_bpb": 1.22,
    "bytes_total": 15_000_000,
    "seed_results": {"1337": {"val_bpb": 1.2, "train_time_ms": 5}, "42": 1.3},
    "seeds": [1337, 42],
    "compliance": {"artifact_bytes_max": [1, 2]},
}
LOG = b"""\
seed:1337
model_params:17059912
step:50/20000 train_loss:3.9508 train_time:2126ms step_avg:42.52ms
13780/20000 val_loss: 2.0606 val_bpb: 1.2172 train_time: 10.0m
Total submission size int8+zlib: 15,863,489 bytes
final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570 eval_time:1401ms
"""
LOG_WORDS = (
    b"loss:",
    b"val_bpb:",
    b"step:",
    b"seed:",
    b"size",
    b"train_time:",
    b"9" * 30,
    b"\n",
    b"/20000",
    b" in ",
)


def script_seeds() -> list[bytes]:
    import base64
    import lzma
    import zlib

    source = b"import os\nprint('hello')\n"
    inner = b"import zlib,base64;exec(zlib.decompress(base64.b64decode('%s')))" % base64.b64encode(
        zlib.compress(source)
    )
    packed = base64.b85encode(lzma.compress(inner))
    return [source, inner, b"import lzma as L,base64 as B\nexec(L.decompress(B.b85decode('%s')))" % packed]


# Corpus files


def shard_seeds() -> list[bytes]:
    tokens = np.array(
        [1, *(4 + byte for byte in b"one"), 1, *(4 + byte for byte in "zwé".encode()), 1], "<u2"
    )
    header = np.zeros(256, "<i4")
    header[:3] = MAGIC, 1, len(tokens)
    return [header.tobytes() + tokens.tobytes()]


def parquet_seeds() -> list[bytes]:
    table = pyarrow.table({"text": ["one", "zwé", None, "four" * 20], "id": [1, 2, 3, 4]})
    seeds = []
    for compression in ("none", "snappy", "zstd"):
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(table, buffer, compression=compression)
        seeds.append(buffer.getvalue())
    return seeds


def call_corpus(
    suffix: str, read: Callable[[Path], Iterator[bytes]] = read_documents
) -> Callable[[Path, bytes], None]:
    def call(folder: Path, data: bytes) -> None:
        path = folder / f"documents{suffix}"
        path.write_bytes(data)
        for document in read(path):
            document.decode()

    return call


# Parts of an artifact that the sandboxed side decodes


def weight_seeds() -> list[bytes]:
    import torch

    from paramgolf.pack.entropy import encode_weights
    from paramgolf.train.quantise import Quantised

    q, k = torch.arange(30, dtype=torch.int32).reshape(6, 5) % 7, torch.full((6,), -40, dtype=torch.int32)
    matrix = Quantised(q=q, k=k)
    return [encode_weights({"a": np.ones(4, np.float32), "b": matrix}).blob]


def tokenizer_seeds() -> list[bytes]:
    pairs = BytePairs([(97, 98), (257, 99), (32, 258)])
    unigram = Unigram([b" a", b"ab", b"abc"], [40] * 259)
    return [t.to_bytes() for t in (Tokenizer(), pairs, unigram, CaseFolding(pairs))]


TARGETS: dict[str, Target] = {
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
    "entry.toml": Target(
        group="others",
        seeds=entry_seeds,
        call=call_entry,
        words=(
            b" = ",
            b"[[seeds]]\n",
            b"a." * 150,
            b"0x" + b"f" * 900,
            b"[" * 900,
            b"inf",
            b"\n",
            b'"""',
            b"1979-05-27",
        ),
    ),
    "papers": Target(group="others", seeds=lambda: PAPER_SEEDS, call=call_papers, words=JSON_WORDS),
    "verdict": Target(group="others", seeds=verdict_seeds, call=call_verdict, words=JSON_WORDS),
    "submission": Target(
        group="others",
        seeds=lambda: [json.dumps(SUBMISSION).encode()],
        call=lambda folder, data: read_submission(data),
        words=JSON_WORDS,
    ),
    "public logs": Target(
        group="others",
        seeds=lambda: [LOG],
        call=lambda folder, data: read_log("log.txt", data),
        words=LOG_WORDS,
    ),
    "scripts": Target(
        group="others", seeds=script_seeds, call=lambda folder, data: read_script("train_gpt.py", data)
    ),
    "token shards": Target(group="others", seeds=shard_seeds, call=call_corpus(".bin"), safe=False),
    "jsonl": Target(
        group="others",
        seeds=lambda: [b'{"text": "one"}\n\n{"text": "zw\\u00e9", "n": [1]}\n'],
        call=call_corpus(".jsonl"),
        safe=False,
        words=JSON_WORDS,
    ),
    "parquet": Target(
        group="others", seeds=parquet_seeds, call=call_corpus(".parquet", read_parquet), safe=False
    ),
    "tokenizer.bin": Target(
        group="others",
        seeds=tokenizer_seeds,
        call=lambda folder, data: read_tokenizer(data),
        errors=(ValueError,),
    ),
    "weights.bin": Target(
        group="others",
        seeds=weight_seeds,
        call=lambda folder, data: decode_weights(data, SHAPES),
        errors=(ValueError,),
        safe=False,
    ),
}
