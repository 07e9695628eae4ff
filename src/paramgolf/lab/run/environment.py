"""Which code a result comes from."""

import subprocess
from pathlib import Path


def commit() -> str | None:
    """The git commit of the checkout that this package runs from, with "-dirty" appended where files differ.

    None outside a checkout, and where git does not answer.
    """
    here = Path(__file__).resolve()
    # An installed copy may lie inside a repository that is not ours.
    if _git(here, "ls-files", "--error-unmatch", here.name) is None:
        return None
    return _git(here, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _git(file: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(file.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
