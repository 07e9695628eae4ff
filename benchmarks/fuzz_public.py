"""Targets of benchmarks/fuzz.py: folders of the public game."""

import base64
import json
import lzma
import zlib
from pathlib import Path

from fuzz_inputs import JSON_WORDS, Target, check_safe
from paramgolf.judge.public_game import examine_public_entry
from paramgolf.judge.public_game.logs import read_log
from paramgolf.judge.public_game.scripts import read_script
from paramgolf.judge.public_game.submission import read_submission
from paramgolf.judge.verdict import verdict_json

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
    source = b"import os\nprint('hello')\n"
    inner = b"import zlib,base64;exec(zlib.decompress(base64.b64decode('%s')))" % base64.b64encode(
        zlib.compress(source)
    )
    packed = base64.b85encode(lzma.compress(inner))
    return [source, inner, b"import lzma as L,base64 as B\nexec(L.decompress(B.b85decode('%s')))" % packed]


BETWEEN = b"\n#-#-#\n"
FILES = ("submission.json", "train_seed1337.log", "train_seed42.log", "train_gpt.py")


def folder_seeds() -> list[bytes]:
    other = LOG.replace(b"seed:1337", b"seed:42").replace(b"3.9508", b"3.9601")
    return [
        BETWEEN.join([json.dumps(SUBMISSION).encode(), LOG, second, script])
        for second in (other, LOG)
        for script in script_seeds()[1:]
    ]


def call_folder(folder: Path, data: bytes) -> None:
    """The files of a folder, one behind the other; all that the papers are held against."""
    parts = data.split(BETWEEN, len(FILES) - 1)
    for name, part in zip(FILES, parts + [b""] * (len(FILES) - len(parts)), strict=True):
        (folder / name).write_bytes(part)
    verdict = examine_public_entry(folder)
    for finding in verdict.findings:
        check_safe(finding.measured + finding.limit + finding.evidence + finding.mend)
    verdict_json(verdict)


PUBLIC: dict[str, Target] = {
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
    "public folder": Target(
        group="others", seeds=folder_seeds, call=call_folder, words=(*LOG_WORDS, *JSON_WORDS, BETWEEN)
    ),
}
