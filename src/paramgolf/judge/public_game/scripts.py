"""Programs of the public game as text: their bytes, what is packed inside, and which files of the folder they need.

Nothing is run or imported. The packed ones are a line of Python around a base85 or base64 text of compressed source;
each layer is unpacked with a limit on what comes out.
"""

import base64
import binascii
import lzma
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError

LARGEST_SCRIPT = 2**21
LARGEST_SOURCE = 2**22
MOST_LAYERS = 3
_LZMA_MEMORY = 2**27
_PAYLOAD = re.compile(r"\bb(85|64)decode\(\s{0,8}b?(\"\"\"|'''|\"|')")
_QUOTED_NAME = re.compile(r"[\"'/]([\w.+-]{1,200})[\"']")
_IMPORT = re.compile(r"(?m)^[ \t]{0,80}(?:from|import)[ \t]([^\n]{1,500})")
_WORD = re.compile(r"\w+")
_RUNS_TEXT = re.compile(r"\b(?:exec|eval|compile)\s?\(")


@dataclass(frozen=True, kw_only=True)
class Script:
    """One program: its bytes on disk, the layers unpacked, the innermost text, and what could not be read of it."""

    path: str
    size: int
    layers: int
    source: str
    problem: str = ""

    @property
    def source_bytes(self) -> int:
        """Bytes of the innermost text."""
        return len(self.source.encode("utf-8", "surrogatepass"))


def read_script(path: str, data: bytes) -> Script:
    """Unpack the program in `data`, a file's bytes. What cannot be unpacked is said in `problem`."""
    source, layers, problem = _text(data), 0, ""
    try:
        while layers < MOST_LAYERS and (payload := _payload(source)) is not None:
            source, layers = _text(_decompress(payload)), layers + 1
        if _payload(source) is not None:
            problem = f"{quoted(path)} is packed more than {MOST_LAYERS} times"
        elif _RUNS_TEXT.search(source) and "decompress" in source and not layers:
            problem = f"{quoted(path)} runs a text that it unpacks in a way that is not read here"
    except EntryError as error:
        problem = f"{quoted(path)}: {error}"
    return Script(path=path, size=len(data), layers=layers, source=source, problem=problem)


def needed_files(main: Script, scripts: dict[str, Script], files: Iterable[str]) -> list[str]:
    """The files beside `main` that it names, in an import or in a text, and those that these name, sorted."""
    beside = {path: _File.of(path) for path in files if path != main.path}
    needed: set[str] = set()
    waiting = [main]
    while waiting:
        source = waiting.pop().source
        named = set(_QUOTED_NAME.findall(source))
        imported = {word for line in _IMPORT.findall(source) for word in _WORD.findall(line)}
        for path, file in beside.items():
            if path not in needed and (file.name in named or (file.module and file.module in imported)):
                needed.add(path)
                if path in scripts:
                    waiting.append(scripts[path])
    return sorted(needed)


@dataclass(frozen=True)
class _File:
    """How a program may name a file: by its name, or by its module if it is Python."""

    name: str
    module: str

    @classmethod
    def of(cls, path: str) -> "_File":
        name = path.rpartition("/")[2]
        return cls(name, name.removesuffix(".py") if name.endswith(".py") else "")


def _payload(source: str) -> bytes | None:
    found = _PAYLOAD.search(source)
    if found is None:
        return None
    end = source.find(found[2], found.end())
    text = source[found.end() : end if end >= 0 else len(source)]
    try:
        return base64.b85decode(text.strip()) if found[1] == "85" else base64.b64decode(text)
    except (ValueError, binascii.Error):
        raise EntryError(f"the packed text is no base{found[1]}") from None


def _decompress(payload: bytes) -> bytes:
    """Whatever compresses it: raw LZMA2, LZMA, XZ, zlib or gzip."""
    attempts = (
        lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_MEMORY),
        lambda: zlib.decompressobj(wbits=47),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2}]),
    )
    for make in attempts:
        try:
            unpacked = make().decompress(payload, LARGEST_SOURCE + 1)
        except (lzma.LZMAError, zlib.error, EOFError):
            continue
        if len(unpacked) > LARGEST_SOURCE:
            raise EntryError(f"it unpacks to more than {LARGEST_SOURCE:,} bytes")
        return bytes(unpacked)
    raise EntryError("the packed bytes are neither LZMA nor zlib")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
