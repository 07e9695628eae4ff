"""Targets of benchmarks/fuzz.py: corpus files, and the parts of an artifact that the sandboxed side decodes."""

import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from fuzz_inputs import JSON_WORDS, Target
from paramgolf.corpus.readers import read_documents
from paramgolf.corpus.readers.parquet import read_parquet
from paramgolf.corpus.token_shards import MAGIC
from paramgolf.runtime.tokenizer.base import BPE, CASE, Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.case import CaseFolding
from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.runtime.tokenizer.unigram import Unigram
from paramgolf.runtime.weights import decode_weights

LINES = b'{"text": "one"}\n\n{"text": "zw\\u00e9", "n": [1]}\n'
COMPRESSED = {b"\x1f\x8b": ".gz", b"\xfd7": ".xz", b"(\xb5": ".zst"}
SHAPES = {"a": (4,), "b": (6, 5)}


# Corpus files


def shard_seeds() -> list[bytes]:
    tokens = np.array(
        [1, *(4 + byte for byte in b"one"), 1, *(4 + byte for byte in "zwé".encode()), 1], "<u2"
    )
    header = np.zeros(256, "<i4")
    header[:3] = MAGIC, 1, len(tokens)
    return [header.tobytes() + tokens.tobytes()]


def parquet_seeds() -> list[bytes]:
    table = pyarrow.table({"text": ["one", "zwé", None, "four" * 20], "id": [1, 2, 3, 4]})
    seeds = []
    for compression in ("none", "snappy", "zstd"):
        buffer = io.BytesIO()
        pyarrow.parquet.write_table(table, buffer, compression=compression)
        seeds.append(buffer.getvalue())
    return seeds


def call_corpus(
    suffix: str, read: Callable[[Path], Iterator[bytes]] = read_documents
) -> Callable[[Path, bytes], None]:
    def call(folder: Path, data: bytes) -> None:
        path = folder / f"documents{suffix}"
        path.write_bytes(data)
        for document in read(path):
            document.decode()

    return call


def compressed_seeds() -> list[bytes]:
    many = LINES * 400
    zstandard = pyarrow.compress(many, codec="zstd", asbytes=True)
    return [gzip.compress(LINES, mtime=0), gzip.compress(many, mtime=0), lzma.compress(many), zstandard]


def call_compressed(folder: Path, data: bytes) -> None:
    """By what it begins with: gzip, xz or Zstandard."""
    call_corpus(".jsonl" + COMPRESSED.get(data[:2], ".gz"))(folder, data)


# Parts of an artifact that the sandboxed side decodes


def weight_seeds() -> list[bytes]:
    import torch

    from paramgolf.pack.entropy import encode_weights
    from paramgolf.quantise.grids import Quantised

    def quantised(*shape: int) -> Quantised:
        rows, columns = shape if len(shape) > 1 else (1, *shape)
        q = torch.arange(rows * columns, dtype=torch.int32).reshape(shape) % 7
        return Quantised(q=q, k=torch.full((rows,), -40), c=torch.arange(columns) % 2)

    return [encode_weights({name: quantised(*shape) for name, shape in SHAPES.items()}).blob]


def call_tokenizer(folder: Path, data: bytes) -> str:
    """Time grows with the square of the count of merges, in the sandbox: the high byte of the count is left out."""
    if data[:1] in (bytes([BPE]), bytes([CASE | BPE])) and data[2:3] > b"\x04":
        return "left out"
    read_tokenizer(data)
    return "ok"


def tokenizer_seeds() -> list[bytes]:
    pairs = BytePairs([(97, 98), (257, 99), (32, 258)])
    unigram = Unigram([b" a", b"ab", b"abc"], [40] * 259)
    return [t.to_bytes() for t in (Tokenizer(), pairs, unigram, CaseFolding(pairs))]


FILES: dict[str, Target] = {
    "token shards": Target(group="others", seeds=shard_seeds, call=call_corpus(".bin"), safe=False),
    "jsonl": Target(
        group="others",
        seeds=lambda: [LINES],
        call=call_corpus(".jsonl"),
        safe=False,
        words=JSON_WORDS,
    ),
    "compressed jsonl": Target(group="others", seeds=compressed_seeds, call=call_compressed, safe=False),
    "parquet": Target(
        group="others",
        seeds=parquet_seeds,
        call=call_corpus(".parquet", read_parquet),
        safe=False,
        guided=False,
    ),
    "tokenizer.bin": Target(
        group="others",
        seeds=tokenizer_seeds,
        call=call_tokenizer,
        errors=(ValueError,),
    ),
    "weights.bin": Target(
        group="others",
        seeds=weight_seeds,
        call=lambda folder, data: decode_weights(data, SHAPES),
        errors=(ValueError,),
        safe=False,
    ),
}
