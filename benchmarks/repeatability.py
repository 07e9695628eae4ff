"""Whether one artifact gives the same bits every time: how many scores differ, how many proofs fail.

    python benchmarks/repeatability.py ARTIFACT --documents FILE [--repeats 40] [--threads 1]

Each repeat is a score (two fresh sandboxes) and a proof (two more). At 40 repeats without a difference, a
fault that hits one process in 20 would have shown itself with 98 % probability.
"""

import argparse
from collections import Counter
from pathlib import Path

from paramgolf.corpus import read_documents
from paramgolf.errors import EntryError
from paramgolf.score import Isolation, prove_artifact, score_artifact


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    documents = list(read_documents(options.documents))
    common = {"isolation": Isolation.BUBBLEWRAP, "threads": options.threads, "seconds_limit": None}
    scores: Counter[float] = Counter()
    proofs: Counter[str] = Counter()
    for repeat in range(options.repeats):
        scores[score_artifact(options.artifact, documents, **common).bits] += 1
        try:
            proof = prove_artifact(options.artifact, documents, scored_bits_per_byte=None, **common)
            proofs[proof.failure or f"proven, {proof.compressed_bytes} bytes"] += 1
        except EntryError as error:
            proofs[str(error).splitlines()[-1]] += 1
        print(f"{repeat + 1} of {options.repeats}", dict(scores), dict(proofs), flush=True)


if __name__ == "__main__":
    main()
