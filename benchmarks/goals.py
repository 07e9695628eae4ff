"""The goals of the `local` game, measured: trains, packs, scores and proves, and prints a table.

    python benchmarks/goals.py --corpus FOLDER [--recipe local] [--seed 0] [--out DIR]

About 12 minutes on two cores. A finished run in DIR is not trained again.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import scoring
import throughput
from paramgolf.corpus import read_documents
from paramgolf.train.device import pick_device


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--recipe", default="local")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/goals"))
    options = parser.parse_args()
    command = [sys.executable, "-m", "paramgolf", "run", options.recipe, "--challenge", "local"]
    command += ["--corpus", options.corpus, "--seed", str(options.seed), "--out", str(options.out)]
    subprocess.run(command, check=True)
    result = json.loads((options.out / "result.json").read_text())
    documents = list(read_documents(options.out / "data" / "validation.jsonl"))
    costs = scoring.measure(options.out / "model.pyz", documents, threads=1)
    speeds = {name: statistics.median(values) for name, values in throughput.compare(20.0, 3).items()}
    rows = [
        ("bits per byte, proven", f"{result['bits_per_byte']:.4f}", "1.96 or less"),
        ("artifact bytes", f"{result['artifact_bytes']:,}", f"{result['artifact_limit']:,} or less"),
        ("training s", f"{result['train_seconds']:.1f}", "300 or less"),
        ("training tokens/s of this recipe", f"{result['tokens_per_second']:,.0f}", ""),
        ("training tokens/s at the public baseline's size", f"{speeds['ours']:,.0f}", "90,000 with AMX"),
        ("the public baseline's shape in the same run", f"{speeds['public']:,.0f}", ""),
        ("ratio of the two", f"{speeds['ours'] / speeds['public']:.2f}", "3.0"),
        ("score / bare forward passes", f"{costs['score_to_bare']:.2f}", "2.0 or less"),
        ("proof tokens/s, both directions", f"{costs['proof_tokens_per_second']:,.0f}", "3,000 or more"),
        ("proof s", f"{costs['compress_seconds'] + costs['decompress_seconds']:.1f}", "300 or less"),
    ]
    print(f"\n{pick_device().description}; recipe {options.recipe}, seed {options.seed}\n")
    print("| | measured | goal |\n|---|--:|--:|")
    for name, value, goal in rows:
        print(f"| {name} | {value} | {goal} |")


if __name__ == "__main__":
    main()
