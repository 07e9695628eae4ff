"""What a verdict costs, against scoring alone and one proof.

    python benchmarks/judging.py ARTIFACT --documents FILE [--challenge local] [--threads 1]

Goals: a whole verdict at most 3 times the score plus one proof; `--quick` under 60 s.
"""

import argparse
from pathlib import Path

from paramgolf.challenge import load_challenge
from paramgolf.corpus import read_documents
from paramgolf.judge.measure import FULL, QUICK
from paramgolf.judge.verify import Terms, verify
from paramgolf.score import Isolation, prove_artifact, score_artifact


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--challenge", default="local")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    documents = list(read_documents(options.documents))
    common = {"isolation": Isolation.BUBBLEWRAP, "threads": options.threads, "seconds_limit": None}
    score = score_artifact(options.artifact, documents, **common)
    proof = prove_artifact(options.artifact, documents, scored_bits_per_byte=None, **common)
    spent = {}
    for depth in (FULL, QUICK):
        terms = Terms(
            challenge=load_challenge(options.challenge),
            documents=documents,
            depth=depth,
            threads=options.threads,
        )
        verdict = verify(options.artifact, terms)
        spent[depth.name] = verdict.seconds
        print(f"{depth.name}: {verdict.standing}", [f.rule for f in verdict.failed], flush=True)
    print("| | s | goal |\n|---|--:|--:|")
    print(f"| score | {score.seconds:.1f} | |\n| proof | {proof.seconds:.1f} | |")
    print(f"| whole verdict | {spent['full']:.1f} | {3 * score.seconds + proof.seconds:.1f} or less |")
    print(
        f"| without its proof, in scores | {(spent['full'] - proof.seconds) / score.seconds:.2f} | 3 or less |"
    )
    print(f"| quick verdict | {spent['quick']:.1f} | 60 or less |")


if __name__ == "__main__":
    main()
