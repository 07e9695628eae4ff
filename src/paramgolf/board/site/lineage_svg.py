"""What an entry builds on and what was built upon it: a small graph whose boxes are links."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paramgolf.board.ranking.standings import Row
from paramgolf.board.site import svg
from paramgolf.board.site.svg import Drawing
from paramgolf.board.site.words import score

MOST_STEPS = 3
MOST_IN_A_COLUMN = 6
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 44, 46, 12


@dataclass(frozen=True, kw_only=True)
class FamilyTree:
    """Columns of entries' names from the oldest ancestors on the left to the latest descendants on the right.

    `steps` is how many columns are left of the entry's own; `left_out` how many relatives found no room.
    """

    columns: tuple[tuple[str, ...], ...]
    steps: int
    left_out: int


def lineage(
    entry: str, parents: Mapping[str, Sequence[str]], children: Mapping[str, Sequence[str]]
) -> FamilyTree:
    """Relatives within three steps. Declared parents may go in circles: each name is met once."""
    met = {entry}
    up, missing_up = _walk(entry, parents, met)
    down, missing_down = _walk(entry, children, met)
    return FamilyTree(
        columns=(*reversed(up), (entry,), *down), steps=len(up), left_out=missing_up + missing_down
    )


def _walk(entry: str, edges: Mapping[str, Sequence[str]], met: set[str]) -> tuple[list[tuple[str, ...]], int]:
    columns: list[tuple[str, ...]] = []
    left_out, edge = 0, [entry]
    while edge and len(columns) < MOST_STEPS:
        found = [name for name in dict.fromkeys(n for e in edge for n in edges.get(e, ())) if name not in met]
        met.update(found)
        left_out += max(0, len(found) - MOST_IN_A_COLUMN)
        edge = found[:MOST_IN_A_COLUMN]
        if edge:
            columns.append(tuple(edge))
    return columns, left_out


def lineage_chart(
    relatives: FamilyTree,
    rows: Mapping[str, Row],
    parents: Mapping[str, Sequence[str]],
    link: Callable[[str], str],
) -> Markup:
    """The graph: a box an entry, a line from each parent to its child. `link` gives the page of an entry."""
    tallest = max(len(column) for column in relatives.columns)
    width = len(relatives.columns) * (BOX_WIDTH + GAP_X) - GAP_X + 4
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 4
    graph: Drawing = []
    places = {}
    for index, column in enumerate(relatives.columns):
        top = (height - len(column) * (BOX_HEIGHT + GAP_Y) + GAP_Y) / 2
        for step, name in enumerate(column):
            places[name] = (2 + index * (BOX_WIDTH + GAP_X), top + step * (BOX_HEIGHT + GAP_Y))
    for name in places:
        for parent in parents.get(name, ()):
            if parent in places and parent != name:
                _edge(graph, places[parent], places[name])
    own = relatives.columns[relatives.steps][0]
    for name, place in places.items():
        _box(graph, name, place, rows.get(name), None if name == own else link)
    title = svg.element(
        "title", "", "FamilyTree: parents to the left, descendants to the right", id="lineage-title"
    )
    found = svg.element(
        "svg",
        "",
        title,
        *graph,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="group",
        aria_labelledby="lineage-title",
    )
    return Markup(found)  # noqa: S704 - all of it was escaped


def _edge(graph: Drawing, parent: tuple[float, float], child: tuple[float, float]) -> None:
    x1, y1 = parent[0] + BOX_WIDTH, parent[1] + BOX_HEIGHT / 2
    x2, y2 = child[0], child[1] + BOX_HEIGHT / 2
    bend = (x1 + x2) / 2
    n = svg.number
    svg.put(graph, "path", "edge", d=f"M{n(x1)} {n(y1)}C{n(bend)} {n(y1)} {n(bend)} {n(y2)} {n(x2)} {n(y2)}")


def _box(
    graph: Drawing, name: str, place: tuple[float, float], row: Row | None, link: Callable[[str], str] | None
) -> None:
    """A parent may be named that never was entered: it has a box and no link."""
    x, y = place
    title = row.title if row else name
    words = f"{score(row)}  {row.status.value}".strip() if row else "not entered here"
    box = svg.element(
        "g",
        "box" if link else "box own",
        svg.element("rect", x=x, y=y, width=BOX_WIDTH, height=BOX_HEIGHT, rx=6),
        svg.element("text", "name", svg.fitting(title, BOX_WIDTH - 20, 12), x=x + 10, y=y + 18),
        svg.element("text", "soft small", svg.fitting(words, BOX_WIDTH - 20, 11), x=x + 10, y=y + 34),
    )
    graph.append(
        svg.element("a", "", box, href=link(name), aria_label=f"{title}, {words}") if row and link else box
    )
