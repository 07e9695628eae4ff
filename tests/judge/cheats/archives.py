"""Hostile artifacts whose file is the attack; each function writes one at `path` from an honest entry's `members`."""

import contextlib
import copy
import os
import struct
import warnings
import zipfile

from small_game import ARTIFACT_BYTES

from collection import write_zip

MEGABYTE = 1_000_000


def over_the_cap(path, members):
    """Is 100 MB larger than the cap, in front of the zip.
    rule: R02
    track: fixed"""
    write_zip(path, members)
    archive = path.read_bytes()
    with path.open("wb") as file:
        file.seek(100 * MEGABYTE)
        file.write(archive)


def one_byte_over_the_cap(path, members):
    """Is one byte larger than the cap.
    rule: R02
    track: fixed"""
    write_zip(path, members)
    path.write_bytes(bytes(ARTIFACT_BYTES + 1 - path.stat().st_size) + path.read_bytes())


def helper_beside_it(path, members):
    """Reads its weights from a file beside the artifact that nobody counted.
    rule: R02, R17
    track: fixed"""
    entry = b"import sys\nwith open(sys.argv[0] + '.weights', 'rb') as file:\n    file.read()\n"
    write_zip(path, members | {"entry.py": entry + members["entry.py"]})
    path.with_name(path.name + ".weights").write_bytes(os.urandom(1000))


def climbs_out(path, members):
    """Has members that would be unpacked outside the folder.
    rule: R02
    track: fixed"""
    write_zip(path, members | {"../../../tmp/climbed.py": b"", "model/../../climbed.py": b""})


def absolute_names(path, members):
    """Has a member with an absolute name.
    rule: R02
    track: fixed"""
    write_zip(path, members | {"/tmp/absolute.py": b""})


def backslashes(path, members):
    """Has a member whose name climbs out where a backslash divides folders.
    rule: R02
    track: fixed"""
    write_zip(path, members | {"..\\..\\climbed.py": b"", "C:\\climbed.py": b""})


def two_entries(path, members):
    """Has entry.py twice: which one is read depends on the reader.
    rule: R02
    track: fixed"""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in [("entry.py", b"raise SystemExit('the other one')\n"), *members.items()]:
            archive.writestr(zipfile.ZipInfo(name), data)


def link_inside(path, members):
    """Has members that are symbolic links.
    rule: R02
    track: fixed"""
    write_zip(path, members)
    with zipfile.ZipFile(path, "a") as archive:
        for name, target in (("validation.jsonl", "../data/validation.jsonl"), ("root", "/")):
            link = zipfile.ZipInfo(name)
            link.create_system, link.external_attr = 3, 0o120777 << 16
            archive.writestr(link, target)


def bomb(path, members):
    """Is small, and 45 MB of zeros once unpacked, which nobody needs to do.
    rule: none
    track: fixed"""
    write_zip(path, members | {"weights.bin": bytes(45 * MEGABYTE)})


def bomb_that_overlaps(path, members):
    """Names the same compressed zeros 500 times over, 10 GB in all.
    rule: R02
    track: fixed"""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"0": bytes(20 * MEGABYTE)}).items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        for i in range(1, 500):
            again = copy.copy(archive.filelist[-1])
            again.filename = again.orig_filename = str(i)
            archive.filelist.append(again)


def bomb_that_lies(path, members):
    """Says that its member has 1000 bytes; it unpacks to 40 MB.
    rule: R02
    track: fixed"""
    write_zip(path, members | {"weights.bin": bytes(40 * MEGABYTE)})
    honest, lie = struct.pack("<I", 40 * MEGABYTE), struct.pack("<I", 1000)
    path.write_bytes(path.read_bytes().replace(honest, lie))


def no_entry(path, members):
    """Has no entry.py at its root.
    rule: R02
    track: fixed"""
    write_zip(path, {f"code/{name}": data for name, data in members.items()})


def entry_is_a_folder(path, members):
    """Has a folder entry.py instead of a file.
    rule: R02
    track: fixed"""
    write_zip(path, {name: data for name, data in members.items() if name != "entry.py"} | {"entry.py/": b""})


def no_zip(path, members):
    """Is a shell script.
    rule: R02
    track: fixed"""
    path.write_bytes(b"#!/bin/sh\nexec python3 ../train_gpt.py\n")


def empty(path, members):
    """Is an empty file.
    rule: R02
    track: fixed"""
    path.write_bytes(b"")


def cut_short(path, members):
    """Has lost its last hundred bytes.
    rule: R02
    track: fixed"""
    write_zip(path, members)
    path.write_bytes(path.read_bytes()[:-100])


def damaged(path, members):
    """Has a member whose bytes are not what its checksum says.
    rule: R02, R17
    track: fixed"""
    write_zip(path, members, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"class Base:", b"class Bose:"))


def wrong_checksum(path, members):
    """Its text is not what its checksum says, which Python's import does not ask.
    rule: R02
    track: fixed"""
    write_zip(path, members, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"An honest order-1 model", b"An HONEST order-1 model"))


def other_compression(path, members):
    """Compresses its members with LZMA, which Python does not import from.
    rule: R02, R17
    track: fixed"""
    write_zip(path, members, zipfile.ZIP_LZMA)


def encrypted(path, members):
    """Says that its members are encrypted.
    rule: R02, R17
    track: fixed"""
    write_zip(path, members)
    data = path.read_bytes()
    data = data.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(
        b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
    )
    path.write_bytes(data)


def a_link(path, members):
    """Is a symbolic link to an artifact elsewhere.
    rule: R02
    track: fixed"""
    elsewhere = path.with_name("elsewhere.pyz")
    write_zip(elsewhere, members)
    path.symlink_to(elsewhere)


def a_folder(path, members):
    """Is a folder, which Python imports from as well; its size is not what a listing shows.
    rule: R02
    track: fixed"""
    path.mkdir()
    for name, data in members.items():
        (path / name).write_bytes(data)


def a_pipe(path, members):
    """Is a named pipe: who opens it waits for ever.
    rule: R02
    track: fixed"""
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path)


def names_differ(path, members):
    """Its directory calls members other names than stand before their data.
    rule: R02
    track: fixed"""
    write_zip(path, members)
    head, mark, directory = path.read_bytes().partition(b"PK\1\2")
    path.write_bytes(head.replace(b"entry.py", b"empty.py") + mark + directory)
