"""Commands of a run: the whole road, and each part of it alone."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from paramgolf.cli.options import ChallengeName, CorpusName, RecipeOfChallenge

if TYPE_CHECKING:
    from paramgolf.lab.reporter import Reporter
    from paramgolf.lab.run.settings import RunSettings

Seed = Annotated[int, Parameter(help="Fixes the initial weights and the order of the text.")]
Out = Annotated[Path | None, Parameter(help="The folder of this run. Default: out/RECIPE-CHALLENGE-SEED.")]


def run(
    recipe: RecipeOfChallenge = None,
    *,
    challenge: ChallengeName = "local",
    corpus: CorpusName = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """The whole road: data, training, packing, score, proof, report.

    Leaves model.pyz, result.json, report.html, log.jsonl and checkpoint/ in the folder of the run. Stopped or
    killed, the same command goes on from the newest checkpoint.

    ```
    paramgolf run --challenge tiny
    paramgolf run
    paramgolf run my-recipe.toml --corpus my-texts --seed 1 --out out/mine
    torchrun --standalone --nproc_per_node=8 -m paramgolf run baseline --challenge parameter-golf
    ```
    """
    from paramgolf.lab.whole_run import run as run_all

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    run_all(settings, folder, _reporter())


def data(
    recipe: RecipeOfChallenge = None,
    *,
    challenge: ChallengeName = "local",
    corpus: CorpusName = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Read a corpus, split validation off, learn the tokenizer, write token shards.

    Leaves manifest.json, validation.jsonl, tokenizer.bin and train_*.bin in the folder's data/. Where a
    corpus takes longer than 20 minutes to read, do this before training under torchrun.

    ```
    paramgolf data --corpus my-texts --out out/mine
    ```
    """
    from paramgolf.lab.run.data import prepare_data
    from paramgolf.lab.run.folder import RunFolder

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    reporter = _reporter()
    files = RunFolder(folder)
    files.refuse_other(settings)
    prepare_data(settings, files, reporter.say)
    again = _again("train", recipe or settings.recipe.name, challenge, corpus, seed, out)
    reporter.say(f"{files.data} is ready. Next: {again}")


def train(
    recipe: RecipeOfChallenge = None,
    *,
    challenge: ChallengeName = "local",
    corpus: CorpusName = None,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Train a recipe within the challenge's clock; prepares the data where they are missing.

    Leaves checkpoint/, log.jsonl and training.json in the folder of the run. Stopped or killed, the same
    command goes on from the newest checkpoint.

    ```
    paramgolf train local --corpus my-texts --out out/mine
    torchrun --standalone --nproc_per_node=8 -m paramgolf train baseline --challenge parameter-golf --out out/big
    ```
    """
    from paramgolf.lab.run.folder import RunFolder
    from paramgolf.lab.run.training import train_in

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    reporter = _reporter()
    train_in(settings, RunFolder(folder), reporter)
    reporter.say(f"{folder / 'checkpoint'} is ready. Next: paramgolf pack {folder}")


def pack(
    folder: Annotated[Path, Parameter(help="The folder of a run that was trained.")],
    *,
    recipe: Annotated[
        str | None,
        Parameter(help="A recipe (a name or a .toml file) to pack by instead, trained as the run was."),
    ] = None,
) -> None:
    """Quantise and entropy-code the weights of a run, and build its model.pyz.

    Reads checkpoint/, data/tokenizer.bin and run.json of the folder, writes model.pyz there and shows where its
    bytes go. Over the challenge's limit it leaves no model.pyz. With --recipe the run is of that recipe afterwards:
    it may round weights and predict otherwise, as long as training would have been the same.

    ```
    paramgolf pack out/mine
    paramgolf pack out/mine --recipe coarser.toml
    ```
    """
    from paramgolf.lab.run.folder import RunFolder
    from paramgolf.lab.run.packing import pack_run
    from paramgolf.lab.run.repack import with_recipe
    from paramgolf.lab.run.settings import read_settings
    from paramgolf.train.recipe.files import load_recipe

    files = RunFolder(folder)
    settings = read_settings(files.settings)
    if recipe is not None:
        settings = with_recipe(settings, load_recipe(recipe), files)
    packed = pack_run(settings, files)
    if recipe is not None:
        files.claim(settings)
    reporter = _reporter()
    reporter.console.print(packed.ledger.table(settings.challenge.artifact_bytes))
    reporter.say(
        f"Wrote {files.artifact}, {packed.artifact_bytes:,} bytes, {packed.bits_per_weight:.2f} bits a weight. "
        f"Next: paramgolf score {files.artifact} --documents {files.validation}"
    )


def _asked(
    recipe: str | None, challenge: str, corpus: str | None, seed: int, out: Path | None
) -> tuple["RunSettings", Path]:
    """Settings and folder of the run that was asked for."""
    from paramgolf.lab.run.settings import load_settings

    settings = load_settings(recipe, challenge, corpus, seed)
    return settings, out or settings.default_folder


def _again(command: str, recipe: str, challenge: str, corpus: str | None, seed: int, out: Path | None) -> str:
    """The call of another command on the same run."""
    options = {"--challenge": challenge, "--corpus": corpus, "--seed": seed, "--out": out}
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["paramgolf", command, recipe, *given])


def _reporter() -> "Reporter":
    from paramgolf.lab.reporter import Reporter
    from paramgolf.train.ranks.ranks import is_first

    return Reporter(silent=not is_first())
