"""The site in a real browser, opened from disk: sorting, filtering, keyboard, phone, colours, hostile words, axe."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import site_factory as make
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from paramgolf.board.site import build_site
from paramgolf.board.site.table import SHOWN_AT_ONCE

pytestmark = pytest.mark.slow

HOSTILE = (
    """# Hi <script>alert(1)</script>

<img src="https://evil.example/huge.png" width=99999 onerror="alert(2)"><iframe src="https://evil.example/"></iframe>
<style>body { display: none }</style><svg onload="alert(3)"></svg><base href="https://evil.example/">

![picture](https://evil.example/huge.png) [click](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>)
[web](https://evil.example/page) <javascript:alert(6)>

| wide |
|---|
| """
    + "wide" * 300
    + """ |

"""
    + "unbroken" * 200
    + "\n"
)
ENTRY, BROKEN = "entries/shorter-windows/index.html", "entries/looks-ahead/index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: apt-get install chromium (make test does it where it may)"
    # Debian's chromium refuses its own sandbox to root; what it opens here are our files
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small board with a hostile entry."""
    folder = tmp_path_factory.mktemp("site")
    board = make.small_board()
    hostile = make.row(
        "<img src=x onerror=alert(7)>",
        title="<b onclick=alert(8)>" + "long" * 60,
        authors=("Mallory",),
        place=4,
        submitted_at=make.at(3),
        readme=HOSTILE,
        link="javascript:alert(9)",
    )
    build_site(replace(board, rows=(*board.rows, hostile)), folder, title="Golf")
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def titles(page: Page) -> list[str]:
    """Of the rows that are shown."""
    return page.locator("#board tr[data-status]:not([hidden]) th > a").evaluate_all(
        "links => links.filter(a => a.offsetParent).map(a => a.textContent)"
    )


def test_sorting_is_inside_a_group_said_aloud_and_turned_by_a_second_click(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    by_place = titles(page)
    assert by_place[:3] == ["Shorter windows", "Wide table", "First words"]
    page.get_by_role("button", name="Submitted").click()
    assert "sorted by submitted, upwards" in page.locator("#count").inner_text()
    upwards = titles(page)
    page.get_by_role("button", name="Submitted").click()
    assert page.locator("thead th.day").get_attribute("aria-sort") == "descending"
    downwards = titles(page)
    assert upwards[0] == "First words"
    assert downwards[0] == "Not yet"
    assert upwards[-4:] == downwards[-4:][::-1] == [f"History {n}" for n in range(4)]
    assert sorted(upwards) == sorted(by_place)


def test_filters_narrow_the_table_say_so_and_are_in_the_address(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.locator("select[name=status]").select_option("invalid")
    assert titles(page) == ["Looks ahead"]
    assert page.get_by_role("status").inner_text() == "1 of 10 entries"
    page.reload()
    assert titles(page) == ["Looks ahead"]
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Find").fill("GRACE windows")
    assert titles(page) == ["Wide table"]
    page.get_by_label("Find").fill("")
    page.locator("select[name=challenge]").select_option("parameter-golf")
    page.locator("select[name=track]").select_option("10min_16mb")
    assert titles(page) == [f"History {n}" for n in (3, 2, 1, 0)]


def test_the_further_rows_of_a_large_board_come_when_they_are_asked_for(page: Page, tmp_path: Path) -> None:
    board = make.large_board(SHOWN_AT_ONCE + 20)
    build_site(board, tmp_path, title="Golf")
    page.goto((tmp_path / "index.html").as_uri())
    assert len(titles(page)) == SHOWN_AT_ONCE
    last = board.rows[-1].title
    page.get_by_label("Find").fill(last)
    expect(page.locator("#count")).to_have_text("1 of 120 entries")
    assert titles(page) == [last]


def test_without_scripts_there_is_a_plain_table_and_no_dead_control(browser: Browser, site: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((site / "index.html").as_uri())
        assert page.locator("#board tr[data-status]").count() == 10
        assert not page.locator("#filters").is_visible()
        assert page.locator("button:visible").count() == 0


def test_the_keyboard_alone_skips_filters_sorts_and_opens(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.get_by_label("Find").focus()
    page.keyboard.type("wide table")
    for _ in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Clear"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Place"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#board th.score").first.get_attribute("aria-sort") == "ascending"
    page.get_by_role("link", name="Wide table").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/entries/wide-table/index.html")


@pytest.mark.parametrize("name", ["index.html", ENTRY, BROKEN, "rules.html", "challenges.html", "hostile"])
def test_no_page_scrolls_sideways_on_a_phone(page: Page, site: Path, name: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(page_of(site, name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def page_of(site: Path, name: str) -> Path:
    """`hostile` is the page whose address was made."""
    return next(site.glob("entries/*~*/index.html")) if name == "hostile" else site / name


def test_dark_follows_the_system_and_a_choice_stays(browser: Browser, site: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with browser.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto((site / "index.html").as_uri())
        dark = page.evaluate(background)
        page.get_by_role("button", name="Light colours").click()
        light = page.evaluate(background)
        page.goto((site / "rules.html").as_uri())
        assert page.evaluate(background) == light != dark
        assert page.get_by_role("button", name="Dark colours").is_visible()


def test_a_hostile_write_up_is_shown_and_does_nothing(browser: Browser, site: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        said: list[str] = []
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: said.append(request.url) if not request.url.startswith("file:") else None,
        )
        page.goto(page_of(site, "hostile").as_uri())
        for element in page.locator("main a, h1, .write-up *").all()[:60]:
            element.dispatch_event("mouseover")
        page.locator("h1").click()
        assert (
            page.locator("main script, main img, main iframe, main style, main base, .write-up svg").count()
            == 0
        )
        assert page.locator("[onclick], [onerror], [onload]").count() == 0
        assert "<script>alert(1)</script>" in page.locator(".write-up").inner_text()
        found = page.locator("main a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(found) <= {"https:", "file:"}
        assert said == []


def test_pointing_at_the_chart_says_what_a_record_changed(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.locator(".wide .point").nth(1).hover()
    assert "History 1" in page.locator(".readout").inner_text()
    page.locator(".wide .point").nth(1).click()
    page.wait_for_url("**/entries/history-1/index.html")


@pytest.mark.parametrize(
    ("scheme", "names", "rules"),
    [
        ("light", ("index.html", ENTRY, "rules.html"), {}),
        ("dark", ("index.html", BROKEN), {"runOnly": ["color-contrast"]}),
    ],
)
def test_axe_finds_nothing_serious(
    browser: Browser, site: Path, scheme: Any, names: tuple[str, ...], rules: dict[str, Any]
) -> None:
    # axe is put into the page by the test, which the page's own policy would forbid
    with browser.new_context(color_scheme=scheme, bypass_csp=True) as context:
        page = context.new_page()
        for name in names:
            page.goto((site / name).as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
            found = Axe().run(page, options=rules).response["violations"]
            serious = [v for v in found if v["impact"] in ("critical", "serious")]
            assert [(name, v["id"], [node["html"] for node in v["nodes"][:3]]) for v in serious] == []
