"""What a pull request changes: one entry's folder and nothing else, or it is refused with the list.

Trees are compared by us, line by line: a malformed tree that a diff reads in another way is one that differs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from paramgolf.board.pulls.clone import Clone, Item
from paramgolf.board.pulls.git import GitError
from paramgolf.common.printable import quoted
from paramgolf.errors import RefusedPullError
from paramgolf.judge.entry import LARGEST_ENTRY, LARGEST_FILE, LONGEST_NAME, MOST_FILES

ENTRIES = "entries"
NAME = re.compile(rb"(?=.{1,%d}$)[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*" % LONGEST_NAME)
FILE_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
DEEPEST = 8
MOST_LISTED = 20
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}
_PLAIN = ("100644", "100755")


@dataclass(frozen=True, kw_only=True)
class EntryFile:
    """One file of an entry: its path in the entry's folder, its object, its bytes."""

    path: str
    object: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """The one entry that a pull request brings. `tree` is its folder, `base` what main had of it, or None."""

    name: str
    head: str
    tree: str
    base: str | None
    files: tuple[EntryFile, ...]


def find_change(clone: Clone, main: str, head: str) -> Change:
    """The one entry that is added or changed between main and `head`, since they parted.

    Raises:
        RefusedPullError: anything else is touched, or the folder holds what no entry may hold.
    """
    try:
        fork = clone.git.line("merge-base", main, head)
    except GitError:
        raise RefusedPullError(
            "The branch shares no commit with the main branch. Start it from there: paramgolf submit ENTRY."
        ) from None
    return _one_entry(clone, fork, main, head)


def list_files(clone: Clone, tree: str) -> tuple[EntryFile, ...]:
    """The files of an entry's folder, sorted.

    Raises:
        RefusedPullError: a link, a submodule, a name that git or a shell reads, too many, too deep or too large.
    """
    files = []
    total = 0
    found = list(_walk(clone, tree))
    for (path, item), size in zip(found, clone.sizes([item.object for _, item in found]), strict=True):
        total += size
        if size > LARGEST_FILE or total > LARGEST_ENTRY:
            raise RefusedPullError(
                f"{quoted(path)} has {size:,} bytes; a file may have {LARGEST_FILE:,} and an entry {LARGEST_ENTRY:,}. "
                "Make it smaller or leave it out."
            )
        files.append(EntryFile(path=path, object=item.object, size=size))
    return tuple(files)


def _one_entry(clone: Clone, fork: str, main: str, head: str) -> Change:
    before, after = _root(clone, fork), _root(clone, head)
    entries_before, entries_after = _entries(before), _entries(after)
    old = clone.tree(entries_before) if entries_before else []
    new = clone.tree(entries_after) if entries_after else []
    known, kept = set(old), set(new)
    ours = [item for item in new if item not in known]
    gone = [item for item in old if item not in kept]
    names = {item.name for item in [*ours, *gone]}
    name = next(iter(names), b"")
    if before == after:
        raise RefusedPullError(
            f"The pull request changes nothing. Add one folder {ENTRIES}/NAME: paramgolf submit ENTRY."
        )
    same = _without(before, ENTRIES.encode()) == _without(after, ENTRIES.encode())
    plain = same and _without(old, name) == _without(new, name)
    if not plain or len(names) != 1 or len(ours) != 1 or not ours[0].is_folder:
        raise RefusedPullError(_listed(clone, fork, head))
    if not NAME.fullmatch(name):
        raise RefusedPullError(
            f"{quoted(name.decode('utf-8', 'replace'))} is no entry's name. Take letters, digits, '-', '_' and '.', "
            "at most 100, a letter or digit first."
        )
    _refuse_a_namesake(clone, main, name, gone)
    return Change(
        name=name.decode(),
        head=head,
        tree=ours[0].object,
        base=gone[0].object if gone else None,
        files=list_files(clone, ours[0].object),
    )


def _root(clone: Clone, commit: str) -> list[Item]:
    return clone.tree(_tree_of(clone, commit))


def _entries(root: list[Item]) -> str | None:
    found = [item for item in root if item.name == ENTRIES.encode()]
    return found[0].object if len(found) == 1 and found[0].is_folder else None


