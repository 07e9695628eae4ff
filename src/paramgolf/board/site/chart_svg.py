"""Charts: how the record fell, how a run learned, what its seeds scored. A table beside each says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import dropwhile, pairwise

from markupsafe import Markup

from paramgolf.board.ledger.entry_papers import Curve
from paramgolf.board.ranking.standings import Row, Status, objective_of_rows
from paramgolf.board.site import svg
from paramgolf.board.site.svg import Drawing
from paramgolf.board.site.words import score, shortened, when

FONT = 12


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where the data lie in a picture: pixels of its sides, and the values there (y grows upwards)."""

    left: float
    right: float
    top: float
    bottom: float
    first: float
    last: float
    lowest: float
    highest: float

    def x(self, value: float) -> float:
        """Pixel of a value across."""
        return self.left + (value - self.first) / (self.last - self.first) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Pixel of a value upwards."""
        return self.bottom - (value - self.lowest) / (self.highest - self.lowest) * (self.bottom - self.top)


def progression_chart(rows: Sequence[Row], links: dict[str, str], *, width: int, name: str) -> Markup:
    """The record over time as a falling line of steps: history hollow and dashed, what was verified here solid.

    `rows` are the records in the order of time, each with a score and a time; `links` their pages; `width` in pixels.
    """
    height = 340 if width > 500 else 260
    times = [time.timestamp() for row in rows if (time := when(row.submitted_at))]
    scores = [row.score for row in rows if row.score is not None]
    pad = max(43_200.0, 0.03 * (max(times) - min(times)))
    spread = max(scores) - min(scores) or 0.01
    frame = Frame(
        left=46,
        right=width - 14,
        top=26,
        bottom=height - 28,
        first=min(times) - pad,
        last=max(times) + 2 * pad,
        lowest=min(scores) - 0.12 * spread,
        highest=max(scores) + 0.06 * spread,
    )
    objective = objective_of_rows(rows)
    best = min(rows, key=lambda row: objective.cost(row.score or 0))
    drawing: Drawing = []
    svg.words(drawing, 0, 12, objective.label, "soft")
    _grid(drawing, frame, rows)
    history = [row for row in rows if row.status is Status.HISTORY]
    verified = [row for row in rows if row.status is not Status.HISTORY]
    _steps(drawing, frame, history, "history")
    _steps(drawing, frame, verified, "verified")
    _labels(drawing, frame, rows)
    for row in rows:
        _point(drawing, frame, row, links[row.entry])
    return svg.picture(
        drawing,
        width,
        height,
        name=name,
        title=f"The record over time, {len(rows)} steps",
        description=f"From {objective.in_words(scores[0])} on {times_of(rows[0])} to {score(best)} on "
        f"{times_of(best)}. Each step is listed in the table below.",
    )


def times_of(row: Row) -> str:
    """The day on which it was submitted, in words."""
    time = when(row.submitted_at)
    return f"{time.day} {time:%B %Y}" if time else "an unknown day"


def _grid(drawing: Drawing, frame: Frame, rows: Sequence[Row]) -> None:
    _across(drawing, frame, 6)
    times = [time for row in rows if (time := when(row.submitted_at))]
    for date, label in svg.day_ticks(
        min(times) - timedelta(days=1), max(times) + timedelta(days=1), int((frame.right - frame.left) / 90)
    ):
        x = frame.x(date.timestamp())
        if frame.left <= x <= frame.right - 20:
            svg.put(drawing, "path", "tick", d=svg.line([(x, frame.bottom), (x, frame.bottom + 5)]))
            svg.words(drawing, x, frame.bottom + 19, label, "soft", "middle")
    svg.put(drawing, "path", "axis", d=svg.line([(frame.left, frame.bottom), (frame.right, frame.bottom)]))


def _across(drawing: Drawing, frame: Frame, most: int) -> None:
    """Lines across at round values."""
    for value, label in svg.round_ticks(frame.lowest, frame.highest, most):
        y = frame.y(value)
        svg.put(drawing, "path", "grid", d=svg.line([(frame.left, y), (frame.right, y)]))
        svg.words(drawing, frame.left - 8, y + 4, label, "soft", "end")


def _place(frame: Frame, row: Row) -> tuple[float, float]:
    time = when(row.submitted_at)
    assert time is not None
    assert row.score is not None
    return frame.x(time.timestamp()), frame.y(row.score)


def _steps(drawing: Drawing, frame: Frame, rows: Sequence[Row], css: str) -> None:
    """A record stands until the next one: across first, then down."""
    if not rows:
        return
    places = [_place(frame, row) for row in rows]
    points = [places[0]]
    for (_, above), (x, y) in pairwise(places):
        points += [(x, above), (x, y)]
    points.append((frame.right, points[-1][1]))
    svg.put(drawing, "path", f"steps {css}", d=svg.line(points))


def _point(drawing: Drawing, frame: Frame, row: Row, link: str) -> None:
    x, y = _place(frame, row)
    css = "history" if row.status is Status.HISTORY else "verified"
    reach = svg.element("circle", "reach", cx=x, cy=y, r=11)
    dot = svg.element("circle", "dot", cx=x, cy=y, r=3.6 if css == "history" else 4.6)
    svg.put(drawing, "g", f"point {css}", reach, dot, data_href=link, data_entry=row.entry)


def _labels(drawing: Drawing, frame: Frame, rows: Sequence[Row]) -> None:
    """Names of the steps that gained most, where there is room: right above a step nothing is drawn, nor left below."""
    places = [_place(frame, row) for row in rows]
    gains = [before[1] - after[1] for before, after in zip([places[0], *places], places, strict=False)]
    # the first and the standing record are named in any case
    order = sorted(range(len(rows)), key=lambda i: (i not in (0, len(rows) - 1), gains[i], i))
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    for index in order:
        x, y = places[index]
        text = f"{shortened(rows[index].title, 34)} {score(rows[index])}"
        wide = svg.text_width(text, FONT)
        for left, base in ((x + 7, y - 8), (x - 9 - wide, y + 12)):
            box = (left, base - 11, left + wide, base + 3)
            inside = frame.left <= left and left + wide <= frame.right and base < frame.bottom - 2
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                svg.words(drawing, left, base, text, "label")
                break


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def curves_chart(curves: Sequence[Curve], *, name: str) -> Markup:
    """What runs logged while they trained, without the first fall from random weights, which would hide the rest."""
    width, height = 720, 280
    across = [x for curve in curves for x, _ in curve.points]
    settled = sorted(y for curve in curves for _, y in curve.points[len(curve.points) // 20 :])
    lowest, highest = settled[0], settled[min(len(settled) - 1, int(0.985 * len(settled)))]
    spread = highest - lowest or 0.01
    frame = Frame(
        left=46,
        right=width - 10,
        top=26,
        bottom=height - 42,
        first=min(across),
        last=max(across) if max(across) > min(across) else min(across) + 1,
        lowest=lowest - 0.06 * spread,
        highest=highest + 0.04 * spread,
    )
    lasts = ", ".join(f"{shortened(c.label, 40)} {c.points[-1][1]:.4f}" for c in curves)
    drawing: Drawing = []
    svg.words(drawing, 0, 12, curves[0].y_unit, "soft")
    _across(drawing, frame, 5)
    for value, label in svg.round_ticks(frame.first, frame.last, 7):
        svg.words(drawing, frame.x(value), frame.bottom + 18, label, "soft", "middle")
    svg.words(drawing, frame.right, height - 6, curves[0].x_unit, "soft", "end")
    svg.put(drawing, "path", "axis", d=svg.line([(frame.left, frame.bottom), (frame.right, frame.bottom)]))
    for index, curve in enumerate(curves):
        seen = list(dropwhile(lambda point: point[1] > frame.highest, curve.points)) or list(curve.points)
        points = [(frame.x(x), max(frame.top - 8, frame.y(y))) for x, y in seen]
        svg.put(drawing, "path", f"curve c{index}", d=svg.line(points))
    return svg.picture(
        drawing,
        width,
        height,
        name=name,
        title=f"Training: {curves[0].y_unit} by {curves[0].x_unit}",
        description=f"The last of each run: {lasts} {curves[0].y_unit}.",
    )


def seeds_chart(ours: Row, theirs: Row | None, *, name: str) -> Markup:
    """Each seed's score as a dot: the entry above, the record that it was compared with below, the margin as a line."""
    width, height = 720, 78 if theirs is None else 110
    rows = [(ours, "ours")] + ([(theirs, "theirs")] if theirs else [])
    values = [value for row, _ in rows for _, value in row.seed_scores]
    record = mean(theirs) if theirs else None
    objective = ours.objective
    bound = objective.bound(record, ours.gate.margin) if record is not None and ours.gate else None
    values += [bound] if bound is not None else []
    spread = max(values) - min(values) or 0.001
    frame = Frame(
        left=170,
        right=width - 24,
        top=14,
        bottom=height - 26,
        first=min(values) - 0.08 * spread,
        last=max(values) + 0.08 * spread,
        lowest=0,
        highest=1,
    )
    drawing: Drawing = []
    below = "below" if objective.lower_is_better else "above"
    if bound is not None:
        x = frame.x(bound)
        svg.put(drawing, "path", "bound", d=svg.line([(x, 14), (x, frame.bottom)]))
        end = "start" if x < width / 2 else "end"
        svg.words(drawing, x + (5 if end == "start" else -5), 12, "record margin", "soft", end)
    for index, (row, css) in enumerate(rows):
        y = 34 + 34 * index
        svg.words(drawing, 0, y + 4, svg.fitting(row.title, 150, FONT), "soft" if css == "theirs" else "")
        middle = frame.x(mean(row) or 0)
        svg.put(drawing, "path", f"mean {css}", d=svg.line([(middle, y - 10), (middle, y + 10)]))
        for _, value in row.seed_scores:
            svg.put(drawing, "circle", f"seed {css}", cx=frame.x(value), cy=y, r=4.2)
    for value, label in svg.round_ticks(frame.first, frame.last, 6):
        svg.words(drawing, frame.x(value), height - 6, label, "soft", "middle")
    svg.put(drawing, "path", "axis", d=svg.line([(frame.left, frame.bottom), (frame.right, frame.bottom)]))
    return svg.picture(
        drawing,
        width,
        height,
        name=name,
        title=f"Scores of the seeds, in {objective.unit}",
        description="; ".join(
            f"{shortened(row.title, 60)}: mean {objective.number(mean(row) or 0)} of {len(row.seed_scores)}"
            for row, _ in rows
        )
        + (f"; a record has to be {below} {objective.number(bound)}." if bound is not None else "."),
    )


def mean(row: Row) -> float | None:
    """Of the seeds' scores."""
    scores = [value for _, value in row.seed_scores]
    return sum(scores) / len(scores) if scores else None
