"""What machines read: the JSON and the Atom feed."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import datetime

import site_factory as make

from paramgolf.board.ranking.standings import Standings
from paramgolf.board.site.feeds import ATOM, atom_feed, board_json, entry_json

NAME = {"atom": ATOM}


def links(board: Standings) -> dict[str, str]:
    return {row.entry: f"entries/{row.entry}/index.html" for row in board.rows}


def feed(board: Standings, base_url: str | None = "https://example.org/golf/") -> ElementTree.Element:
    return ElementTree.fromstring(atom_feed(board, "Golf", links(board), base_url))


def test_the_feed_has_what_atom_demands() -> None:
    root = feed(make.small_board())
    assert root.tag == f"{{{ATOM}}}feed"
    for element in (root, *root.findall("atom:entry", NAME)):
        for tag in ("id", "title", "updated"):
            assert len(element.findall(f"atom:{tag}", NAME)) == 1
        assert element.find("atom:author/atom:name", NAME) is not None
        assert (element.findtext("atom:id", "", NAME)).startswith("urn:uuid:")
        datetime.strptime(element.findtext("atom:updated", "", NAME), "%Y-%m-%dT%H:%M:%SZ")
        for link in element.findall("atom:link", NAME):
            assert link.attrib["href"].startswith("https://example.org/golf/")
    ids = [element.text for element in root.iter(f"{{{ATOM}}}id")]
    assert len(set(ids)) == len(ids) > 5


def test_ids_stay_when_the_board_grows_and_history_is_no_news() -> None:
    board = make.small_board()
    ids = [element.text for element in feed(board).iter(f"{{{ATOM}}}id")]
    grown = [e.text for e in feed(replace(board, rows=(*board.rows, make.row("new")))).iter(f"{{{ATOM}}}id")]
    assert set(ids) <= set(grown)
    assert "history" not in "".join(feed(board).itertext()).lower()


def test_characters_that_xml_does_not_allow_are_replaced() -> None:
    row = make.row("a", title="a\x00\x1b\ud800\uffff<b>\u202e", authors=("]]>&",))
    root = feed(make.standings(row), base_url=None)
    assert root.findtext("atom:entry/atom:title", "", NAME).replace("\ufffd", "").startswith("a<b>:")


def test_the_json_keeps_its_keys() -> None:
    board = make.small_board()
    table = json.loads(board_json(board, "Golf", links(board)))
    assert set(table) == {"schema", "title", "made_at", "records", "entries"}
    assert table["schema"] == 1
    keys = {
        *("entry", "title", "authors", "challenge", "track", "status", "status_reason", "verified_here"),
        *("entered_as_record", "disputed", "place", "bits_per_byte", "deviation", "seeds", "artifact_bytes"),
        *(
            "submitted_at",
            "decided_at",
            "parents",
            "descendants",
            "link",
            "changed",
            "verdict_sha256",
            "page",
        ),
    }
    assert all(set(entry) == keys for entry in table["entries"])
    one = json.loads(entry_json(board.row("shorter-windows"), "x"))
    assert set(one) == {*keys, "schema", "gate", "events", "byte_ledger", "readme"}
    assert one["gate"]["compared_with"] == "first-words"
