"""General compressors: sizes that their own tools would give, in bits per byte."""

import lzma
import random

import pytest

from paramgolf.errors import UsageError
from paramgolf.score import general_compressors

TEXT = b"".join(b"%d bottles of beer on the wall. " % i for i in range(2000))


def test_each_compressor_is_measured_in_bits_per_byte():
    sizes = general_compressors(TEXT)
    assert sorted(sizes) == ["brotli", "xz", "zstd"]
    assert sizes["xz"] == 8 * len(lzma.compress(TEXT, preset=9 | lzma.PRESET_EXTREME)) / len(TEXT)
    assert all(0.1 < size < 3 for size in sizes.values())


@pytest.mark.slow
def test_repetition_ten_million_bytes_back_is_found_by_all():
    block = random.Random(0).randbytes(100_000)
    text = block + bytes(10_000_000) + block
    for name, size in general_compressors(text).items():
        assert size * len(text) / 8 < 110_000, name


def test_no_text_is_refused():
    with pytest.raises(UsageError, match="no text to compress; give at least one byte"):
        general_compressors(b"")
