"""An artifact ships the modules that its tokenizer needs, and no others of their kind."""

import pytest

from paramgolf.pack.artifact import needed_modules
from paramgolf.pack.minify import runtime_sources
from paramgolf.runtime.tokenizer import BPE, BYTES, CASE, UNIGRAM


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (BYTES, set()),
        (BPE, {"bpe"}),
        (UNIGRAM, {"unigram"}),
        (BYTES | CASE, {"case"}),
        (BPE | CASE, {"bpe", "case"}),
        (UNIGRAM | CASE, {"unigram", "case"}),
    ],
)
def test_modules_follow_the_kind_of_tokenizer(kind, needed):
    shipped = set(needed_modules(bytes([kind])))
    assert shipped & {"bpe", "unigram", "case"} == needed
    assert set(runtime_sources()) - shipped == {"bpe", "unigram", "case"} - needed
