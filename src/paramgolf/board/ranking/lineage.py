"""Which entries build on which, by the parents that they declare. Unknown names and cycles do no harm."""

from collections.abc import Iterable, Mapping


class Lineage:
    """`parents` of each entry, by its name, in the order in which names are given back."""

    def __init__(self, parents: Mapping[str, Iterable[str]]) -> None:
        self._parents = parents
        self._place = {name: place for place, name in enumerate(parents)}
        self._children: dict[str, list[str]] = {}
        for child, named in parents.items():
            for parent in named:
                self._children.setdefault(parent, []).append(child)

    def descendants(self, entry: str) -> tuple[str, ...]:
        """Every entry that names it, or one of its descendants, as a parent."""
        return tuple(sorted(_reachable(entry, self._children), key=self._place.__getitem__))

    def ancestors(self, entry: str) -> tuple[str, ...]:
        """Every entry that it builds on, unknown names left out."""
        known = (name for name in _reachable(entry, self._parents) if name in self._place)
        return tuple(sorted(known, key=self._place.__getitem__))


def _reachable(start: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    open_ = [start]
    while open_:
        new = set(edges.get(open_.pop(), ())) - found
        found |= new
        open_ += new
    return found - {start}
