"""Events as strict data, chained."""

import pytest
from board_factory import submission
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paramgolf.board.ledger.events import FIRST_CHAIN, Invalidated, body_json, chain_hash, chained, parse_body
from paramgolf.board.ledger.store import Store
from paramgolf.errors import LedgerError, UsageError

AT = "2026-11-22T00:00:00+00:00"


@pytest.fixture
def body(tmp_path):
    return submission(Store(tmp_path / "store"), "mine")


def test_a_body_comes_back_from_its_json(body):
    assert parse_body(body_json(body)) == body


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"kind": "forgotten", "entry": "mine"}',
        '{"kind": "invalidated", "entry": "mine", "x": 1}',
        "[",
    ],
)
def test_what_is_no_event_is_refused(text):
    with pytest.raises(LedgerError, match="no event"):
        parse_body(text)


@pytest.mark.parametrize(
    "change",
    [
        {"entry": "../mine"},
        {"entry": ".hidden"},
        {"entry": "a" * 101},
        {"link": "javascript:alert(1)"},
        {"link": 'https://example.org/"onclick="'},
        {"handed_in_at": "2026-11-22T00:00:00Z"},
        {"handed_in_at": "2026-13-22T00:00:00+00:00"},
        {"changed": "two\nlines"},
        {"commit": "HEAD"},
        {"record": 1},
    ],
)
def test_a_wrong_field_is_refused(tmp_path, change):
    with pytest.raises(ValidationError):
        submission(Store(tmp_path / "store"), **({"entry": "mine"} | change))


@pytest.mark.parametrize("path", ["../entry.toml", "/etc/passwd", "a//b", "a/./b", "a\\b", "a\nb", ""])
def test_a_path_that_leads_elsewhere_is_refused(body, path):
    with pytest.raises(LedgerError):
        parse_body(
            body_json(body).replace("seeds/0/model.pyz", path.replace("\\", "\\\\").replace("\n", "\\n"))
        )


def test_who_and_why_are_needed():
    with pytest.raises(UsageError, match="why"):
        chained(Invalidated(entry="mine"), number=1, at=AT, who="me", why="", before=FIRST_CHAIN)


@given(
    st.tuples(st.text("01", min_size=1), st.integers(1, 9), *[st.text("01")] * 4),
    st.tuples(st.text("01", min_size=1), st.integers(1, 9), *[st.text("01")] * 4),
)
def test_every_part_of_an_event_is_in_its_chain(one, other):
    assert (chain_hash(*one) == chain_hash(*other)) == (one == other)
