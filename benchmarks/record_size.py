"""The size of recipes/record.toml as an artifact: its weights after a short training, packed for 16,000,000 bytes.

    python benchmarks/record_size.py --corpus FOLDER [--seconds 60] [--out DIR]

The model, its rates and its loops are the recipe's; steps are of 2,048 tokens in sequences of 512, since one of the
recipe's 786,432 takes two cores ten minutes. Packed are the averaged weights, once in the steps of the recipe (int6,
int7) and once in those that fill the cap. A training that is finished in DIR is not repeated.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from paramgolf.challenge import load_challenge
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.settings import RunSettings
from paramgolf.lab.run.training import train_in
from paramgolf.pack.pack import PackResult
from paramgolf.train.device import pick_device
from paramgolf.train.recipe.files import load_recipe


def settings_of(corpus: str, seconds: float) -> RunSettings:
    """The recipe and the public game, but with steps and a clock for a CPU."""
    recipe = load_recipe("record")
    steps = {"sequence_length": 512, "batch_tokens": 2048, "micro_batch_tokens": 1024}
    challenge = replace(load_challenge("parameter-golf"), train_seconds=seconds)
    return RunSettings(
        recipe=replace(recipe, training=replace(recipe.training, **steps)),
        challenge=challenge,
        corpus=str(Path(corpus).absolute()),
        seed=0,
    )


def row(name: str, packed: PackResult) -> str:
    """A line of the table."""
    ledger, groups = packed.ledger, packed.ledger.groups
    sizes = [packed.artifact_bytes, groups["matrices"], groups["embedding"], ledger.code, ledger.tokenizer]
    sizes += [packed.coded_bytes, packed.shannon_bytes]
    cells = [name, *(f"{size:,}" for size in sizes), f"{packed.bits_per_weight:.2f}"]
    return f"| {' | '.join(cells)} | {packed.step_multiplier:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("out/record-size"))
    options = parser.parse_args()
    settings, folder = settings_of(options.corpus, options.seconds), RunFolder(options.out)
    train_in(settings, folder, Reporter())
    as_trained = replace(settings, recipe=replace(settings.recipe, fill=False))
    rows = [
        row("steps of the recipe", pack_run(as_trained, folder)),
        row("filled", pack_run(settings, folder)),
    ]
    print(f"\n{pick_device().description}, torch {torch.__version__}")
    print(
        "| | bytes | matrices | embedding | code | tokenizer | weights | their Shannon bound | bits a weight | steps |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
