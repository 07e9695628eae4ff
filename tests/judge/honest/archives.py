"""Honest artifacts whose zip is unusual and allowed; each function writes one file at `path` from `members`."""

import base64
import io
import zipfile
import zlib

from small_game import ARTIFACT_BYTES

from collection import write_zip


def stored_members(path, members):
    """All members are stored.
    rule: none
    track: fixed"""
    write_zip(path, members, zipfile.ZIP_STORED)


def shebang(path, members):
    """Starts with a line that lets it run as a program, as zipapp writes it.
    rule: none
    track: fixed"""
    write_zip(path, members | {"__main__.py": b"print('an artifact')\n"})
    path.write_bytes(b"#!/usr/bin/env python3\n" + path.read_bytes())


def at_the_cap(path, members):
    """Is exactly as large as the cap allows.
    rule: none
    track: fixed"""
    for padding in (0, ARTIFACT_BYTES - _size(path, members)):
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in (members | {"padding.bin": b"\0" * padding}).items():
                archive.writestr(zipfile.ZipInfo(name), data)


def commented(path, members):
    """Has a comment at its end.
    rule: none
    track: fixed"""
    write_zip(path, members)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"trained on one core, with patience"


def streamed(path, members):
    """Was written to a pipe: sizes stand behind each member's data.
    rule: none
    track: fixed"""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *where):
            raise io.UnsupportedOperation

        tell = seek

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    path.write_bytes(pipe.getvalue())


def packages_inside(path, members):
    """Its model is a package in folders, which have members of their own.
    rule: none
    track: fixed"""
    package = {"model/": b"", "model/__init__.py": b"", "model/parts/": b"", "model/parts/__init__.py": b""}
    package["model/parts/order1.py"] = members["entry.py"]
    write_zip(path, members | package | {"entry.py": b"from model.parts.order1 import load as load\n"})


def self_extracting(path, members):
    """Its code is compressed text that unpacks itself when it is imported.
    rule: none
    track: fixed"""
    packed = base64.b85encode(zlib.compress(members["base_entry.py"], 9))
    unpack = b"import base64, zlib\nexec(zlib.decompress(base64.b85decode(%r)))\n" % packed
    write_zip(path, members | {"base_entry.py": unpack}, zipfile.ZIP_STORED)


def names_beyond_ascii(path, members):
    """Members have names with blanks and letters beyond ASCII.
    rule: none
    track: fixed"""
    write_zip(
        path, members | {"weights für Ångström (1).bin": b"\x01" * 100, "données/ποσότητα.bin": b"\x02"}
    )


def _size(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (members | {"padding.bin": b""}).items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path.stat().st_size
