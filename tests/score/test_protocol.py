"""Frames: nothing that a worker sends makes the harness allocate beyond its limits or fail in another way."""

import io
import json
import os
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paramgolf.common.printable import printable
from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.score.protocol import (
    HEADER_LIMIT,
    Block,
    Channel,
    Data,
    Deadline,
    WorkerEnded,
    join_parts,
    read_frame,
    split_parts,
)

LIMIT = 1000


class Stream:
    """Gives exactly n bytes or ends, as the harness's pipe does; remembers the most that was asked for."""

    def __init__(self, data):
        self._file = io.BytesIO(data)
        self.most = 0

    def read(self, size):
        self.most = max(self.most, size)
        data = self._file.read(size)
        if len(data) < size:
            raise WorkerEnded
        return data


def frame(header, payload=b""):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(encoded)) + encoded + payload


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
kinds = st.sampled_from(["ready", "failed", "description", "data", "block", "done", "x"])
near_headers = st.fixed_dictionaries(
    {"kind": kinds | json_values, "payload": st.integers(-5, 2000) | json_values},
    optional={"rows": json_values, "message": json_values, "vocab_size": json_values},
)


@given(
    st.binary(max_size=200) | st.builds(frame, near_headers | st.binary(max_size=50), st.binary(max_size=50))
)
@example(frame({"kind": "data", "payload": 10**400}))
@example(frame(b'{"kind": "data", "payload": 1' + b"0" * 60_000 + b"}"))
@example(frame(b"[" * 60_000))
@example(frame(b"\xff\xfe"))
@example(frame({"kind": "\ud800", "payload": 0}))
@example(struct.pack("<I", 2**32 - 1))
def test_hostile_bytes_give_an_answer_an_entry_error_or_the_end(data):
    stream = Stream(data)
    try:
        _, payload = read_frame(stream.read, LIMIT)
        assert len(payload) <= LIMIT
    except (EntryError, WorkerEnded):
        pass
    assert stream.most <= max(LIMIT, HEADER_LIMIT)


def test_a_frame_is_read():
    answer, payload = read_frame(Stream(frame({"kind": "data", "payload": 3}, b"abc")).read, LIMIT)
    assert isinstance(answer, Data)
    assert payload == b"abc"
    assert read_frame(Stream(frame({"kind": "block", "rows": 3, "payload": 0})).read, 0)[0] == Block(
        kind="block", rows=3, payload=0
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack("<I", 1 << 30), "a header of 1073741824 bytes; at most 65536 are allowed"),
        (
            frame({"kind": "data", "payload": 1001}),
            "announced 1001 bytes with 'data'; at most 1000 are allowed",
        ),
        (
            frame({"kind": "data", "payload": "3"}),
            "does not allow: data.payload: got '3'; expected a valid integer",
        ),
        (frame({"kind": "block", "payload": 0, "rows": 0}), "does not allow: block.rows"),
        (frame({"kind": "data", "payload": 0, "extra": 1}), "does not allow: data.extra"),
        (frame(b"not JSON"), "does not allow: got b'not JSON'; invalid JSON"),
    ],
)
def test_the_message_says_what_was_got_and_what_is_allowed(data, message):
    with pytest.raises(EntryError, match=message.replace("(", r"\(")):
        read_frame(Stream(data).read, LIMIT)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_parts_come_back_as_they_went(parts):
    assert split_parts(join_parts(parts)) == parts


@given(
    st.binary(max_size=60)
    | st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 40), max_size=6).map(
        lambda numbers: b"".join(n.to_bytes(8, "little") for n in numbers)
    )
)
@example(struct.pack("<QQQ", 2, 2**63, 2**63))
def test_hostile_parts_are_refused_or_rebuild_the_same_payload(payload):
    try:
        parts = split_parts(payload)
    except EntryError:
        return
    assert join_parts(parts) == payload


def test_text_of_an_entry_cannot_drive_a_terminal():
    assert printable("a\x1b[2Jb\tc\nd\r") == "a\ufffd[2Jb\tc\nd\ufffd"


@pytest.fixture
def pipes():
    """A channel's three descriptors, and the worker's ends of them."""
    requests_read, requests_write = os.pipe()
    answers_read, answers_write = os.pipe()
    errors_read, errors_write = os.pipe()
    descriptors = [requests_read, requests_write, answers_read, answers_write, errors_read, errors_write]
    yield (requests_write, answers_read, errors_read), (requests_read, answers_write, errors_write)
    for descriptor in descriptors:
        os.close(descriptor)


def test_an_answer_of_another_kind_is_refused(pipes):
    ours, (_, answers, _) = pipes
    channel = Channel(*ours, deadline=Deadline(5), tick=None)
    os.write(answers, frame({"kind": "done", "payload": 0}))
    with pytest.raises(EntryError, match="answered 'done' where 'data' was expected"):
        channel.receive(Data, 10)


@pytest.mark.parametrize("drip", [b"", b"\x10"])
def test_silence_ends_at_the_deadline_and_ticks_meanwhile(pipes, drip):
    ours, (_, answers, _) = pipes
    ticks = []
    channel = Channel(*ours, deadline=Deadline(0.2), tick=lambda: ticks.append(1))
    os.write(answers, drip) if drip else None
    with pytest.raises(EntryTimeoutError, match=r"past its limit of 0\.2 s"):
        channel.receive(Data, 10)
    assert ticks


def test_a_reader_that_never_reads_ends_at_the_deadline(pipes):
    ours, _ = pipes
    with pytest.raises(EntryTimeoutError):
        Channel(*ours, deadline=Deadline(0.2), tick=None).send("encode", bytes(1 << 20))


def test_only_the_tail_of_a_flooded_stderr_is_kept(pipes):
    ours, (_, _, errors) = pipes
    channel = Channel(*ours, deadline=Deadline(10), tick=lambda: os.write(errors, b"x" * 30_000))
    for _ in range(20):
        os.write(errors, b"x" * 30_000)
        channel.stderr_tail()
    os.write(errors, b"the end")
    assert channel.stderr_tail().endswith("xthe end")
    assert len(channel.stderr_tail()) <= 8192
