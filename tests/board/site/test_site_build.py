"""The site as files: what is written, what is left alone, and that strangers' names and words stay harmless."""

import json
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import site_factory as make
from board_factory import trained_again
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.board.ledger.entry_papers import Curve
from paramgolf.board.ranking.standings import Row, Standings, Status
from paramgolf.board.site import build_site
from paramgolf.board.site.addresses import addresses
from paramgolf.board.site.table import SHOWN_AT_ONCE, groups_of
from paramgolf.errors import UsageError
from paramgolf.judge.rules.registry import rulebook
from paramgolf.judge.verdict import Outcome

HOSTILE = (
    "../../escape",
    "..",
    ".git",
    "a/b",
    "CON",
    "con.html",
    "-rf",
    "name\nwith lines",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "%2e%2e%2f",
    "ä" * 300,
    "\ud800",
    "x" * 5000,
    "same",
    "Same",
    "same~",
    "",
)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def build(folder: Path, standings: Standings, **options: str) -> dict[str, bytes]:
    build_site(standings, folder, title="Golf", **options)
    return files_of(folder)


class Links(HTMLParser):
    """Every address that a page names, and its ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src", "data-href"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_the_same_standings_give_the_same_bytes(tmp_path: Path) -> None:
    board = make.small_board()
    assert build(tmp_path / "a", board) == build(tmp_path / "b", board)


def test_only_what_changed_is_written_anew(tmp_path: Path) -> None:
    board = make.small_board()
    build(tmp_path, board)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*") if path.is_file()}
    first = replace(board.rows[0], status_reason="looked at again")
    built = build_site(replace(board, rows=(first, *board.rows[1:])), tmp_path, title="Golf")
    changed = {p.relative_to(tmp_path).as_posix() for p, inode in before.items() if p.stat().st_ino != inode}
    assert changed == {"board.json", "entries/first-words/index.html", "entries/first-words/entry.json"}
    assert built.written == len(changed)


def test_what_is_not_of_the_site_stays_and_what_is_out_of_date_goes(tmp_path: Path) -> None:
    board = make.large_board(SHOWN_AT_ONCE + 1)
    build(tmp_path, board)
    (tmp_path / "CNAME").write_text("example.org")
    (tmp_path / ".making-killed").mkdir()
    files = build(tmp_path, replace(board, rows=board.rows[:2]))
    assert files["CNAME"] == b"example.org"
    assert not {"rows.js", "all.html"} & set(files)
    assert len([name for name in files if name.endswith("entry.json")]) == 2
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_build_that_breaks_leaves_the_old_site_as_it_was(tmp_path: Path) -> None:
    board = make.small_board()
    before = build(tmp_path, board)
    broken = replace(board.rows[0], changed="new", seed_scores=(("no seed",),))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unpack"):
        build_site(replace(board, rows=(*board.rows[1:], broken)), tmp_path, title="Golf")
    assert files_of(tmp_path) == before


def test_every_link_is_relative_and_leads_to_a_file_that_is_there(tmp_path: Path) -> None:
    files = build(tmp_path, make.small_board())
    for name, data in files.items():
        if not name.endswith(".html"):
            continue
        page = Links(data.decode())
        assert len(set(page.ids)) == len(page.ids), name
        for address in page.addresses:
            if address.startswith("https://"):
                continue
            target, _, part = address.partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
            assert path in files, (name, address)
            if part and "=" not in part:
                assert part in Links(files[path].decode()).ids, (name, address)


def test_a_hostile_name_stays_below_entries(tmp_path: Path) -> None:
    rows = [make.row(name, title=f"row {number}") for number, name in enumerate(HOSTILE)]
    files = build(tmp_path / "site", make.standings(*rows))
    pages = [name for name in files if name.startswith("entries/") and name.endswith("/index.html")]
    assert len(pages) == len(HOSTILE)
    assert os.listdir(tmp_path) == ["site"]
    assert all(re.fullmatch(r"entries/[A-Za-z0-9][A-Za-z0-9._~-]*/index\.html", page) for page in pages)


@given(st.lists(st.text(max_size=130), unique=True, max_size=12))
def test_addresses_differ_in_any_case_and_never_change(names: list[str]) -> None:
    found = addresses(names)
    assert len({address.lower() for address in found.values()}) == len(names)
    assert found == {**found, **addresses(names[: len(names) // 2])}


@settings(max_examples=10)
@given(st.text(max_size=200), st.sampled_from(Status))
def test_what_a_stranger_wrote_never_becomes_an_element(
    tmp_path_factory: pytest.TempPathFactory, text: str, status: Status
) -> None:
    text = f'"><script>x</script><img src=x onerror=x>{text}'
    row = make.row(
        "a", status=status, title=text, authors=(text,), changed=text, readme=text, track=text, link=text
    )
    pages = build(tmp_path_factory.mktemp("site"), make.standings(replace(row, status_reason=text)))
    for name, data in pages.items():
        if name.endswith(".html"):
            assert b"<script>" not in data, name
            assert b"<img" not in data, name


def test_values_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    nan, infinity = float("nan"), float("inf")
    curve = Curve(label="x", x_unit="seconds", y_unit="bits per byte", points=((0, nan), (1, infinity)))
    row = make.row("a", score=nan, deviation=nan, seed_scores=((0, nan), (1, infinity)), curves=(curve,))
    files = build(tmp_path, make.standings(row, records={("local", "fixed"): ("a", "gone")}))
    assert json.loads(files["board.json"])["entries"][0]["bits_per_byte"] is None


def test_a_challenge_of_a_strangers_name_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text("name = 'secret'")
    row = replace(make.row("a"), challenge=str(secret))
    assert b"not in the catalogue" in build(tmp_path / "site", make.standings(row))["challenges.html"]


def test_ancestors_in_a_circle_end(tmp_path: Path) -> None:
    rows = [make.row("a", parents=("b", "a")), make.row("b", parents=("a", "never-entered"))]
    page = build(tmp_path, make.standings(*rows))["entries/a/index.html"].decode()
    assert page.count('class="box') == 3


def test_the_front_page_of_many_entries_stays_small(tmp_path: Path) -> None:
    files = build(tmp_path, make.large_board(130))
    front = sum(len(files[name]) for name in ("index.html", "site.css", "theme.js", "board.js"))
    assert front < 300_000
    assert files["index.html"].count(b"data-status=") == SHOWN_AT_ONCE
    rest = files["rows.js"].count(b"data-status=")
    assert SHOWN_AT_ONCE + rest == files["all.html"].count(b"data-status=") == 130


def test_rows_stand_by_place_then_history_then_the_rest() -> None:
    rows = [
        make.row("bad", status=Status.INVALID),
        make.row("old", status=Status.HISTORY, seed_scores=((0, 1.0),)),
        make.row("second", place=2),
        make.row("first", place=1),
        make.row("open", status=Status.WAITING, seed_scores=()),
    ]
    (group,) = groups_of(make.standings(*rows))
    assert [row.entry for row in group.rows] == ["first", "second", "old", "open", "bad"]


def test_history_says_that_it_was_not_verified_here(tmp_path: Path) -> None:
    files = build(tmp_path, make.small_board())
    assert files["index.html"].decode().count("</i> not verified here</span>") == 4
    assert b"Not verified here." in files["entries/history-0/index.html"]


def test_the_entry_page_has_every_finding_and_verdict_json_is_the_verdict(tmp_path: Path) -> None:
    board = make.small_board()
    files = build(tmp_path, board)
    row: Row = board.row("shorter-windows")
    assert row.verdict is not None
    page = files["entries/shorter-windows/index.html"].decode()
    assert page.count('class="o-') == len(row.verdict.findings)
    assert json.loads(files["entries/shorter-windows/verdict.json"])["entry"] == "shorter-windows"
    assert "paramgolf verify entries/shorter-windows" in page


def test_the_entry_page_says_what_training_a_seed_again_came_to(tmp_path: Path) -> None:
    board = make.small_board()
    row = board.row("shorter-windows")
    assert row.verdict is not None
    again = replace(row, verdict=trained_again(row.verdict, Outcome.PASS))
    board = replace(board, rows=tuple(again if one.entry == row.entry else one for one in board.rows))
    page = build(tmp_path, board)["entries/shorter-windows/index.html"].decode()
    assert "Seed 0 was trained again from its recipe: pass, 1.2500 entered, 1.2501 trained again." in page


def test_the_rules_page_is_the_rulebook(tmp_path: Path) -> None:
    page = build(tmp_path, make.small_board())["rules.html"].decode()
    for rule in rulebook():
        assert f'id="{rule.number}"' in page
    assert "16,000,000 bytes, one zip with entry.py" in page


def test_an_empty_ledger_has_a_site(tmp_path: Path) -> None:
    assert {"index.html", "feed.xml", "board.json"} <= set(
        build(tmp_path, Standings(rows=(), records={}, made_at=""))
    )


def test_a_wrong_address_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no address"):
        build_site(make.standings(), tmp_path, title="x", base_url="javascript:alert(1)")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        build_site(make.standings(), tmp_path / "file", title="x")
