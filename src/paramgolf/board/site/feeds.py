"""For machines: the board as JSON with a schema that stays, and what happened as an Atom feed (RFC 4287)."""

import json
import xml.etree.ElementTree as ElementTree
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from xml.etree.ElementTree import Element, SubElement

from paramgolf.board.ranking.standings import EventLine, GateResult, Row, Standings, Status
from paramgolf.board.site.words import finite, rfc3339, shortened, web_address
from paramgolf.common.printable import one_line

# Keys are only ever added under one number; one that changes its meaning or goes makes a new number.
SCHEMA = 1
MOST_NEWS = 50
ATOM = "http://www.w3.org/2005/Atom"


def board_json(standings: Standings, title: str, links: dict[str, str]) -> str:
    """All rows without their write-ups, one a line; `links` are the pages."""
    head = {
        "schema": SCHEMA,
        "title": title,
        "made_at": standings.made_at,
        "records": [
            {"challenge": challenge, "track": track, "entries": list(names)}
            for (challenge, track), names in sorted(standings.records.items())
        ],
    }
    rows = ",\n".join(_line(row_json(row, links[row.entry])) for row in standings.rows)
    return f'{_line(head)[:-1]}, "entries": [\n{rows}\n]}}\n'


def row_json(row: Row, page: str) -> dict[str, Any]:
    """What the table says of an entry; sizes are bytes, `page` is relative to the site's root.

    The score's key is the name of the objective that the game is won by.
    """
    return {
        "entry": row.entry,
        "title": row.title,
        "authors": list(row.authors),
        "challenge": row.challenge,
        "track": row.track,
        "status": row.status.value,
        "status_reason": row.status_reason,
        "verified_here": row.verdict is not None,
        "entered_as_record": row.entered_as_record,
        "disputed": row.disputed,
        "place": row.place,
        row.objective.name: finite(row.score),
        "deviation": finite(row.deviation),
        "seeds": [{"seed": seed, row.objective.name: finite(value)} for seed, value in row.seed_scores],
        "artifact_bytes": row.artifact_bytes,
        "submitted_at": row.submitted_at,
        "decided_at": row.decided_at,
        "parents": list(row.parents),
        "descendants": list(row.descendants),
        "link": row.link,
        "changed": row.changed,
        "verdict_sha256": row.verdict_sha256,
        "page": page,
    }


def entry_json(row: Row, page: str) -> str:
    """The row with its gate, events, byte ledger and write-up; its verdict lies beside it."""
    more = {
        "gate": _gate(row.gate),
        "events": [
            {"number": event.number, "kind": event.kind, "at": event.at, "who": event.who, "why": event.why}
            for event in row.events
        ],
        "byte_ledger": [{"part": label, "bytes": size} for label, size in row.byte_ledger],
        "readme": row.readme,
    }
    return _line({"schema": SCHEMA, **row_json(row, page), **more}) + "\n"


def _gate(gate: GateResult | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    return {
        "compared_with": gate.compared_with,
        "gain": finite(gate.gain),
        "margin": finite(gate.margin),
        "p_value": finite(gate.p_value),
        "significance_level": finite(gate.significance_level),
        "decision": gate.decision,
        "reasons": list(gate.reasons),
    }


def _line(value: dict[str, Any]) -> str:
    # ASCII, so that no character of a stranger's can be cut or misread on the way
    return json.dumps(value, allow_nan=False)


def atom_feed(standings: Standings, title: str, links: dict[str, str], base_url: str | None) -> str:
    """The newest events of entries that were not imported. Ids follow the base address, else the title."""
    ElementTree.register_namespace("", ATOM)
    space = uuid5(NAMESPACE_URL, base_url or f"paramgolf:{title}")
    feed = Element(f"{{{ATOM}}}feed")
    _text(feed, "title", title)
    _text(feed, "id", space.urn)
    _text(feed, "updated", rfc3339(standings.made_at))
    _text(SubElement(feed, f"{{{ATOM}}}author"), "name", title)
    _link(feed, "alternate", _absolute("index.html", base_url), "text/html")
    if base_url:
        _link(feed, "self", _absolute("feed.xml", base_url), "application/atom+xml")
    news = [
        (event, row) for row in standings.rows if row.status is not Status.HISTORY for event in row.events
    ]
    for event, row in sorted(news, key=lambda pair: -pair[0].number)[:MOST_NEWS]:
        _news(feed, space, event, row, _absolute(links[row.entry], base_url))
    ElementTree.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode") + "\n"


def _news(feed: Element, space: UUID, event: EventLine, row: Row, page: str) -> None:
    entry = SubElement(feed, f"{{{ATOM}}}entry")
    _text(entry, "title", f"{shortened(row.title, 120)}: {event.kind}")
    _text(entry, "id", uuid5(space, f"{event.number} {row.entry}".encode("utf-8", "replace").decode()).urn)
    _text(entry, "updated", rfc3339(event.at))
    for name in row.authors or (event.who,):
        _text(SubElement(entry, f"{{{ATOM}}}author"), "name", name)
    _link(entry, "alternate", page, "text/html")
    _text(entry, "summary", event.why or event.kind)


def _text(parent: Element, tag: str, content: str) -> None:
    SubElement(parent, f"{{{ATOM}}}{tag}").text = one_line(content) or "-"


def _link(parent: Element, rel: str, address: str, kind: str) -> None:
    SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "href": address, "type": kind})


def _absolute(page: str, base_url: str | None) -> str:
    return f"{base_url.rstrip('/')}/{page}" if base_url and web_address(base_url) else page
