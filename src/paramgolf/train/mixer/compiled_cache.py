"""Compiled code of the mixer that outlives the process: a second run of the same recipe does not compile it again.

For training alone. An artifact compiles anew wherever it runs: what one process leaves for the next is a way to pass
on what it has seen.
"""

import hashlib
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from numba import config
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from paramgolf import runtime


def keep_compiled(function: Dispatcher, *records: NDArray[Any]) -> None:
    """Let numba keep what it compiles of `function` for these records in its cache.

    numba asks whether the function's own file has changed, not those of what it calls, and two processes that compile
    one function for different types at once may mix up their files. Hence a folder for each state of the runtime's
    source and each layout of the records. Where no folder can be written, nothing is kept.
    """
    digest = hashlib.sha256(repr([record.dtype for record in records]).encode())
    for path in sorted(Path(runtime.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    before = config.CACHE_DIR
    folder = _folder(before, f"paramgolf-{digest.hexdigest()[:16]}")
    if folder is None:
        return
    config.CACHE_DIR = str(folder)
    try:
        function.enable_caching()
    finally:
        config.CACHE_DIR = before


def _folder(configured: str, name: str) -> Path | None:
    """A folder of NUMBA_CACHE_DIR or of the user's own cache; None where no file can be made in it.

    numba would then fall back to a folder that all states share. A sandbox may have no home (RuntimeError).
    """
    try:
        folder = Path(configured or Path.home() / ".cache" / "numba") / name
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):
        return None
    return folder
