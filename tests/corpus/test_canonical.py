import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.corpus.canonical import canonical_form
from paramgolf.errors import UnknownNameError, UsageError

UTF8 = st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)


@given(UTF8)
def test_raw_is_the_exact_bytes(document):
    assert canonical_form("raw")(document) == document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two   words \n", "two words"),
        ("a\r\nb\tc\n\n\nd\u3000e\xa0f\u2028g", "a b c d e f g"),
        ("ﬁve \uff21\uff22\uff23 ½ ①", "five ABC 1\u20442 1"),
        ("cafe\u0301", "café"),
        ("a\x01b\x7fc\x1fd", "abcd"),
        ("a\u2581b", "a b"),
        ("\ufeff", ""),
        ("\uff5e", "\uff5e"),
        (" \n\t ", ""),
    ],
)
def test_nmt_nfkc_does_what_the_public_tokenizers_do(text, expected):
    assert canonical_form("nmt_nfkc")(text.encode()).decode() == expected


@settings(max_examples=200)
@given(UTF8)
def test_nmt_nfkc_gives_utf8_with_single_inner_spaces(document):
    text = canonical_form("nmt_nfkc")(document).decode()
    assert text == text.strip(" ")
    assert "  " not in text
    assert not set(text) & set("\n\r\t\u2581")


def test_an_unknown_form_lists_near_matches():
    with pytest.raises(UnknownNameError, match=r"no canonical form named 'nfkc'.*'nmt_nfkc'"):
        canonical_form("nfkc")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(
        UsageError, match=r"nmt_nfkc needs sentencepiece\. Install it: pip install sentencepiece"
    ):
        canonical_form("nmt_nfkc")
