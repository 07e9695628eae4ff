"""What an artifact is as a file: its size, and a zip that hides nothing. None of it is run or unpacked."""

import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paramgolf.common import folders
from paramgolf.errors import EntryError

MEMBERS = 4096
UNPACKED_BYTES = 1 << 30
_PIECE = 1 << 20
# What zipfile raises over damaged, encrypted or unknown members; NotImplementedError is a RuntimeError.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_LINK = stat.S_IFLNK << 16
_KINDS = stat.S_IFMT(0xFFFF) << 16
# What another system takes for a drive, for a folder, or for the end of the name. A colon elsewhere does no harm.
_ELSEWHERE = re.compile(r"^[A-Za-z]:|[\\\0]")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """`problems` are sentences, one a defect; `bytes` is the size on disk, `unpacked_bytes` that of all members."""

    bytes: int
    members: int
    unpacked_bytes: int
    problems: tuple[str, ...]


def inspect_archive(artifact: Path, limit: int) -> Archive:
    """Look at an artifact from outside; over `limit` bytes it is not even opened as a zip.

    Raises:
        EntryError: it is missing, or no regular file.
    """
    size = _size_of_regular_file(artifact)
    if size > limit:
        over = f"It has {size:,} bytes, {size - limit:,} more than the {limit:,} allowed."
        return Archive(bytes=size, members=0, unpacked_bytes=0, problems=(over,))
    try:
        with zipfile.ZipFile(artifact) as archive:
            members = archive.infolist()
            problems = _problems(members, size) or _unreadable(archive, members)
    except (*UNREADABLE, OverflowError) as error:
        problem = f"It is no zip archive ({error})."
        return Archive(bytes=size, members=0, unpacked_bytes=0, problems=(problem,))
    return Archive(
        bytes=size,
        members=len(members),
        unpacked_bytes=sum(member.file_size for member in members),
        problems=tuple(problems),
    )


def _size_of_regular_file(path: Path) -> int:
    try:
        status = os.lstat(path)
    except OSError as error:
        raise EntryError(f"{path.name}: cannot be read ({error.strerror}). Give the artifact.") from None
    if not stat.S_ISREG(status.st_mode):
        raise EntryError(f"{path.name}: expected a regular file, got {stat.filemode(status.st_mode)}.")
    return status.st_size


def _problems(members: list[zipfile.ZipInfo], size: int) -> list[str]:
    problems = []
    if len(members) > MEMBERS:
        problems.append(f"It has {len(members):,} members; at most {MEMBERS:,} are allowed.")
        members = members[:MEMBERS]
    names = [member.orig_filename for member in members]
    if folders.ENTRY_MODULE not in names:
        problems.append("There is no entry.py at its root.")
    # What one reader calls "a" another may call "a\0b" or "./a": one name, one member.
    plain = [str(PurePosixPath(name)) for name in names]
    twice = sorted({name for name in plain if plain.count(name) > 1}) if len(set(plain)) < len(plain) else []
    problems += [f"The member {_shown(name)} is there more than once." for name in twice[:3]]
    problems += [f"The member name {_shown(name)} leads out of it." for name in names if _leads_out(name)][:3]
    for member in members:
        if member.external_attr & _KINDS == _LINK:
            problems.append(f"The member {_shown(member.filename)} is a symbolic link.")
        if member.flag_bits & 1:
            problems.append(f"The member {_shown(member.filename)} is encrypted.")
        # Python cannot import from the others, and unpacks a piece of them without a limit: 471 bytes gave 600 MB.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            problems.append(f"The member {_shown(member.filename)} is neither stored nor deflated.")
    if (unpacked := sum(member.file_size for member in members)) > UNPACKED_BYTES:
        problems.append(f"Unpacked it has {unpacked:,} bytes; at most {UNPACKED_BYTES:,} are allowed.")
    if sum(member.compress_size for member in members) > size:
        problems.append("Its members overlap: together they are larger than the file.")
    return problems[:10]


def _unreadable(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[str]:
    """Read every member through, a piece at a time: its header, size and checksum must be what the directory says."""
    for member in members:
        try:
            with archive.open(member) as handle:
                while handle.read(_PIECE):
                    pass
        except UNREADABLE as error:
            return [f"The member {_shown(member.filename)} cannot be read ({str(error)[:120]})."]
    return []


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name.startswith("/") or ".." in parts or bool(_ELSEWHERE.search(name))


def _shown(name: str) -> str:
    return ascii(name[:80])
