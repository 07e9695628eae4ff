"""Costs of documents that no token spells: an empty one, and one for which the artifact has no tokens."""

import numpy as np
import pytest

from paramgolf.api.documents import as_documents
from paramgolf.api.scores import document_score
from paramgolf.errors import UsageError


def test_an_empty_document_has_no_pieces():
    score = document_score(b"", np.zeros(0, np.int32), np.ones(1), [])
    assert score.pieces == []
    assert score.end_bits == pytest.approx(score.bits)


def test_a_text_without_tokens_is_one_piece_that_costs_nothing():
    score = document_score(b"text", np.zeros(0, np.int32), np.ones(1), [(0, 4)])
    assert score.pieces == [(b"text", 0.0)]
    assert score.byte_bits.sum() + score.end_bits == pytest.approx(score.bits)


@pytest.mark.parametrize("text", [None, 5])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(UsageError, match="as text"):
        as_documents(text)
