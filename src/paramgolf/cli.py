"""The command line: each command parses, calls, prints.

What a command needs is imported inside it where torch comes with it, so that help and mistyped names answer at once.
"""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console
from rich.text import Text

from paramgolf import (
    __version__,
    artifact_commands,
    board_commands,
    judge_commands,
    lab_commands,
    pull_commands,
)
from paramgolf.artifact_commands import AsJson, print_result
from paramgolf.board_commands import ORGANISE
from paramgolf.challenge import challenge_names, load_challenge
from paramgolf.errors import ParamgolfError, UsageError
from paramgolf.judge_commands import ENTER
from paramgolf.lab_commands import LOOK, ChallengeName, CorpusName, RecipeName

if TYPE_CHECKING:
    from paramgolf.lab.reporter import Reporter
    from paramgolf.lab.settings import RunSettings

ROAD = Group("The road", sort_key=1)
JUDGE = Group("Judging an artifact", sort_key=2)
USE = Group("Using an artifact", sort_key=4)

app = App(
    name="paramgolf",
    help="Train the best tiny language model inside a byte budget, and prove its score by decompression.\n\n"
    "Start with `paramgolf run`; `paramgolf COMMAND --help` says what a command reads and writes.",
    version=__version__,
    help_format="markdown",
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)

Seed = Annotated[int, Parameter(help="Fixes the initial weights and the order of the text.")]
Out = Annotated[Path | None, Parameter(help="The folder of this run. Default: out/RECIPE-CHALLENGE-SEED.")]


RESUMABLE = ("run", "train", "ablate")


def main(arguments: list[str] | None = None) -> None:
    """Run a command; what a person can mend ends with one line and status 1, or 2 where the call was wrong."""
    words = sys.argv[1:] if arguments is None else arguments
    command = words[0] if words else ""
    try:
        app(words)
    except CycloptsError as error:
        _stop(f"{str(error).strip()} See: paramgolf {f'{command} ' if command in app else ''}--help", 2)
    except UsageError as error:
        _stop(str(error), 2)
    except BrokenPipeError:
        # Who reads has had enough (`| head`). What is still in the buffer goes nowhere, so that exiting says nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ParamgolfError, OSError) as error:
        _stop(str(error), 1)
    except KeyboardInterrupt:
        goes_on = " The same command goes on from the newest checkpoint." if command in RESUMABLE else ""
        Console(stderr=True).print(f"stopped.{goes_on}")
        sys.exit(130)


def _stop(message: str, status: int) -> None:
    line = Text.assemble(("error: ", "bold red"), message)
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)
    sys.exit(status)


@app.command(group=ROAD, sort_key=1)
def run(
    recipe: RecipeName = "local",
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
    paramgolf run
    paramgolf run my-recipe.toml --corpus my-texts --seed 1 --out out/mine
    torchrun --standalone --nproc_per_node=8 -m paramgolf run baseline --challenge parameter-golf
    ```
    """
    from paramgolf.lab.run import run as run_all

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    run_all(settings, folder, _reporter())


@app.command(group=ROAD, sort_key=2)
def data(
    recipe: RecipeName = "local",
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
    from paramgolf.lab.data import prepare_data
    from paramgolf.lab.folder import RunFolder

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    reporter = _reporter()
    files = RunFolder(folder)
    files.refuse_other(settings)
    prepare_data(settings, files, reporter.say)
    reporter.say(f"{files.data} is ready. Next: {_again('train', recipe, challenge, corpus, seed, out)}")


@app.command(group=ROAD, sort_key=3)
def train(
    recipe: RecipeName = "local",
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
    from paramgolf.lab.folder import RunFolder
    from paramgolf.lab.training import train_in

    settings, folder = _asked(recipe, challenge, corpus, seed, out)
    reporter = _reporter()
    train_in(settings, RunFolder(folder), reporter)
    reporter.say(f"{folder / 'checkpoint'} is ready. Next: paramgolf pack {folder}")


@app.command(group=ROAD, sort_key=4)
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
    from paramgolf.lab.folder import RunFolder
    from paramgolf.lab.packing import pack_run
    from paramgolf.lab.repack import with_recipe
    from paramgolf.lab.settings import read_settings
    from paramgolf.train.recipe_file import load_recipe

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


app.command(artifact_commands.score, group=JUDGE, sort_key=5)
app.command(artifact_commands.prove, group=JUDGE, sort_key=6)
app.command(judge_commands.new)
app.command(judge_commands.verify, group=ENTER, sort_key=6.2)
app.command(judge_commands.compare, group=ENTER, sort_key=6.3)
app.command(judge_commands.import_entry, name="import", group=ENTER, sort_key=6.4)
app.command(pull_commands.submit, group=ENTER, sort_key=6.5)
app.command(lab_commands.ablate, group=lab_commands.MEASURE, sort_key=6.6)
app.command(board_commands.board)
board_commands.board.command(pull_commands.queue)
app.command(pull_commands.sandbox_check, group=ORGANISE, sort_key=7.1)
app.command(pull_commands.check_pr, group=ORGANISE, sort_key=7.2)
app.command(pull_commands.judge_pr, group=ORGANISE, sort_key=7.3)
app.command(pull_commands.judge_merged, group=ORGANISE, sort_key=7.4)
app.command(pull_commands.accept_pr, group=ORGANISE, sort_key=7.5)
app.command(artifact_commands.sample, group=USE, sort_key=7)
app.command(artifact_commands.compress, group=USE, sort_key=8)
app.command(artifact_commands.decompress, group=USE, sort_key=9)


@app.command(group=LOOK, sort_key=10)
def info(
    recipe_or_artifact: Annotated[str, Parameter(help="A recipe's name, a .toml file, or a model.pyz.")],
    *,
    challenge: ChallengeName = "local",
    as_json: AsJson = False,
) -> None:
    """What a recipe or an artifact is made of: parameters, bytes by group, limits.

    Reads the recipe or the artifact and writes nothing. Of a recipe the bytes are a forecast; of an artifact none of
    the code is run.

    ```
    paramgolf info local
    paramgolf info out/mine/model.pyz --json
    ```
    """
    from paramgolf.lab.info import describe
    from paramgolf.lab.info_table import print_description

    description = describe(recipe_or_artifact, load_challenge(challenge))
    if as_json:
        print_result(description, as_json)
    else:
        print_description(description, _reporter().console)


app.command(lab_commands.recipes)
app.command(lab_commands.tokenizers)


@app.command(group=LOOK, sort_key=12)
def challenges() -> None:
    """List the challenges that come with paramgolf."""
    for name in challenge_names():
        print(f"{name:<16} {load_challenge(name).title}")


def _asked(
    recipe: str, challenge: str, corpus: str | None, seed: int, out: Path | None
) -> tuple["RunSettings", Path]:
    """Settings and folder of the run that was asked for."""
    from paramgolf.lab.settings import load_settings

    settings = load_settings(recipe, challenge, corpus, seed)
    return settings, out or Path("out", f"{settings.recipe.name}-{settings.challenge.name}-{seed}")


def _again(command: str, recipe: str, challenge: str, corpus: str | None, seed: int, out: Path | None) -> str:
    """The call of another command on the same run."""
    options = {"--challenge": challenge, "--corpus": corpus, "--seed": seed, "--out": out}
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["paramgolf", command, recipe, *given])


def _reporter() -> "Reporter":
    from paramgolf.lab.reporter import Reporter
    from paramgolf.train.distributed import is_first

    return Reporter(silent=not is_first())
