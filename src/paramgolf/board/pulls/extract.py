"""Write what lies in git to a private folder: plain files, plain bytes, no filter, no link, no mode."""

from collections.abc import Iterable
from pathlib import Path

from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.scope import EntryFile
from paramgolf.judge.entry import LARGEST_FILE


def extract(clone: Clone, files: Iterable[EntryFile], folder: Path) -> None:
    """Write the files below `folder`, which is made. Their paths were checked by `list_files`."""
    folder.mkdir(parents=True)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clone.blob(file.object, LARGEST_FILE))
