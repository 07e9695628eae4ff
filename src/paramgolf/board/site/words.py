"""How values are written on a page. Strangers' values are read leniently here and escaped by the templates."""

import math
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from paramgolf.board.ranking.standings import Row

LONGEST_LINK = 2000


def when(text: str | None) -> datetime | None:
    """A time as the ledger writes it (ISO 8601; UTC where it names no zone), or None where it is no time."""
    try:
        time = datetime.fromisoformat(text or "")
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(text: str | None) -> str:
    """2026-04-27, or nothing."""
    time = when(text)
    return time.strftime("%Y-%m-%d") if time else ""


def minute(text: str | None) -> str:
    """2026-04-27 10:00, or nothing."""
    time = when(text)
    return time.strftime("%Y-%m-%d %H:%M") if time else ""


def rfc3339(text: str | None) -> str:
    """2026-04-27T10:00:00Z; the beginning of 1970 where there is no time, since a feed has to have one."""
    return (when(text) or datetime.fromtimestamp(0, UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def finite(value: float | None) -> float | None:
    """The value, or None if it is None or no number that can be drawn or written as JSON."""
    return value if value is not None and math.isfinite(value) else None


def score(row: Row) -> str:
    """The row's score in a table, or nothing."""
    value = finite(row.score)
    return "" if value is None else row.objective.number(value)


def deviation(row: Row) -> str:
    """The deviation of the row's seeds in a table, or nothing."""
    value = finite(row.deviation)
    return "" if value is None else row.objective.number(value)


def thousands(value: int) -> str:
    """1,234,567."""
    return f"{value:,}"


def p_value(value: float | None) -> str:
    """0.0034, 2.1e-07."""
    return "" if finite(value) is None else f"{value:.2g}"


def plural(count: int, word: str, many: str | None = None) -> str:
    """1 entry, 2 entries, 1,000 entries."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"


def shortened(text: str, length: int) -> str:
    """At most `length` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def web_address(link: str | None) -> str | None:
    """The link if it is a plain http or https address, else None."""
    if not link or len(link) > LONGEST_LINK or re.search(r"[\x00-\x20\x7f-\x9f<>\"\\^`{|}]", link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.hostname else None
