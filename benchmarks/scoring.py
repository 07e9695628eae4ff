"""What scoring and proving cost: `score` against the bare forward passes, and tokens/s of the proof.

    python benchmarks/scoring.py ARTIFACT --documents FILE [--threads 1]

The bare forward passes are the artifact's own `predict` over the same documents in this process, compiled before, the
logits dropped. proof_tokens_per_second counts the tokens of the vocabulary (not an adaptive predictor's decisions) in
both directions together.
"""

import argparse
import statistics
import time
import zipfile
from json import loads
from pathlib import Path
from typing import Any

import torch

from paramgolf.corpus import read_documents
from paramgolf.runtime import predictor
from paramgolf.runtime.mixer import predictor as adaptive
from paramgolf.runtime.weights import decode_weights
from paramgolf.score import Isolation, prove_artifact, score_artifact


def load(artifact: Path) -> Any:
    """The artifact's predictor, in this process."""
    with zipfile.ZipFile(artifact) as members:
        parts = [members.read(name) for name in ("config.json", "tokenizer.bin", "weights.bin")]
    config = loads(parts[0])
    return (adaptive if "adapt" in config else predictor).load_from(config, *parts[1:], decode_weights)


def bare_forward(entry: Any, documents: list[bytes], threads: int) -> float:
    """Seconds of `predict` alone."""
    torch.set_num_threads(threads)
    size = entry.batch_documents
    tokens = [entry.encode(document) for document in documents]
    batches = [tokens[start : start + size] for start in range(0, len(tokens), size)]
    for _ in entry.predict(batches[0]):
        pass
    start = time.perf_counter()
    for batch in batches:
        for _ in entry.predict(batch):
            pass
        if hasattr(entry, "learn"):
            entry.learn(batch)
    return time.perf_counter() - start


def measure(artifact: Path, documents: list[bytes], threads: int, rounds: int = 3) -> dict[str, float]:
    """Medians of `score` and of the bare passes, in turn; and one proof."""
    common = {"isolation": Isolation.BUBBLEWRAP, "threads": threads, "seconds_limit": None}
    bare, scored = [], []
    entry = load(artifact)
    tokens = sum(len(entry.tokenizer.encode(document)) + 1 for document in documents)
    for _ in range(rounds):
        bare.append(bare_forward(entry, documents, threads))
        scored.append(score_artifact(artifact, documents, **common))
    score = scored[-1]
    proof = prove_artifact(artifact, documents, scored_bits_per_byte=score.bits_per_byte, **common)
    proof.require()
    return {
        "bits_per_byte": score.bits_per_byte,
        "tokens": tokens,
        "bare_seconds": statistics.median(bare),
        "score_seconds": statistics.median(s.seconds for s in scored),
        "score_to_bare": statistics.median(s.seconds / b for s, b in zip(scored, bare, strict=True)),
        "compress_seconds": proof.compress_seconds,
        "decompress_seconds": proof.decompress_seconds,
        "proof_tokens_per_second": tokens / proof.seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("artifact", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    for key, value in measure(
        options.artifact, list(read_documents(options.documents)), options.threads
    ).items():
        print(f"{key}: {value:,.4f}")


if __name__ == "__main__":
    main()
