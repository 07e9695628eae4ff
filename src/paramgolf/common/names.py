"""Look a name up in a small table; an unknown name lists its near matches."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from paramgolf.errors import UnknownNameError

T = TypeVar("T")


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """An error for `name`, which is no `kind`, that lists near matches and everything known."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return UnknownNameError(f"There is no {kind} named {name!r}.{hint} Known: {', '.join(known) or 'none'}.")


def look_up(kind: str, name: str, table: Mapping[str, T]) -> T:
    """The entry of `table` under `name`.

    Raises:
        UnknownNameError: no such name; the message lists near matches.
    """
    if name not in table:
        raise unknown_name(kind, name, table)
    return table[name]
