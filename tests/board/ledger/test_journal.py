"""The journal: whole lines in small files, and whatever was changed shows when it is read."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.board.ledger import journal as journal_module
from paramgolf.board.ledger.events import FIRST_CHAIN, Invalidated, Reinstated, chained
from paramgolf.board.ledger.journal import EVENTS_A_FILE, Journal, event_line
from paramgolf.errors import LedgerError, UsageError

AT = "2026-11-22T00:00:00+00:00"
GOLDEN = (
    b'{"at":"2026-11-22T00:00:00+00:00","body":{"entry":"mine","kind":"invalidated"},'
    b'"chain":"a2b7a5b032934dde4d4f8104f3b59a04b4f7c93772db4ebfbe20200289c5e50a","number":1,"who":"me","why":"so"}\n'
)


def made(count, before=()):
    """Events that follow those `before`."""
    events = list(before)
    for number in range(len(events) + 1, len(events) + count + 1):
        body = (Invalidated if number % 2 else Reinstated)(entry=f"entry-{number // 2}")
        chain = events[-1].chain if events else FIRST_CHAIN
        events.append(chained(body, number=number, at=AT, who="me", why="sö", before=chain))
    return events[len(before) :]


def written(folder, *counts):
    """A journal with batches of so many events, and its events."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, events = Journal(folder), []
    journal.create()
    for count in counts:
        events += (new := made(count, events))
        journal.append(new)
    return journal, events


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_line_is_as_it_always_was(tmp_path):
    """Who has a ledger keeps it: this line of a journal is read, and written, for ever."""
    journal, _ = written(tmp_path)
    (tmp_path / "00000001.jsonl").write_bytes(GOLDEN)
    (event,) = journal.after(())
    assert event_line(event) == GOLDEN


@given(counts=st.lists(st.integers(1, 120), max_size=4))
@settings(max_examples=25)
def test_what_is_appended_comes_back_in_files_that_are_not_cut_within_a_batch(tmp_path_factory, counts):
    journal, events = written(tmp_path_factory.mktemp("journal"), *counts)
    assert list(journal.after(())) == events
    assert list(journal.after(events[: len(events) // 2])) == events[len(events) // 2 :]
    ends = {sum(counts[:n]) for n in range(len(counts))}
    assert {int(name[:8]) - 1 for name in journal.files()} <= ends
    sizes = [data.count(b"\n") for name, data in contents(journal.folder).items() if name[0] != "."]
    assert all(size < EVENTS_A_FILE + max(counts) for size in sizes)


def test_an_event_more_changes_one_small_file(tmp_path):
    journal, events = written(tmp_path, *[1] * (EVENTS_A_FILE + 3))
    before = contents(tmp_path)
    journal.append(made(1, events))
    changed = {name for name, data in contents(tmp_path).items() if before.get(name) != data}
    assert changed == {f"{EVENTS_A_FILE + 1:08}.jsonl"}


def edited(old, new):
    return lambda path: path.write_bytes(path.read_bytes().replace(old, new, 1))


def swapped(path):
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([second, first, *rest]))


def linked(path):
    path.rename(path.parent / "elsewhere")
    path.symlink_to("elsewhere")


def endless(path):
    """One line of a gigabyte, of which the disk has nothing."""
    with path.open("ab") as handle:
        handle.truncate(1 << 30)


def without_line(number):
    def spoil(path):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[: number - 1] + lines[number:]))

    return spoil


def replaced_by(data):
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (edited(b'"who":"me"', b'"who":"you"'), "event 1, on entry-0, was changed after it was written"),
        (edited(b'"number":2', b'"number": 2'), "event 2, on entry-1, was changed"),
        (edited(b'"why"', b'"who":"me","why"'), "event 1, on entry-0, was changed"),
        (edited(b"\n", b"\n\n"), "line 2 is no event"),
        (edited(b"invalidated", b"forgotten"), "is no event.*newer paramgolf"),
        (swapped, "event 1 is missing: event 2 is in its place"),
        (without_line(1), "event 1 is missing"),
        (without_line(2), "event 2 is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "ends in half a line, after event 4"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "ends in half a line, after event 4"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")), "carriage return"),
        (linked, "a symbolic link"),
        (endless, "1,073,741,824 bytes|1,073,74"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "FIFO"),
        (lambda path: (path.unlink(), path.mkdir()), "a folder"),
        (replaced_by(b""), "ends in half a line, after event 0"),
        (replaced_by(b"[" * 100_000 + b"\n"), "is no event"),
        (replaced_by(b"\xff\xfe\n"), "is no event"),
        (edited(b"s\xc3\xb6", rb"\ud800"), "is no event"),
        (lambda path: path.rename(path.parent / "00000002.jsonl"), "event 1 is missing"),
        (lambda path: path.rename(path.parent / "00000000.jsonl"), "event 1 is missing"),
    ],
)
def test_what_was_changed_is_neither_read_nor_written_upon(tmp_path, spoil, message):
    journal, _ = written(tmp_path, 5)
    spoil(tmp_path / "00000001.jsonl")
    for _ in range(2):
        with pytest.raises(LedgerError, match=message) as caught:
            list(journal.after(()))
    assert "Bring the journal back" in str(caught.value) or "check it out again" in str(caught.value)


