"""The command line: each command parses, calls, prints.

What a command needs is imported inside it where torch comes with it, so that help and mistyped names answer at once.
"""

import codecs
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, Group, Parameter
from rich.console import Console
from rich.text import Text

from paramgolf import __version__
from paramgolf.challenge import challenge_names, load_challenge
from paramgolf.errors import ArtifactTooLargeError, ParamgolfError, UsageError
from paramgolf.files import write_atomic

if TYPE_CHECKING:
    from paramgolf.challenge import Challenge
    from paramgolf.lab.reporter import Reporter
    from paramgolf.lab.settings import RunSettings
    from paramgolf.score import Worker

LARGEST_TEXT = 1 << 30

ROAD = Group("The road", sort_key=1)
JUDGE = Group("Judging an artifact", sort_key=2)
USE = Group("Using an artifact", sort_key=3)
LOOK = Group("Looking things up", sort_key=4)

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

RecipeName = Annotated[
    str, Parameter(help="A recipe's name (see: paramgolf recipes) or the path of a .toml file.")
]
ChallengeName = Annotated[
    str, Parameter(help="A challenge's name (see: paramgolf challenges) or the path of a .toml file.")
]
CorpusName = Annotated[
    str | None,
    Parameter(
        help="embedded, fineweb, parameter-golf, or a file or folder: train.* and validation.*, or one set of "
        "documents to be split. Default: the challenge's own."
    ),
]
Seed = Annotated[int, Parameter(help="Fixes the initial weights and the order of the text.")]
Out = Annotated[Path | None, Parameter(help="The folder of this run. Default: out/RECIPE-CHALLENGE-SEED.")]
Artifact = Annotated[Path, Parameter(help="A model.pyz, yours or a stranger's: it runs in a sandbox.")]
Documents = Annotated[
    Path,
    Parameter(help="The text, in any format that corpus/ reads: .jsonl(.gz, .xz, .zst), .parquet, .txt ..."),
]
SourceFile = Annotated[Path, Parameter(name="IN", help="The file to read.")]
TargetFile = Annotated[Path, Parameter(name="OUT", help="The file to write; one that is there is replaced.")]
LimitsOf = Annotated[
    str | None, Parameter(help="Hold the artifact to this challenge's size and clock. Default: no limits.")
]
Threads = Annotated[int | None, Parameter(help="Threads for the artifact. Default: one a core.")]
AsJson = Annotated[
    bool,
    Parameter(name="--json", negative=(), show_default=False, help="Print JSON alone on standard output."),
]


RESUMABLE = ("run", "train")


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
    reporter.say(f"Wrote {files.data}. Next: {_again('train', recipe, challenge, corpus, seed, out)}")


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
    reporter.say(f"Wrote {folder / 'checkpoint'}. Next: paramgolf pack {folder}")


@app.command(group=ROAD, sort_key=4)
def pack(folder: Annotated[Path, Parameter(help="The folder of a run that was trained.")]) -> None:
    """Quantise and entropy-code the weights of a run, and build its model.pyz.

    Reads checkpoint/, data/tokenizer.bin and run.json of the folder, writes model.pyz there and shows where its
    bytes go. Over the challenge's limit it leaves no model.pyz.

    ```
    paramgolf pack out/mine
    ```
    """
    from paramgolf.lab.folder import RunFolder
    from paramgolf.lab.packing import pack_run
    from paramgolf.lab.settings import read_settings

    files = RunFolder(folder)
    settings = read_settings(files.settings)
    packed = pack_run(settings, files)
    reporter = _reporter()
    reporter.console.print(packed.ledger.table(settings.challenge.artifact_bytes))
    reporter.say(
        f"Wrote {files.artifact}, {packed.artifact_bytes:,} bytes, {packed.bits_per_weight:.2f} bits a weight. "
        f"Next: paramgolf score {files.artifact} --documents {files.validation}"
    )