def _without(items: list[Item], name: bytes) -> list[Item]:
    return [item for item in items if item.name != name]


def _refuse_a_namesake(clone: Clone, main: str, name: bytes, gone: list[Item]) -> None:
    """A name that differs in case alone is the same folder on some file systems."""
    entries = clone.folder(main, ENTRIES)
    for item in clone.tree(entries) if entries else []:
        if item.name.lower() == name.lower() and (item.name != name or not gone):
            raise RefusedPullError(
                f"{ENTRIES}/{item.name.decode('utf-8', 'replace')} is on the main branch already. Take another name."
            )


def _walk(clone: Clone, tree: str) -> Iterator[tuple[str, Item]]:
    """Every file below `tree`; folders count too, since a few trees can nest to more than could ever be read."""
    folders = [(tree, "")]
    count = 0
    while folders:
        folder, prefix = folders.pop()
        seen: set[bytes] = set()
        for item in clone.tree(folder):
            path = prefix + item.name.decode("utf-8", "replace")
            count += 1
            _check_item(item, path, again=item.name.lower() in seen, count=count)
            seen.add(item.name.lower())
            if item.is_folder:
                folders.append((item.object, f"{path}/"))
            else:
                yield path, item


def _check_item(item: Item, path: str, *, again: bool, count: int) -> None:
    if count > MOST_FILES:
        raise RefusedPullError(
            f"The entry holds more than {MOST_FILES} files and folders. Leave out what is no part of it."
        )
    if path.count("/") > DEEPEST:
        raise RefusedPullError(f"{quoted(path)} is deeper than {DEEPEST} folders. Put the files higher up.")
    if not FILE_NAME.fullmatch(item.name):
        raise RefusedPullError(
            f"{quoted(path)} is no name of an entry's file: letters, digits, '-', '_' and '.', not '-' or '.' first. "
            "Rename it or leave it out."
        )
    if again:
        raise RefusedPullError(f"{quoted(path)} is there twice, or differs in case alone. Rename one.")
    if not item.is_folder and item.mode not in _PLAIN:
        kind = _KINDS.get(item.mode, f"of mode {item.mode}")
        raise RefusedPullError(
            f"{quoted(path)} is {kind}, expected a regular file. Put the file itself there."
        )


def _listed(clone: Clone, fork: str, head: str) -> str:
    touched = _touched(clone, _tree_of(clone, fork), _tree_of(clone, head))
    folders = [path for path in touched if path.startswith(f"{ENTRIES}/") and path.endswith("/")]
    if len(folders) == 1 < len(touched):
        touched.remove(folders[0])
    names = ", ".join(quoted(path) for path in touched[:MOST_LISTED])
    more = " and more" if len(touched) > MOST_LISTED else ""
    return (
        f"It touches {names}{more}. A pull request adds one folder {ENTRIES}/NAME and touches nothing else: take the "
        "rest out of the branch, or make it a pull request of its own. See: paramgolf submit --help"
    )


def _tree_of(clone: Clone, commit: str) -> str:
    return clone.git.line("rev-parse", f"{commit}^{{tree}}")


def _touched(clone: Clone, before: str, after: str) -> list[str]:
    """The paths that differ, at least MOST_LISTED of them where there are so many; a new folder is one."""
    touched: list[str] = []
    folders: list[tuple[str | None, str, str]] = [(before, after, "")]
    read = 0
    while folders and len(touched) <= MOST_LISTED and read <= MOST_LISTED:
        was, now, prefix = folders.pop()
        read += 1
        old, new = clone.tree(was) if was else [], clone.tree(now)
        changed = set(old) ^ set(new)
        for name in dict.fromkeys(item.name for item in [*old, *new] if item in changed):
            path = prefix + name.decode("utf-8", "replace")
            inner_was, inner_now = _folder(old, name), _folder(new, name)
            if inner_now and (inner_was or path == ENTRIES):
                folders.append((inner_was, inner_now, f"{path}/"))
            else:
                touched.append(f"{path}/" if inner_was or inner_now else path)
    return touched + [prefix for _, _, prefix in folders]


def _folder(items: list[Item], name: bytes) -> str | None:
    return next((item.object for item in items if item.name == name and item.is_folder), None)