@pytest.mark.parametrize("lost", ["00000001.jsonl", "00000061.jsonl"])
def test_a_file_that_is_gone_shows(tmp_path, lost):
    journal, _ = written(tmp_path, 60, 60, 60)
    (tmp_path / lost).unlink()
    with pytest.raises(LedgerError, match=f"event {int(lost[:8])} is missing"):
        list(journal.after(()))


@given(place=st.floats(0, 1, exclude_max=True), other=st.integers(0, 255))
def test_no_byte_can_be_changed_unseen(tmp_path_factory, place, other):
    journal, _ = written(tmp_path_factory.mktemp("journal"), 3)
    path = journal.folder / "00000001.jsonl"
    data = bytearray(path.read_bytes())
    at = int(place * len(data))
    if data[at] != other:
        data[at] = other
        path.write_bytes(data)
        with pytest.raises(LedgerError):
            list(journal.after(()))


def test_a_journal_that_was_rewritten_while_it_was_known_shows(tmp_path):
    journal, events = written(tmp_path / "one", 3)
    other = [
        chained(Invalidated(entry="other"), number=1, at=AT, who="me", why="so", before=FIRST_CHAIN),
    ]
    other += made(4, other)
    (tmp_path / "one" / "00000001.jsonl").write_bytes(b"".join(map(event_line, other)))
    with pytest.raises(LedgerError, match="rewritten while the ledger was open"):
        list(journal.after(events))
    (tmp_path / "one" / "00000001.jsonl").unlink()
    with pytest.raises(LedgerError, match="it was there before"):
        list(journal.after(events))


def test_git_keeps_its_bytes_whatever_it_does_to_line_endings(tmp_path):
    _, events = written(tmp_path / "one", 3)

    def git(*words):
        turning = (
            "-c",
            "core.autocrlf=true",
            "-c",
            "core.eol=crlf",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b.c",
        )
        subprocess.run(["git", *turning, *words], check=True, capture_output=True)

    git("-C", str(tmp_path / "one"), "init", "-q")
    git("-C", str(tmp_path / "one"), "add", "-A")
    git("-C", str(tmp_path / "one"), "commit", "-qm", "a journal")
    git("clone", "-q", str(tmp_path / "one"), str(tmp_path / "two"))
    assert list(Journal(tmp_path / "two").after(())) == events


def test_what_a_killed_writer_left_is_no_event_and_goes_with_the_next_append(tmp_path):
    journal, events = written(tmp_path, 2)
    (tmp_path / ".00000001.jsonl.x.tmp").write_bytes(event_line(made(1, events)[0])[:20])
    assert list(journal.after(())) == events
    journal.append(made(1, events))
    assert sorted(contents(tmp_path)) == [".gitattributes", "00000001.jsonl"]


def test_long_events_begin_a_new_file_early(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_module, "BYTES_A_FILE", 500)
    journal, events = written(tmp_path, *[1] * 9)
    assert len(journal.files()) == 3
    assert list(journal.after(())) == events


def test_a_batch_that_no_file_takes_is_refused(tmp_path, monkeypatch):
    journal, events = written(tmp_path, 2)
    monkeypatch.setattr(journal_module, "LARGEST_FILE", 2000)
    with pytest.raises(UsageError, match="Write fewer"):
        journal.append(made(20, events))
    assert list(journal.after(())) == events


def test_lines_are_plain_json(tmp_path):
    _, events = written(tmp_path, 2)
    tables = [json.loads(line) for line in Path(tmp_path / "00000001.jsonl").read_bytes().splitlines()]
    assert [table["chain"] for table in tables] == [event.chain for event in events]
    assert tables[0]["body"] == {"entry": "entry-0", "kind": "invalidated"}
