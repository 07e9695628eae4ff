"""Speed of encoding on one core, and packed size, by kind and vocabulary: learnt from and encoding the same text.

    python benchmarks/tokenizer.py [FILE] [--vocabularies 1024 2048] [--megabytes N]

FILE is a file of documents in any format that corpus/ reads; without it, the embedded corpus. Cold: a fresh
tokenizer, whose cache of pieces is empty. Warm: the same text once more. Seconds are the processor's: what else it does
meanwhile does not count.
"""

import argparse
import itertools
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from paramgolf.corpus import read_documents
from paramgolf.corpus.embedded import embedded
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.train.data.learn_tokenizer import train_tokenizer

VOCABULARIES = (1024, 2048, 4096)
KINDS = (("bpe", False), ("bpe", True), ("unigram", False), ("unigram", True))


def encode_all(tokenizer: Tokenizer, documents: list[bytes]) -> tuple[float, int]:
    """Seconds that encoding takes, and tokens it gives."""
    start = time.process_time()
    tokens = sum(len(tokenizer.encode(document)) for document in documents)
    return time.process_time() - start, tokens


def first(documents: Iterable[bytes], size: float) -> Iterator[bytes]:
    """The documents until they have `size` bytes."""
    for document in documents:
        if size <= 0:
            return
        size -= len(document)
        yield document


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--vocabularies", type=int, nargs="+", default=VOCABULARIES)
    parser.add_argument("--megabytes", type=float, default=1e9, help="of text at most")
    options = parser.parse_args()
    path = options.file
    # One core, the library's threads included, whatever the machine has.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    documents = list(first(read_documents(path) if path else embedded().train(), 1e6 * options.megabytes))
    megabytes = sum(map(len, documents)) / 1e6
    print(f"{path or 'embedded corpus'}: {len(documents):,} documents, {megabytes:.1f} MB")
    table = Table("kind", "vocabulary", "learn s", "cold MB/s", "warm MB/s", "bytes a token", "packed bytes")
    for vocab_size, (kind, case) in itertools.product(options.vocabularies, KINDS):
        start = time.process_time()
        tokenizer = train_tokenizer(documents, vocab_size, kind=kind, case=case)
        learnt = time.process_time() - start
        cold, tokens = encode_all(tokenizer, documents)
        warm, _ = encode_all(tokenizer, documents)
        table.add_row(
            f"{kind}, case" if case else kind,
            f"{tokenizer.vocab_size:,}",
            f"{learnt:.1f}",
            f"{megabytes / cold:.2f}",
            f"{megabytes / warm:.2f}",
            f"{1e6 * megabytes / tokens:.3f}",
            f"{len(tokenizer.to_bytes()):,}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
