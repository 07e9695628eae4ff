"""Speed of encoding on one core, and packed size, by vocabulary: learnt from and encoding the same text.

    python benchmarks/tokenizer.py [FILE]

FILE is a file of documents in any format that corpus/ reads; without it, the embedded corpus. Cold: a fresh
tokenizer, whose cache of pieces is empty. Warm: the same text once more.
"""

import argparse
import os
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from paramgolf.corpus import read_documents
from paramgolf.corpus.embedded import embedded
from paramgolf.runtime.tokenizer import Tokenizer
from paramgolf.train.learn_tokenizer import train_tokenizer

VOCABULARIES = (257, 1024, 2048)


def encode_all(tokenizer: Tokenizer, documents: list[bytes]) -> tuple[float, int]:
    """Seconds that encoding takes, and tokens it gives."""
    start = time.perf_counter()
    tokens = sum(len(tokenizer.encode(document)) for document in documents)
    return time.perf_counter() - start, tokens


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?")
    path = parser.parse_args().file
    # One core, the library's threads included, whatever the machine has.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    documents = list(read_documents(path) if path else embedded().train())
    megabytes = sum(map(len, documents)) / 1e6
    print(f"{path or 'embedded corpus'}: {len(documents):,} documents, {megabytes:.1f} MB")
    table = Table("vocabulary", "learn s", "cold MB/s", "warm MB/s", "bytes a token", "packed bytes")
    for vocab_size in VOCABULARIES:
        start = time.perf_counter()
        tokenizer = train_tokenizer(documents, vocab_size)
        learnt = time.perf_counter() - start
        cold, tokens = encode_all(tokenizer, documents)
        warm, _ = encode_all(tokenizer, documents)
        table.add_row(
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