@app.command(group=JUDGE, sort_key=5)
def score(
    artifact: Artifact,
    *,
    documents: Documents,
    challenge: LimitsOf = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Bits per byte of an artifact on documents, measured from outside its sandbox.

    Writes nothing. Every document is predicted once, in order; the softmax, the bytes and the clock are ours.

    ```
    paramgolf score out/mine/model.pyz --documents out/mine/data/validation.jsonl
    ```
    """
    from paramgolf.corpus import read_documents
    from paramgolf.lab.reporter import Reporter
    from paramgolf.score import Isolation, score_artifact
    from paramgolf.train.device import usable_cores

    rules = _limits(artifact, challenge)
    texts = list(read_documents(documents))
    with Reporter(to_stderr=as_json).progress() as progress:
        scored = score_artifact(
            artifact,
            texts,
            isolation=Isolation.BUBBLEWRAP,
            threads=threads or usable_cores(),
            seconds_limit=rules.eval_seconds if rules else None,
            progress=progress,
        )
    result = asdict(scored)
    del result["document_bits"]
    _print(result, as_json)
    if not as_json:
        print(f"Next: paramgolf prove {artifact} --documents {documents}")


@app.command(group=JUDGE, sort_key=6)
def prove(
    artifact: Artifact,
    *,
    documents: Documents,
    challenge: LimitsOf = None,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Compress documents in one sandbox, decompress them in another, and compare.

    Writes nothing. The size of the compressed bytes is the score; status 1 where the documents differ.

    ```
    paramgolf prove out/mine/model.pyz --documents out/mine/data/validation.jsonl
    ```
    """
    from paramgolf.corpus import read_documents
    from paramgolf.lab.reporter import Reporter
    from paramgolf.score import Isolation, prove_artifact
    from paramgolf.train.device import usable_cores

    rules = _limits(artifact, challenge)
    texts = list(read_documents(documents))
    with Reporter(to_stderr=as_json).progress() as progress:
        proof = prove_artifact(
            artifact,
            texts,
            isolation=Isolation.BUBBLEWRAP,
            threads=threads or usable_cores(),
            seconds_limit=rules.prove_seconds if rules else None,
            scored_bits_per_byte=None,
            progress=progress,
        )
    _print(asdict(proof), as_json)
    proof.require()
    if not as_json:
        print(
            f"Next: paramgolf score {artifact} --documents {documents} gives the same bits per byte to 0.1 %"
        )


@app.command(group=USE, sort_key=7)
def sample(
    artifact: Artifact,
    prompt: Annotated[str, Parameter(help="Text to go on with.", allow_leading_hyphen=True)],
    *,
    tokens: Annotated[int, Parameter(help="The most tokens to add.")] = 200,
    temperature: Annotated[float, Parameter(help="0 takes the likeliest token each time.")] = 0.8,
    seed: Annotated[int, Parameter(help="Fixes the draw.")] = 0,
) -> None:
    """Go on with a text, in the sandbox.

    Prints the prompt and what follows as it comes. An artifact that you trust does the same alone and faster:
    python model.pyz sample PROMPT

    ```
    paramgolf sample out/mine/model.pyz "The" --tokens 50
    ```
    """
    from paramgolf.lab.sampling import continue_text
    from paramgolf.score.protocol import printable

    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    with _worker(artifact) as worker:
        print(prompt, end="", flush=True)
        for piece in continue_text(
            worker,
            prompt.encode("utf-8", "surrogateescape"),
            tokens=tokens,
            temperature=temperature,
            seed=seed,
        ):
            print(printable(decode(piece)), end="", flush=True)
    print(printable(decode(b"", True)))


@app.command(group=USE, sort_key=8)
def compress(artifact: Artifact, source: SourceFile, target: TargetFile) -> None:
    """Compress a file with an artifact, in the sandbox.

    Reads one file, writes the other, all of it or nothing. The artifact alone can do the same and undo it:
    python model.pyz compress IN OUT

    ```
    paramgolf compress out/mine/model.pyz letter.txt letter.golf
    ```
    """
    text = _read(source)
    with _worker(artifact) as worker:
        small = worker.compress([text], limit=2 * len(text) + (1 << 20))
    write_atomic(target, small)
    print(f"{source}: {len(text):,} bytes -> {target}: {len(small):,} bytes")
    print(f"Next: paramgolf decompress {artifact} {target} {source.name}.back")


@app.command(group=USE, sort_key=9)
def decompress(artifact: Artifact, source: SourceFile, target: TargetFile) -> None:
    """Decompress what the same artifact compressed, in the sandbox.

    Reads one file, writes the other, all of it or nothing.

    ```
    paramgolf decompress out/mine/model.pyz letter.golf letter.txt
    ```
    """
    small = _read(source)
    with _worker(artifact) as worker:
        text = b"".join(worker.decompress(small, limit=LARGEST_TEXT))
    write_atomic(target, text)
    print(f"{source}: {len(small):,} bytes -> {target}: {len(text):,} bytes")


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
        _print(description, as_json)
    else:
        print_description(description, _reporter().console)


@app.command(group=LOOK, sort_key=11)
def recipes() -> None:
    """List the recipes that come with paramgolf; `paramgolf info NAME` says more about one."""
    from paramgolf.train.recipe import load_recipe, recipe_names

    for name in recipe_names():
        print(f"{name:<16} {load_recipe(name).title}")


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


def _limits(artifact: Path, challenge: str | None) -> "Challenge | None":
    """The challenge whose limits hold, after checking the artifact's size."""
    if challenge is None:
        return None
    rules = load_challenge(challenge)
    if artifact.is_file() and artifact.stat().st_size > rules.artifact_bytes:
        raise ArtifactTooLargeError(
            f"{artifact} has {artifact.stat().st_size:,} bytes; challenge {rules.name!r} allows "
            f"{rules.artifact_bytes:,}. Score it without --challenge, or pack a smaller one."
        )
    return rules


def _worker(artifact: Path) -> "Worker":
    from paramgolf.score import Deadline, Isolation, Worker
    from paramgolf.train.device import usable_cores

    return Worker(artifact, isolation=Isolation.BUBBLEWRAP, threads=usable_cores(), deadline=Deadline(None))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"There is no file {path} to read. Give the path of one.")
    return path.read_bytes()


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return
    for key, value in result.items():
        print(f"{key}: {value}")
