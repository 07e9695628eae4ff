"""A stranger's write-up: the tags that may come, and nothing else."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.board.site.markdown import LONGEST_README, render_markdown

HOSTILE = """
<script>alert(1)</script> <img src=x onerror=alert(1)> <svg onload=alert(1)>
[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x) [d](JaVaScRiPt:x) [e](//evil.example/x) [f](../../x)
[g](https://evil.example/" onmouseover="x) ![p](https://evil.example/p.png) ![q](data:image/png;base64,AA)
<javascript:alert(1)> <https://fine.example/>

[r]

[r]: javascript:alert(1) "title"
"""
ALLOWED = {
    "a",
    "p",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "br",
    "div",
    "span",
}
ALLOWED |= {"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-zA-Z][\w-]*)", html))


def test_no_script_no_picture_and_links_to_the_web_alone() -> None:
    html = render_markdown(HOSTILE)
    assert tags(html) <= ALLOWED
    assert set(re.findall(r'href="([^"]*)"', html)) == {
        "https://evil.example/p.png",
        "https://fine.example/",
    }
    assert html.count('rel="nofollow noopener noreferrer ugc"') == html.count("<a ")
    assert not re.search(r"<[^>]*\son\w+=", html)


@given(st.text(alphabet="<>[]()!*_`~|#-\n\\\"'&:/.ax0 ", max_size=300))
def test_no_source_makes_another_tag(source: str) -> None:
    html = render_markdown(source + "<img src=x onerror=x>" + source)
    assert tags(html) <= ALLOWED
    assert " style=" not in re.sub(r">[^<]*<", "><", html)


def test_tables_and_headings_come_below_those_of_the_page() -> None:
    html = render_markdown("# One\n\n###### Six\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n")
    assert "<h3>One</h3>" in html
    assert "<h6>Six</h6>" in html
    assert "<td>2</td>" in html


def test_a_picture_inside_a_link_makes_no_link_in_a_link() -> None:
    assert render_markdown("[![p](https://a.example/p.png)](https://b.example/)").count("<a ") == 1


def test_what_is_too_long_is_cut() -> None:
    html = render_markdown("word word\n\n" * LONGEST_README)
    assert len(html) < 4 * LONGEST_README
    assert "Cut here" in html


@pytest.mark.parametrize("source", ["[" * 30_000, "*a " * 10_000, "> " * 15_000, "`" * 30_000, "a" * 39_000])
def test_what_only_an_attacker_writes_is_shown_as_it_is(source: str) -> None:
    begin = time.process_time()
    assert render_markdown(source).startswith('<pre class="plain"')
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("source", ["[a]()", "[a](<>)", "[a]\n\n[a]: <>"])
def test_a_link_to_nowhere_is_none(source):
    assert "href" not in render_markdown(source)
