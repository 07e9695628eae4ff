"""Commands of the lab: what a change to a recipe is worth, what recipes there are."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from paramgolf.challenge import challenge_names, load_challenge
from paramgolf.cli.options import AsJson, ChallengeName, CorpusName, RecipeName
from paramgolf.cli.output import print_result
from paramgolf.errors import UsageError

Seeds = Annotated[
    int, Parameter(help="How many seeds, from 0 on; one gives no interval.", validator=Number(gte=1))
]
ShortTokens = Annotated[
    int | None,
    Parameter(
        help="Train on so many tokens of the base instead; all see the same text.", validator=Number(gte=1)
    ),
]
ShortSeconds = Annotated[
    float | None, Parameter(help="Train for so many seconds instead.", validator=Number(gt=0))
]
AsMarkdown = Annotated[
    bool, Parameter(name="--markdown", negative=(), help="Print rows for docs/experiments.md as well.")
]


recipes = App(name="recipes", help="The recipes that come with paramgolf, and their measured results.")

tokenizers = App(name="tokenizers", help="Find the tokenizer that a recipe should have.")


def ablate(
    recipe: RecipeName = "local-plain",
    *,
    without: Annotated[
        list[str] | None,
        Parameter(negative=(), help="A dotted key that goes back to its default, such as model.token_shift."),
    ] = None,
    with_: Annotated[
        list[str] | None, Parameter(name="--with", negative=(), help="KEY=VALUE, such as model.width=160.")
    ] = None,
    seeds: Seeds = 3,
    challenge: ChallengeName = "practice",
    corpus: CorpusName = None,
    tokens: ShortTokens = None,
    seconds: ShortSeconds = None,
    out: Annotated[
        Path | None, Parameter(help="The folder of the runs. Default: out/ablate-RECIPE-CHALLENGE.")
    ] = None,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """What a change to a recipe is worth, in bits per byte with an interval.

    Base and variant train under the same seeds, at once where there are two cores, and are measured on training
    documents held back from training; validation text is never read. Each --without and --with is a variant of
    its own; one with several changes separates them by semicolons. Leaves ablation.json and every run in the
    folder; the same command goes on where it was stopped, and repeats nothing.

    ```
    paramgolf ablate local-plain --without model.token_shift --seeds 3
    paramgolf ablate local-plain --with model.width=160 --with "model.layers=4; model.windows=[32]" --seconds 60
    paramgolf ablate my-recipe.toml --with training.quantise_from=0.5 --challenge local --corpus my-texts
    ```
    """
    from paramgolf.lab.ablate.ablate import ablate as compare
    from paramgolf.lab.ablate.table import markdown as rows
    from paramgolf.lab.ablate.table import print_ablation
    from paramgolf.lab.ablate.variants import variants_of
    from paramgolf.lab.executor.local import LocalExecutor
    from paramgolf.lab.reporter import Reporter
    from paramgolf.lab.run.settings import load_settings

    shortened = tokens is not None or seconds is not None
    settings = load_settings(recipe, challenge, corpus, 0, budget_follows=shortened)
    variants = variants_of(settings.recipe, without or [], with_ or [])
    folder = out or Path("out", f"ablate-{settings.recipe.name}-{settings.challenge.name}")
    reporter = Reporter(to_stderr=as_json)
    with LocalExecutor() as executor:
        ablation = compare(
            settings,
            variants,
            seeds=seeds,
            tokens=tokens,
            seconds=seconds,
            out=folder,
            executor=executor,
            reporter=reporter,
        )
    if as_json:
        print_result(asdict(ablation), as_json)
        return
    print_ablation(ablation, reporter.console)
    if markdown:
        print(rows(ablation))


def ablate_run(folder: Path) -> None:
    """Train and measure one run of an ablation; `paramgolf ablate` makes its folder and starts this.

    Reads run.json and data/ of the folder, leaves measured.json there, in one thread. Again in the same folder, it goes
    on from the newest checkpoint.

    ```
    paramgolf ablate-run out/ablate-local-plain-practice/runs/seed_0/base
    ```
    """
    from paramgolf.lab.ablate.one_run import train_and_measure

    train_and_measure(folder)


@tokenizers.command(name="search")
def search_tokenizers(
    recipe: RecipeName = "local-plain",
    *,
    vocab: Annotated[str, Parameter(help="Vocabularies, with commas between them.")] = "1024,2048,4096",
    kinds: Annotated[str, Parameter(help="bpe, unigram or both.")] = "bpe,unigram",
    case: Annotated[bool, Parameter(negative=(), help="Also each with capitals as operators.")] = False,
    seeds: Seeds = 3,
    seconds: Annotated[float, Parameter(help="How long each candidate trains.", validator=Number(gt=0))] = 60,
    challenge: ChallengeName = "local",
    corpus: CorpusName = None,
    out: Annotated[
        Path | None, Parameter(help="The folder of the runs. Default: out/tokenizers-RECIPE-CHALLENGE.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which tokenizer a recipe should have, by bits per byte of short runs.

    Each candidate trains for the same time, beside the recipe with its own tokenizer and the same seed, and is
    measured as an artifact under the challenge's limit, its tokenizer's bytes counted. Leaves ablation.json and
    every run in the folder; the same command goes on where it was stopped.

    ```
    paramgolf tokenizers search local-plain --vocab 1024,2048,4096 --kinds bpe,unigram --case
    paramgolf tokenizers search local-plain --vocab 2048 --case --seconds 90 --corpus my-texts
    ```
    """
    from paramgolf.lab.ablate.ablate import ablate as compare
    from paramgolf.lab.ablate.tokenizer_search import candidates_of, print_search
    from paramgolf.lab.executor.local import LocalExecutor
    from paramgolf.lab.reporter import Reporter
    from paramgolf.lab.run.settings import load_settings

    settings = load_settings(recipe, challenge, corpus, 0, budget_follows=True)
    candidates = candidates_of(
        settings.recipe,
        _numbers(vocab),
        [kind.strip() for kind in kinds.split(",")],
        [False, True] if case else [settings.recipe.tokenizer.case],
    )
    folder = out or Path("out", f"tokenizers-{settings.recipe.name}-{settings.challenge.name}")
    reporter = Reporter(to_stderr=as_json)
    with LocalExecutor() as executor:
        found = compare(
            settings,
            candidates,
            seeds=seeds,
            tokens=None,
            seconds=seconds,
            out=folder,
            executor=executor,
            reporter=reporter,
        )
    if as_json:
        print_result(asdict(found), as_json)
    else:
        print_search(found, settings.recipe.tokenizer, reporter.console)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--vocab is {text!r}; give whole numbers with commas between them") from None


