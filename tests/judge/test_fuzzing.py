"""Hostile bytes get an error of our own tree, or a problem that is named; benchmarks/fuzz.py feeds many more."""

import io
import json
import struct
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramgolf.challenge import load_challenge
from paramgolf.common.printable import printable
from paramgolf.corpus.readers import read_documents
from paramgolf.corpus.token_shards import MAGIC
from paramgolf.errors import ConfigError, CorpusError, EntryError, UsageError
from paramgolf.judge.archive import inspect_archive
from paramgolf.judge.entry import Entry, read_entry
from paramgolf.judge.papers import Papers
from paramgolf.judge.public_game.logs import read_log
from paramgolf.judge.public_game.scripts import read_script
from paramgolf.judge.public_game.submission import read_submission
from paramgolf.judge.rules.registry import judge_papers
from paramgolf.judge.stored_text import find_stored_text
from paramgolf.judge.verdict import Outcome, read_verdict
from paramgolf.lab.recipes.info import describe_artifact
from paramgolf.score.protocol import HEADER_LIMIT, WorkerEnded, join_parts, read_frame, split_parts
from paramgolf.train.recipe.files import load_recipe

PAYLOAD_LIMIT = 1 << 12
ARTIFACT_LIMIT = 1 << 20
SHA256 = "0" * 64
ENTRY = f"""\
title = "t"
challenge = "local"
track = "fixed"
record = false
document_isolation = false
parents = []
hardware = "2 cores"
licence = "MIT"
[[authors]]
name = "a"
[[seeds]]
seed = 1
artifact = "model.pyz"
sha256 = "{SHA256}"
bits_per_byte = 2.0
result = "result.json"
log = "log.jsonl"
manifest = "manifest.json"
"""
# One folder serves all examples of a test: each overwrites the files of the one before.
fuzz = partial(
    settings,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw, valid: bytes | list[bytes]) -> bytes:
    """A valid input with up to four of its pieces replaced, or cut off."""
    data = bytearray(valid if isinstance(valid, bytes) else draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 1, 2, 4, 8, 64]))
        numbers = st.sampled_from(
            [b"\xff" * 2, b"\xff" * 4, b"\xff" * 8, b"\0" * 4, b"9" * 30, b"1e999", b"\x1b["]
        )
        data[at : at + length] = draw(numbers | st.binary(max_size=8))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data)


def frame(header: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("<I", len(header)) + header + payload


def read(data: bytes):
    """Read a frame as the channel does; no more than the limits may be asked for."""
    stream = io.BytesIO(data)

    def exactly(size: int) -> bytes:
        assert 0 <= size <= max(HEADER_LIMIT, PAYLOAD_LIMIT)
        if len(piece := stream.read(size)) < size:
            raise WorkerEnded
        return piece

    return read_frame(exactly, PAYLOAD_LIMIT)


def check_refused(call, *errors: type[Exception]) -> None:
    """`call` returns, or raises one of `errors` with a message that a terminal can be given."""
    message = ""
    try:
        call()
    except errors as error:
        message = str(error)
    assert printable(message) == message


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["ready", "failed", "description", "data", "block", "done"]) | json_values},
        optional={
            key: st.integers(-1, 2 * PAYLOAD_LIMIT) | json_values
            for key in ("payload", "rows", "message", "vocab_size", "end_of_document", "\x1b[2J")
        },
    ),
    st.binary(max_size=100),
)
@fuzz()
def test_a_frame_with_any_header_is_read_within_its_limits_or_refused(header, payload):
    check_refused(lambda: read(frame(json.dumps(header).encode(), payload)), EntryError, WorkerEnded)


@given(
    mutated(
        [
            frame(b'{"kind":"data","payload":24}', join_parts([b"ab", b""])),
            frame(b'{"kind":"ready","payload":0}'),
        ]
    )
)
@fuzz()
def test_a_damaged_frame_is_read_or_refused(data):
    check_refused(lambda: read(data), EntryError, WorkerEnded)


def test_the_place_of_a_wrong_key_cannot_drive_the_terminal():
    with pytest.raises(EntryError, match=r"\\x1b\[2J: no such key"):
        read(frame(b'{"kind":"done","payload":0,"\\u001b[2J":1}'))


