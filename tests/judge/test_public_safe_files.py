"""A stranger's folder is read without opening, following or waiting for anything that is no regular file in it."""

import os
import socket
import threading
from pathlib import Path

import pytest

from paramgolf.errors import EntryError
from paramgolf.judge.safe_files import DEEPEST_FOLDER, list_regular_files, read_regular_file


@pytest.fixture
def folder(tmp_path):
    """An entry's folder, with a secret of the host beside it."""
    (tmp_path / "secret").write_text("the host's own")
    (tmp_path / "entry" / "logs").mkdir(parents=True)
    (tmp_path / "entry" / "README.md").write_bytes(b"hello")
    (tmp_path / "entry" / "logs" / "train.log").write_bytes(b"step")
    return tmp_path / "entry"


def test_regular_files_are_read_at_any_depth_and_up_to_the_limit(folder):
    assert read_regular_file(folder, "README.md", 5) == b"hello"
    assert read_regular_file(folder, "logs/train.log", 100) == b"step"
    assert list_regular_files(folder, 10).files == {"README.md": 5, "logs/train.log": 4}


def test_a_file_over_the_limit_is_refused_before_it_is_read(folder):
    with open(folder / "huge.bin", "wb") as handle:
        handle.truncate(2**40)
    with pytest.raises(EntryError, match=r"'huge.bin' has 1,099,511,627,776 bytes, at most 1,000 are read"):
        read_regular_file(folder, "huge.bin", 1000)


@pytest.mark.parametrize(
    "relative", ["../secret", "/etc/hostname", "logs/../../secret", "", "a//b", ".", "a\0b", "a/" * 40 + "a"]
)
def test_a_path_that_leaves_the_folder_is_refused(folder, relative):
    with pytest.raises(EntryError, match="no path inside the folder"):
        read_regular_file(folder, relative, 100)


def test_links_are_refused_wherever_they_stand_in_the_path(folder):
    (folder / "link").symlink_to("../secret")
    (folder / "out").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    for relative in ("link", "loop"):
        with pytest.raises(EntryError, match=f"'{relative}' is a symbolic link"):
            read_regular_file(folder, relative, 100)
    with pytest.raises(EntryError, match="'out' on the way is a symbolic link"):
        read_regular_file(folder, "out/secret", 100)
    assert set(list_regular_files(folder, 10).refused) == {"link", "out", "loop"}
    assert "logs/train.log" in list_regular_files(folder, 10).files


def test_fifos_sockets_devices_and_folders_are_named_and_never_waited_for(folder, monkeypatch):
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("sock")
    for relative, kind in {"pipe": "a FIFO", "sock": "a socket", "logs": "a folder"}.items():
        with pytest.raises(EntryError, match=f"'{relative}' is {kind}"):
            read_regular_file(folder, relative, 100)
    assert list_regular_files(folder, 10).refused == {
        "pipe": "is a FIFO, expected a regular file",
        "sock": "is a socket, expected a regular file",
    }
    with pytest.raises(EntryError, match="'null' is a character device"):
        read_regular_file(Path("/dev"), "null", 100)


def test_what_is_missing_or_unreadable_is_named(folder):
    with pytest.raises(EntryError, match=r"'submission.json' cannot be read: No such file"):
        read_regular_file(folder, "submission.json", 100)
    with pytest.raises(EntryError, match=r"'README.md' on the way is a regular file, expected a folder"):
        read_regular_file(folder, "README.md/x", 100)
    with pytest.raises(EntryError, match="cannot be listed: Not a directory"):
        list_regular_files(folder / "README.md", 10)
    with pytest.raises(EntryError, match="File name too long"):
        read_regular_file(folder, "x" * 300, 10)


def test_too_many_names_and_too_deep_folders_are_refused(folder):
    for number in range(20):
        (folder / f"empty{number}").mkdir()
    with pytest.raises(EntryError, match="more than 10 names"):
        list_regular_files(folder, 10)
    deep = folder.joinpath(*["d"] * (DEEPEST_FOLDER + 1))
    deep.mkdir(parents=True)
    with pytest.raises(EntryError, match="deeper than"):
        list_regular_files(folder, 1000)


def test_a_name_that_is_no_text_is_shown_as_ascii(folder):
    name = os.fsdecode(b"bad\xff\x1b[31m")
    (folder / name).symlink_to("README.md")
    assert list(list_regular_files(folder, 10).refused) == [name]
    with pytest.raises(EntryError) as caught:
        read_regular_file(folder, name, 10)
    assert str(caught.value).isascii()
    assert "\x1b" not in str(caught.value)


def test_a_file_that_is_swapped_for_a_link_while_it_is_read_never_shows_the_host(folder):
    """A folder and a file flip between themselves and links to the host as fast as they can."""
    stop = threading.Event()
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "train.log").write_bytes(b"the host's own")

    def flip():
        while not stop.is_set():
            os.rename(folder / "logs", folder / "kept")
            os.symlink("../outside", folder / "logs")
            os.unlink(folder / "logs")
            os.rename(folder / "kept", folder / "logs")

    flipping = threading.Thread(target=flip)
    flipping.start()
    try:
        read = set()
        for _ in range(3000):
            try:
                read.add(read_regular_file(folder, "logs/train.log", 100))
            except EntryError as error:
                read.add(type(error))
    finally:
        stop.set()
        flipping.join()
    assert read <= {b"step", EntryError}


def test_no_descriptor_is_left_open(folder):
    (folder / "link").symlink_to("README.md")
    before = len(os.listdir("/proc/self/fd"))
    for relative in ("README.md", "link", "missing", "logs", "link/x", "logs/x"):
        try:
            read_regular_file(folder, relative, 100)
        except EntryError:
            continue
    list_regular_files(folder, 10)
    assert len(os.listdir("/proc/self/fd")) == before
