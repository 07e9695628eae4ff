"""A stranger's text is shown without what drives a terminal, turns the direction of writing, or hides."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.common.printable import one_line, printable, quoted

HARMFUL = ("Cc", "Cf", "Cs", "Cn")


@given(st.text())
def test_nothing_harmful_is_left_and_what_is_harmless_stays(text):
    shown = printable(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        assert after in "\n\t" or unicodedata.category(after) not in HARMFUL
        if before.isprintable():
            assert after == before


@given(st.text(), st.integers(4, 40))
def test_one_line_is_one_and_no_longer_than_its_limit(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line, limit) == line


@pytest.mark.parametrize("character", ["\x1b", "\u009b", "\u202e", "\u2067", "\u200b", "\ufeff", "\x07"])
def test_a_name_is_quoted_without_them(character):
    assert character not in quoted(f"a{character}b")
    assert one_line(f"a{character}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_letters_of_any_script_stay():
    assert one_line("Größe  数据\nकखग") == "Größe 数据 कखग"