@given(mutated([join_parts([]), join_parts([b"one", b"", b"two"])]) | st.binary(max_size=64))
@fuzz()
def test_parts_that_are_accepted_are_exactly_the_payload(data):
    check_refused(lambda: (parts := split_parts(data)) and _same(join_parts(parts), data), EntryError)


def _same(got: bytes, expected: bytes) -> None:
    assert got == expected


@given(st.text(st.characters(exclude_categories=())))
@fuzz()
def test_printable_text_has_no_control_characters_and_can_be_encoded(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    shown.encode()


def zipped(kind: int, *members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


ZIPS = [
    zipped(kind, ("entry.py", b"def load(): ..."), ("weights.bin", bytes(range(256))), ("é", b""))
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
]


def inspect(folder: Path, data: bytes) -> None:
    path = folder / "model.pyz"
    path.write_bytes(data)
    archive = inspect_archive(path, ARTIFACT_LIMIT)
    assert printable("".join(archive.problems)) == "".join(archive.problems)
    if not archive.problems:
        find_stored_text(path, [bytes(range(256))])


@given(mutated(ZIPS))
@fuzz()
def test_a_damaged_archive_is_searched_or_its_problems_are_named(tmp_path, data):
    inspect(tmp_path, data)


@given(st.sampled_from(ZIPS), st.sampled_from(ZIPS), st.data())
@fuzz(max_examples=100)
def test_the_directory_of_another_archive_names_no_members_of_this_one(tmp_path, body, other, data):
    cut = data.draw(st.integers(0, len(body)))
    inspect(tmp_path, body[:cut] + other[other.index(b"PK\1\2") :])


@given(st.sampled_from(ZIPS[:2]), st.integers(0, 2), st.sampled_from([20, 24, 42]), st.integers(0, 2**32 - 1))
@fuzz(max_examples=200)
def test_sizes_and_offsets_that_lie_are_named(tmp_path, data, member, field, value):
    """Compressed size, size and offset of the local header in the directory."""
    at = -1
    for _ in range(member + 1):
        at = data.index(b"PK\1\2", at + 1)
    inspect(tmp_path, data[: at + field] + struct.pack("<I", value) + data[at + field + 4 :])


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_python_unpacks_without_a_limit_are_refused_unread(tmp_path, kind):
    path = tmp_path / "model.pyz"
    path.write_bytes(zipped(kind, ("entry.py", bytes(1 << 20))))
    (problem,) = inspect_archive(path, ARTIFACT_LIMIT).problems
    assert problem == "The member 'entry.py' is neither stored nor deflated."


@given(mutated(ENTRY.encode()))
@fuzz()
def test_a_damaged_entry_file_is_read_or_refused(tmp_path, data):
    (tmp_path / "entry.toml").write_bytes(data)
    check_refused(lambda: read_entry(tmp_path), EntryError)


@pytest.mark.parametrize("line", [b"a." * 32_000 + b"a=1", b"[" + b"a." * 3_000 + b"a]\n" + b"b=1\n" * 3_000])
def test_a_key_of_thousands_of_parts_is_refused_before_it_is_parsed(tmp_path, line):
    (tmp_path / "entry.toml").write_bytes(line)
    with pytest.raises(EntryError, match="more than 200 dots"):
        read_entry(tmp_path)


@pytest.mark.parametrize("read", [load_recipe, load_challenge])
def test_recipes_and_challenges_have_that_limit_too(tmp_path, read):
    path = tmp_path / "recipe.toml"
    path.write_bytes(b"a." * 32_000 + b"a=1")
    with pytest.raises(ConfigError, match="more than 200 dots"):
        read(str(path))


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_configuration_that_python_unpacks_without_a_limit_is_refused_unread(tmp_path, kind):
    path = tmp_path / "model.pyz"
    path.write_bytes(zipped(kind, ("config.json", b"{}")))
    with pytest.raises(EntryError, match=r"config\.json is neither stored nor deflated"):
        describe_artifact(path, load_challenge("local"))


def judged(folder: Path, *, result: bytes = b"{}", log: bytes = b"", manifest: bytes = b"{}"):
    """Findings about the papers by rule; all their texts can be shown."""
    for name, data in (("entry.toml", ENTRY.encode()), ("README.md", b"x"), ("result.json", result)):
        (folder / name).write_bytes(data)
    (folder / "log.jsonl").write_bytes(log)
    (folder / "manifest.json").write_bytes(manifest)
    entry: Entry = read_entry(folder)
    challenge = load_challenge("local")
    papers = Papers(
        folder=folder, entry=entry, challenge=challenge, documents=[b"x"], scores=[None], whole_text=True
    )
    findings = {finding.rule: finding for finding in judge_papers(papers)}
    text = "".join(f.measured + f.limit + f.evidence + f.mend for f in findings.values())
    assert printable(text) == text
    return findings


@given(json_values, json_values, json_values, json_values, json_values)
@fuzz(max_examples=200)
def test_papers_with_any_values_get_findings(tmp_path, a, b, step, seconds, tokens):
    judged(
        tmp_path,
        result=json.dumps({"seed": a, "artifact_bytes": b, "train_seconds": seconds}).encode(),
        log=json.dumps({"step": step, "seconds": seconds, "tokens": tokens}).encode(),
        manifest=json.dumps({"splits": {"validation": {"sha256": a}, "train": b}}).encode(),
    )


@pytest.mark.parametrize(
    "row",
    [
        b'{"step": 1e999, "seconds": 1, "tokens": 1}',
        b'{"step": 1, "seconds": 1%s, "tokens": 1}' % (b"0" * 400),
        b'{"step": 1, "seconds": NaN, "tokens": 1}',
        b'{"step": 1, "seconds": "nan", "tokens": 1}',
    ],
)
def test_a_log_with_numbers_that_are_none_fails_the_evidence(tmp_path, row):
    assert judged(tmp_path, result=b"{}", log=row)["R15"].outcome is Outcome.FAIL


def test_what_a_manifest_gives_as_its_hash_is_shown_quoted(tmp_path):
    manifest = b'{"splits": {"validation": {"sha256": "\\u001b[2J\\ud800"}}}'
    assert "\\x1b[2J" in judged(tmp_path, manifest=manifest)["R14"].measured


@given(
    mutated(b'{"val_bpb": 1.2, "bytes_total": 9, "seed_results": {"1": {"val_bpb": 1.2}}, "seeds": [1]}')
    | json_values.map(
        lambda value: json.dumps({"seeds": value, "seed_results": value, "val_bpb": value}).encode()
    )
)
@fuzz()
def test_a_damaged_submission_is_read_or_refused(data):
    check_refused(lambda: read_submission(data), EntryError)


@given(
    mutated(
        [
            b"seed:1\nstep:5/20 train_loss:3.9 train_time:2126ms\nfinal val_bpb:1.22 eval_time:9ms\n",
            b"exec(b64decode('",
        ]
    )
)
@fuzz()
def test_damaged_logs_and_programs_are_read(data):
    read_log("log.txt", data)
    read_script("train_gpt.py", data)


@given(mutated(b'{"entry": "e", "findings": [], "scores": [{"seed": 1}]}'))
@fuzz(max_examples=100)
def test_a_damaged_verdict_is_refused(tmp_path, data):
    (tmp_path / "verdict.json").write_bytes(data)
    check_refused(lambda: read_verdict(tmp_path / "verdict.json"), UsageError)


def test_a_wrong_key_of_a_verdict_cannot_drive_the_terminal(tmp_path):
    (tmp_path / "verdict.json").write_bytes(b'{"\\u001b[2J": 1}')
    check_refused(lambda: read_verdict(tmp_path / "verdict.json"), UsageError)


def shard() -> bytes:
    tokens = np.array([1, *(4 + byte for byte in "zwé".encode()), 1, 70], "<u2")
    return struct.pack("<3i", MAGIC, 1, len(tokens)).ljust(1024, b"\0") + tokens.tobytes()


@given(st.sampled_from([".bin", ".jsonl"]), mutated([shard(), b'{"text": "one"}\n{"text": "zw\\u00e9"}\n']))
@fuzz()
def test_damaged_corpus_files_are_read_or_refused(tmp_path, suffix, data):
    path = tmp_path / f"documents{suffix}"
    path.write_bytes(data)
    try:
        for document in read_documents(path):
            document.decode()
    except CorpusError:
        pass