@recipes.default
def list_recipes(*, as_json: AsJson = False) -> None:
    """List the recipes that come with paramgolf, with what they were measured at.

    Prints name, title and proven results, of each recipe as it is now where it has any; writes nothing.

    ```
    paramgolf recipes
    paramgolf recipes show local
    ```
    """
    from paramgolf.lab.recipes.results import read_results
    from paramgolf.lab.recipes.table import print_recipes
    from paramgolf.lab.reporter import Reporter
    from paramgolf.train.recipe.files import load_recipe, recipe_names

    results = read_results()
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    print_recipes([load_recipe(name) for name in recipe_names()], results, Reporter().console)


@recipes.command(name="show")
def show_recipe(
    recipe: RecipeName,
    *,
    everything: Annotated[
        bool, Parameter(name="--all", negative=(), help="Also the lines that are left at their defaults.")
    ] = False,
) -> None:
    """Explain a recipe line by line: its value, the default, and what the field means.

    Prints the lines that differ from their defaults; writes nothing.

    ```
    paramgolf recipes show local
    paramgolf recipes show baseline --all
    ```
    """
    from paramgolf.lab.recipes.table import print_recipe
    from paramgolf.lab.reporter import Reporter
    from paramgolf.train.recipe.files import load_recipe

    print_recipe(load_recipe(recipe), Reporter().console, everything=everything)


@recipes.command(name="record")
def record_result(
    folder: Annotated[Path, Parameter(name="RUN_FOLDER", help="The folder of a finished, proven run.")],
) -> None:
    """Add a finished run's result to recipes/measured/results.toml, which `paramgolf recipes` lists.

    Reads result.json of the folder and writes measured/results.toml beside the recipes; a result that was not
    proven, or is of a recipe other than the one that ships, is refused.

    ```
    paramgolf recipes record out/local-local-0
    ```
    """
    from paramgolf.lab.recipes.results import in_words, record

    result = record(folder)
    print(f"recorded: {result.recipe}, seed {result.seed}: {in_words([result])}")


def info(
    recipe_or_artifact: Annotated[str, Parameter(help="A recipe's name, a .toml file, or a model.pyz.")],
    *,
    challenge: Annotated[
        str | None,
        Parameter(
            help="The game whose limits it is held against. Default: the one that plays this recipe, else local."
        ),
    ] = None,
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
    from paramgolf.lab.recipes.info import describe
    from paramgolf.lab.recipes.info_table import print_description
    from paramgolf.lab.reporter import Reporter

    games = [name for name in challenge_names() if load_challenge(name).recipe == recipe_or_artifact]
    description = describe(recipe_or_artifact, load_challenge(challenge or (games[0] if games else "local")))
    if as_json:
        print_result(description, as_json)
    else:
        print_description(description, Reporter().console)


def challenges() -> None:
    """List the challenges that come with paramgolf, and the recipe that each plays where none is given."""
    for name in challenge_names():
        challenge = load_challenge(name)
        print(f"{name:<16} {challenge.title}" + (f"; recipe {challenge.recipe}" if challenge.recipe else ""))
