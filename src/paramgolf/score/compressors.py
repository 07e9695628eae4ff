"""General compressors on the same text, for comparison: they saw no training text and carry no model."""

import lzma
from collections.abc import Callable

import brotli
import zstandard

from paramgolf.errors import UsageError


def _xz(text: bytes) -> bytes:
    return lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)


def _zstd(text: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=27, enable_ldm=True)
    return zstandard.ZstdCompressor(compression_params=parameters).compress(text)


def _brotli(text: bytes) -> bytes:
    compressed: bytes = brotli.compress(text, quality=11, lgwin=24)
    return compressed


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"xz": _xz, "zstd": _zstd, "brotli": _brotli}


def general_compressors(text: bytes) -> dict[str, float]:
    """Bits per byte of `text` under `xz -9e`, `zstd -19 --long=27` and `brotli -11`, by name.

    Raises:
        UsageError: there is no text.
    """
    if not text:
        raise UsageError("There is no text to compress; give at least one byte.")
    return {name: 8 * len(compress(text)) / len(text) for name, compress in COMPRESSORS.items()}
