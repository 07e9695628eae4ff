"""Validation text inside an artifact is found, wherever it lies and however it is wrapped."""

import bz2
import gzip
import lzma
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.judge.stored_text import WINDOW, find_stored_text

TEXT = np.random.default_rng(0).integers(97, 123, 4000, dtype=np.uint8).tobytes()
WRAPPINGS = {
    "plain": lambda data: data,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zlib": lambda data: zlib.compress(data, 9),
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "after code": lambda data: b"import x\n#" + lzma.compress(data),
}


def artifact(folder, data: bytes):
    path = folder / "model.pyz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("entry.py", b"pass")
        archive.writestr("weights.bin", data)
    return path


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_half_of_the_text_is_found_and_where(tmp_path, wrapping):
    found = find_stored_text(artifact(tmp_path, WRAPPINGS[wrapping](TEXT[:2000])), [TEXT[:2500], TEXT[2500:]])
    assert abs(found.bytes - 2000) <= WINDOW
    assert (found.text_bytes, found.member) == (4001, "weights.bin")


def test_other_text_is_not_found(tmp_path):
    other = np.random.default_rng(1).integers(97, 123, 100_000, dtype=np.uint8).tobytes()
    found = find_stored_text(artifact(tmp_path, other), [TEXT])
    assert found.bytes == 0
    assert found.searched == 100_004


@settings(max_examples=40)
@given(
    before=st.binary(max_size=70),
    start=st.integers(0, 3800),
    length=st.integers(2 * WINDOW, 200),
    after=st.binary(max_size=9),
)
def test_a_piece_of_two_windows_is_found_at_any_place(tmp_path_factory, before, start, length, after):
    path = artifact(tmp_path_factory.mktemp("a"), before + TEXT[start : start + length] + after)
    assert find_stored_text(path, [TEXT]).bytes >= min(length, 4000 - start) // WINDOW * WINDOW - WINDOW


def test_a_piece_across_the_places_where_the_search_is_cut_is_found(tmp_path):
    data = b"." * ((1 << 20) - 30) + TEXT[:WINDOW] + b"." * 50
    assert find_stored_text(artifact(tmp_path, data), [TEXT]).bytes == WINDOW


def test_text_shorter_than_a_window_is_never_found(tmp_path):
    assert find_stored_text(artifact(tmp_path, TEXT), [TEXT[:20]]).bytes == 0
