import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.corpus import (
    Manifest,
    Split,
    Splits,
    documents_sha256,
    read_manifest,
    write_documents,
    write_manifest,
)
from paramgolf.errors import CorpusError

SPLIT = Split(documents=2, bytes=9, sha256="ab" * 32)
MANIFEST = Manifest(
    source="ä", canonical_form="raw", splits=Splits(train=SPLIT, validation=SPLIT), dropped_from_training=1
)


def test_the_hash_is_over_length_prefixed_documents():
    expected = hashlib.sha256(b"\x02\0\0\0\0\0\0\0ab\0\0\0\0\0\0\0\0").hexdigest()
    assert documents_sha256([b"ab", b""]) == expected


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_other_documents_have_another_hash(first, second):
    assert (documents_sha256(first) == documents_sha256(second)) == (first == second)


def test_written_documents_are_counted_and_hashed(tmp_path):
    split = write_documents(tmp_path / "a.jsonl", iter([b"ab", "ä".encode()]))
    assert split == Split(documents=2, bytes=4, sha256=documents_sha256([b"ab", "ä".encode()]))


def test_documents_that_fail_half_way_leave_no_file(tmp_path):
    with pytest.raises(UnicodeDecodeError):
        write_documents(tmp_path / "a.jsonl", [b"good", b"\xff"])
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_is_read_back(tmp_path):
    write_manifest(tmp_path / "manifest.json", MANIFEST)
    assert read_manifest(tmp_path / "manifest.json") == MANIFEST


def test_a_manifest_has_the_layout_that_is_documented(tmp_path):
    write_manifest(tmp_path / "manifest.json", MANIFEST)
    split = {"documents": 2, "bytes": 9, "sha256": "ab" * 32}
    assert json.loads((tmp_path / "manifest.json").read_text()) == {
        "source": "ä",
        "canonical_form": "raw",
        "splits": {"train": split, "validation": split},
        "dropped_from_training": 1,
    }


@pytest.mark.parametrize("text", ["", "[]", '{"source": 3}', "[" * 100_000])
def test_what_is_no_manifest_is_refused(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(CorpusError, match=r"manifest\.json: this is no manifest.*\n?.*"):
        read_manifest(tmp_path / "manifest.json")


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.json: this is no manifest"):
        read_manifest(tmp_path / "gone.json")
