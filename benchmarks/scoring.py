"""What scoring and proving cost: `score` against the bare forward passes, and tokens/s of the proof.

    python benchmarks/scoring.py ARTIFACT --documents FILE [--threads 2] [--no-proof]

The bare forward passes are the artifact's own `predict` over the same tokens in this process, the logits dropped.
"""

import argparse
import time
import zipfile
from json import loads
from pathlib import Path

import torch

from paramgolf.corpus import read_documents
from paramgolf.runtime.predictor import load_from
from paramgolf.score import Isolation, prove_artifact, score_artifact


def bare_forward(artifact: Path, documents: list[bytes], threads: int) -> float:
    """Seconds of `predict` alone."""
    torch.set_num_threads(threads)
    with zipfile.ZipFile(artifact) as members:
        parts = [members.read(name) for name in ("config.json", "tokenizer.bin", "weights.bin")]
    predictor = load_from(loads(parts[0]), *parts[1:])
    batches = [[predictor.encode(document)] for document in documents]
    start = time.perf_counter()
    for batch in batches:
        for _ in predictor.predict(batch):
            pass
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-proof", action="store_true")
    options = parser.parse_args()
    documents = list(read_documents(options.documents))
    common = {"isolation": Isolation.BUBBLEWRAP, "threads": options.threads, "seconds_limit": None}
    print("| | bare forward s | score s | of which predicting | score / bare |\n|---|--:|--:|--:|--:|")
    for round_ in range(3):
        bare = bare_forward(options.artifact, documents, options.threads)
        score = score_artifact(options.artifact, documents, **common)
        print(
            f"| round {round_ + 1} | {bare:.2f} | {score.seconds:.2f} | {score.predict_seconds:.2f} | "
            f"{score.seconds / bare:.2f} |"
        )
    print(f"bits_per_byte: {score.bits_per_byte:.4f}\ntokens: {score.tokens}")
    if not options.no_proof:
        proof = prove_artifact(
            options.artifact, documents, scored_bits_per_byte=score.bits_per_byte, **common
        )
        proof.require()
        print(
            f"proven: {proof.proven}\ncompress_seconds: {proof.compress_seconds:.1f}\n"
            f"decompress_seconds: {proof.decompress_seconds:.1f}\n"
            f"proof_tokens_per_second: {score.tokens / proof.seconds:,.0f} (both directions together)"
        )


if __name__ == "__main__":
    main()
