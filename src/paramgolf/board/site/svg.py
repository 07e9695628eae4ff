"""Small pieces of SVG. What is written into one is escaped here; colours come from the page by class."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from markupsafe import Markup

from paramgolf.board.site.words import shortened

# Average width of a character as a share of the font size; a wide face, so that texts rather end too early.
CHARACTER = 0.58


class Element(str):
    """Text that is SVG already. (markupsafe's own type does the same, and takes three times as long to make.)"""

    __slots__ = ()


Drawing = list[Element]


def element(tag: str, css: str = "", /, *children: str, **attributes: float | str) -> Element:
    """An element. Children that are no elements are text; underscores in names of attributes stand for hyphens."""
    if css:
        attributes["class"] = css
    inside = "".join([child if type(child) is Element else escape(child) for child in children])
    named = "".join(
        [
            f' {key.replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
            for key, value in attributes.items()
        ]
    )
    return Element(f"<{tag}{named}>{inside}</{tag}>")


def put(drawing: Drawing, tag: str, css: str = "", /, *children: str, **attributes: float | str) -> None:
    """Add an element."""
    drawing.append(element(tag, css, *children, **attributes))


def words(drawing: Drawing, x: float, y: float, content: str, css: str = "", anchor: str = "start") -> None:
    """Add a line of text."""
    put(drawing, "text", css, content, x=x, y=y, text_anchor=anchor)


def picture(
    drawing: Drawing, width: float, height: float, *, name: str, title: str, description: str
) -> Markup:
    """The <svg> that is one picture to a screen reader; `name` is unique in its page."""
    svg = element(
        "svg",
        "",
        element("title", "", title, id=f"{name}-title"),
        element("desc", "", description, id=f"{name}-desc"),
        *drawing,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
    return Markup(svg)  # noqa: S704 - all of it was escaped


def line(points: Sequence[tuple[float, float]]) -> str:
    """Path data through the points."""
    return "M" + "L".join(["%.1f %.1f" % point for point in points])  # noqa: UP031 - the quickest by far


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text_width(content: str, size: float) -> float:
    """About how wide a text is."""
    return len(content) * size * CHARACTER


def fitting(content: str, width: float, size: float) -> str:
    """The text, cut so that it is about `width` wide at most."""
    return shortened(content, max(4, int(width / size / CHARACTER)))


def round_ticks(lowest: float, highest: float, most: int) -> list[tuple[float, str]]:
    """Round values between the two with their labels, at most `most` of them."""
    span = highest - lowest
    if not span > 0 or not math.isfinite(span):
        return [(lowest, f"{lowest:.4g}")]
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(factor for factor in (1, 2, 5, 10, 20) if span / (step * factor) <= most)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(lowest / step - 1e-9), math.floor(highest / step + 1e-9)
    return [
        (index * step, f"{index * step:,.{places}f}") for index in range(first, min(last, first + most) + 1)
    ]


def day_ticks(first: datetime, last: datetime, most: int) -> list[tuple[datetime, str]]:
    """Days or months between the two with their labels, at most `most`."""
    days = (last - first).days
    if days > 60:
        months = (last.year - first.year) * 12 + last.month - first.month
        every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200, 12000) if months / step <= most)
        numbers = range(first.year * 12 + first.month, last.year * 12 + last.month)
        dates = [datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in numbers if n % every == 0]
        return [(date, f"{date:%b %Y}") for date in dates]
    every = next(step for step in (1, 2, 5, 7, 14, 30) if days / step <= most)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(days=1)
    dates = [start + timedelta(days=step) for step in range(0, days, every)]
    return [(date, f"{date.day} {date:%b}") for date in dates if date <= last]
