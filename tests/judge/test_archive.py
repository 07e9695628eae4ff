"""The artifact as a file: size, names, members; nothing is unpacked or run."""

import os
import zipfile

import pytest

from paramgolf.errors import EntryError
from paramgolf.judge.archive import inspect_archive

LIMIT = 100_000


@pytest.fixture
def zipped(tmp_path):
    """Write members, a list of (name or ZipInfo, data), as an artifact."""

    def write(*members):
        path = tmp_path / "model.pyz"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members:
                archive.writestr(name, data)
        return path

    return write


def test_a_plain_artifact_has_no_problem(zipped):
    archive = inspect_archive(zipped(("entry.py", b"x" * 50), ("weights.bin", b"")), LIMIT)
    assert archive.problems == ()
    assert (archive.members, archive.unpacked_bytes) == (2, 50)


def test_over_the_cap_it_says_by_how_much(zipped):
    path = zipped(("entry.py", os.urandom(LIMIT)))
    assert (
        f"{path.stat().st_size - LIMIT:,} more than the 100,000" in inspect_archive(path, LIMIT).problems[0]
    )


@pytest.mark.parametrize("name", ["../x.py", "/etc/x", "a/../../x", "a\\b", "C:x"])
def test_names_that_lead_out_are_named(zipped, name):
    (problem,) = inspect_archive(zipped(("entry.py", b""), (name, b"")), LIMIT).problems
    assert "leads out" in problem


@pytest.mark.parametrize("name", ["weights:0", "a/b:c", "layer:1/kernel:0"])
def test_a_colon_that_names_no_drive_is_allowed(zipped, name):
    assert inspect_archive(zipped(("entry.py", b""), (name, b"")), LIMIT).problems == ()


def test_a_name_twice_is_named_also_where_readers_spell_it_differently(zipped):
    (problem,) = inspect_archive(zipped(("entry.py", b"1"), ("./entry.py", b"2")), LIMIT).problems
    assert "'entry.py' is there more than once" in problem


def test_links_and_a_missing_entry_are_named(zipped):
    link = zipfile.ZipInfo("weights.bin")
    link.external_attr = 0o120777 << 16
    problems = inspect_archive(zipped((link, b"/etc/passwd")), LIMIT).problems
    assert [p.split(" ")[-1] for p in problems] == ["root.", "link."]


def test_damaged_members_are_named(zipped):
    path = zipped(("entry.py", b"a" * 100))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a" * 100, b"a" * 99 + b"b"))
    assert "'entry.py' cannot be read (Bad CRC-32" in inspect_archive(path, LIMIT).problems[0]


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 1000, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip_is_a_problem(tmp_path, data):
    path = tmp_path / "model.pyz"
    path.write_bytes(data)
    assert "no zip" in inspect_archive(path, LIMIT).problems[0]


def test_what_is_no_regular_file_is_refused_without_opening_it(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to("/etc/passwd")
    for path, seen in ((pipe, "prw"), (link, "lrwx"), (tmp_path, "drwx")):
        with pytest.raises(EntryError, match=f"expected a regular file, got {seen}"):
            inspect_archive(path, LIMIT)
    with pytest.raises(EntryError, match="cannot be read"):
        inspect_archive(tmp_path / "none", LIMIT)
