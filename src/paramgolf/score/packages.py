"""Which installed packages an entry may import: the declared runtime and what it needs, nothing else.

The rest of an environment must stay out of the sandbox: the embedded corpus, for one, is an installed
package, so an entry that could see all of site-packages could read the text it is asked to predict.
"""

import csv
import functools
import importlib.metadata
import re
from pathlib import Path

from paramgolf.errors import SandboxError

RUNTIME = ("torch", "numpy", "constriction", "numba")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def runtime_packages() -> tuple[Path, ...]:
    """Top-level files and folders of the declared runtime and its installed dependencies, as `packages_with`."""
    return packages_with(RUNTIME)


@functools.cache
def packages_with(names: tuple[str, ...], without: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Top-level files and folders of installed packages and their installed dependencies, sorted.

    Packages in `without`, and what only they need, are left out.

    Raises:
        SandboxError: a package does not say which files are its own.
    """
    paths: set[Path] = set()
    seen = set(without)
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # an optional one, or one for another platform
        paths |= _top_level(name, distribution)
        waiting += [_name_of(r) for r in distribution.requires or [] if "extra ==" not in r]
    return tuple(sorted(paths))


def _top_level(name: str, distribution: importlib.metadata.Distribution) -> set[Path]:
    # not distribution.files: it makes a path object of each of torch's thousands of files
    record = distribution.read_text("RECORD")
    if record is None:
        raise SandboxError(
            f"The installed package {name} has no list of its files (RECORD), so it cannot be shown to an "
            "entry without the rest. Install it with pip or uv into a virtual environment."
        )
    tops = {row[0].split("/")[0] for row in csv.reader(record.splitlines()) if row}
    paths = (Path(str(distribution.locate_file(top))) for top in tops - {"", "..", "__pycache__"})
    return {path for path in paths if path.exists()}


def _name_of(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None
    return match.group()
