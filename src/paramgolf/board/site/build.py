"""Write the site: everything is made first, then what differs is put in place, each file at once."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.ranking.standings import Standings
from paramgolf.board.site.pages import site_files
from paramgolf.board.site.words import web_address
from paramgolf.common.locks import locked
from paramgolf.errors import UsageError

_MAKING = ".making-"
_LOCK = ".building.lock"
# Every file that any build may have made: these alone are removed when a newer build makes them no more.
_OURS = re.compile(
    r"(index|all|rules|challenges)\.html|board\.json|feed\.xml|rows\.js|site\.css|theme\.js|board\.js"
    r"|entries/[^/]+/(index\.html|entry\.json|verdict\.json)"
)


@dataclass(frozen=True, kw_only=True)
class SiteBuilt:
    """How many files the site has, how many of them were written anew, and how many old ones went."""

    files: int
    written: int
    removed: int


def build_site(standings: Standings, folder: Path, *, title: str, base_url: str | None = None) -> SiteBuilt:
    """Make the site of these standings in `folder`; the same standings give the same bytes.

    Pages are made in a hidden folder inside and then renamed into place, entries before the pages that link to them;
    files that did not change are left alone, and so is whatever is not of the site (a .git, a CNAME). A reader meets
    whole files only, the next build repairs a killed one, and builds of one folder wait for one another.

    Raises:
        UsageError: `folder` is no folder, or `base_url` is no http or https address.
    """
    if base_url is not None and web_address(base_url) is None:
        raise UsageError(
            f"{base_url!r} is no address. Give the site's own, such as https://example.org/board."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder} is a file. Give a folder for the site.") from None
    with locked(folder / _LOCK), _making(folder) as making:
        kept: set[str] = set()
        changed = []
        for path, data in site_files(standings, title=title, base_url=base_url):
            kept.add(path)
            if not _same(folder / path, data):
                changed.append((making / str(len(kept)), folder / path))
                changed[-1][0].write_bytes(data)
        for made, target in changed:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made, target)
        return SiteBuilt(files=len(kept), written=len(changed), removed=_remove_old(folder, kept))


@contextmanager
def _making(folder: Path) -> Iterator[Path]:
    """A folder on the same file system, so that renaming works; what killed builds left of theirs is removed."""
    for left in folder.glob(f"{_MAKING}*"):
        shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder))
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _remove_old(folder: Path, kept: set[str]) -> int:
    removed = 0
    for path in [*folder.glob("*"), *folder.glob("entries/*/*")]:
        name = path.relative_to(folder).as_posix()
        if name not in kept and _OURS.fullmatch(name) and not path.is_dir():
            path.unlink()
            removed += 1
            if path.parent != folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
    return removed
