"""What a ranking took from verdicts, kept for the next one, so that only new verdicts are read and compared.

It is disposable: what is missing, damaged, or made by other code is computed anew, and nothing that is found in it
depends on which events there are. A key names the bytes that its value follows from, by their SHA-256.
"""

import contextlib
import hashlib
import json
import platform
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from paramgolf.common.files import write_atomic
from paramgolf.errors import EntryError
from paramgolf.judge.safe_files import read_regular_file

LARGEST_CACHE = 256 << 20
# whose code a value follows from
CODE = ("board", "challenge", "judge")
Value = TypeVar("Value")


class RankingCache:
    """The values in the file at `path`; without a path, none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._found = _read(path) if path else {}
        self._used: dict[str, Any] = {}

    def get(self, key: str, adapter: TypeAdapter[Value]) -> Value | None:
        """The value of that key, or None."""
        if key not in self._found:
            return None
        try:
            value = adapter.validate_python(self._found[key])
        except ValidationError:
            return None
        self._used[key] = self._found[key]
        return value

    def put(self, key: str, value: Value, adapter: TypeAdapter[Value]) -> Value:
        """Keep it; the value back."""
        self._used[key] = adapter.dump_python(value, mode="json")
        return value

    def save(self) -> None:
        """Write what was used, if that is not what the file has. Where it cannot be written, it is not."""
        if self._path and self._used != self._found:
            values = json.dumps(self._used, separators=(",", ":"))
            with contextlib.suppress(OSError):
                write_atomic(self._path, f"{_seal(values.encode())}\n{values}")


def _read(path: Path) -> dict[str, Any]:
    try:
        seal, _, values = read_regular_file(path.parent, path.name, LARGEST_CACHE).partition(b"\n")
        found = json.loads(values) if seal.decode() == _seal(values) else {}
    except (EntryError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seal(values: bytes) -> str:
    """A hash over the values and the code that they follow from: of another version, they are none."""
    hashed = hashlib.sha256(values)
    for package in CODE:
        for name, code in sorted(_sources(resources.files("paramgolf") / package, package)):
            hashed.update(f"\0{name}\0".encode() + code)
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "pydantic", "scipy")]
    hashed.update(f"\0{versions} {platform.python_version()} {platform.machine()}".encode())
    return hashed.hexdigest()


def _sources(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _sources(item, f"{name}/{item.name}")
        elif item.name.endswith(".py"):
            found.append((f"{name}/{item.name}", item.read_bytes()))
    return found
