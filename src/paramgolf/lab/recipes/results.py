"""What the recipes that ship were measured at: recipes/measured/results.toml, an entry a run."""

import hashlib
import json
import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, stdev

import tomli_w
from pydantic import ConfigDict, TypeAdapter

from paramgolf.common.files import write_atomic
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import ConfigError, ProofError, UsageError
from paramgolf.lab.run.differences import differences, differences_in_words
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import Result, read_result
from paramgolf.train.recipe.files import load_recipe, read_table, recipe_folder, recipe_names

RESULTS = "measured/results.toml"  # a folder down: each .toml beside the recipes is one
LARGEST_RESULTS = 2**22
HEAD = (
    "# Measured results of the recipes in the folder above, each proven by decompression. Written by:\n"
    "#   paramgolf recipes record RUN_FOLDER\n\n"
)


@dataclass(frozen=True, kw_only=True)
class RecipeResult:
    """One proven run of a recipe that ships. `bytes` is the artifact's size, `date` the day of the run (UTC).

    `recipe_sha256` is what `digest` gave of the recipe then, so that a result of an earlier one is known as such.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    recipe: str
    recipe_sha256: str
    challenge: str
    corpus: str
    seed: int
    bits_per_byte: float
    bytes: int
    proven: bool
    train_tokens: int
    train_seconds: float
    date: str
    machine: str
    commit: str | None = None
    command: str


def read_results(path: Path | None = None) -> list[RecipeResult]:
    """The entries of results.toml, none where there is no file. Raises ConfigError where it is damaged."""
    path = path or recipe_folder() / RESULTS
    if not path.exists():
        return []
    try:
        with path.open("rb") as handle:
            table = tomllib.loads(handle.read(LARGEST_RESULTS).decode())
        # By way of JSON: strict validation of Python values would want instances.
        data = json.dumps(table.get("result", []), default=str)
        return TypeAdapter(list[RecipeResult]).validate_json(data, strict=True)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path}: these are no results of recipes: {what_is_wrong(error)}. Fix or remove the entry."
        ) from None


def record(folder: Path, path: Path | None = None) -> RecipeResult:
    """Add a finished run to results.toml, in the place of an earlier one of the same game and seed.

    Raises:
        UsageError: there is no result, or the recipe that was run is not the one that ships.
        ProofError: the result is not proven.
    """
    path = path or recipe_folder() / RESULTS
    run = RunFolder(folder)
    result = read_result(run.result)
    if not result.proven:
        raise ProofError(
            f"{run.result} is not proven, so it is no result: {result.proof_failure}. Run again."
        )
    _require_shipped(result)
    day = datetime.fromtimestamp(run.result.stat().st_mtime, UTC).date()
    new = _entry(result, day.isoformat())
    kept = [r for r in read_results(path) if _place(r) != _place(new)]
    ordered = sorted([*kept, new], key=_place)
    tables = [{k: v for k, v in asdict(r).items() if v is not None} for r in ordered]
    write_atomic(path, HEAD + tomli_w.dumps({"result": tables}))
    return new


def in_words(results: Sequence[RecipeResult]) -> str:
    """Results of one recipe in one game over its seeds, as one line."""
    bits = [r.bits_per_byte for r in results]
    spread = f" (standard deviation {stdev(bits):.4f} over {len(bits)} seeds)" if len(bits) > 1 else ""
    tokens = fmean(r.train_tokens for r in results)
    newest = max(results, key=lambda r: r.date)
    changed = "; the recipe has changed since" if of_an_earlier_recipe(newest) else ""
    return (
        f"{fmean(bits):.4f} bits per byte{spread}, proven: {newest.challenge} on {newest.corpus}, "
        f"{max(r.bytes for r in results):,} bytes, {tokens / 1e6:.1f} million tokens; "
        f"{newest.date}, {newest.machine}{changed}"
    )


def of_an_earlier_recipe(result: RecipeResult) -> bool:
    """Whether the recipe of that name says something else today."""
    return result.recipe_sha256 != digest(result.recipe)


def digest(recipe: str) -> str:
    """SHA-256 of what the recipe of that name that ships says: its keys and values, without title and comments."""
    table = read_table(recipe_folder() / f"{recipe}.toml")
    said = {key: value for key, value in table.items() if key != "title"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def by_game(results: Sequence[RecipeResult], recipe: str) -> list[list[RecipeResult]]:
    """The results of one recipe, a list for each game (challenge, corpus, machine, and the recipe as it was).

    First come those of the recipe as it is.
    """
    games: dict[tuple[str, str, str, str], list[RecipeResult]] = {}
    for r in results:
        if r.recipe == recipe:
            games.setdefault((r.challenge, r.corpus, r.machine, r.recipe_sha256), []).append(r)
    return sorted(games.values(), key=lambda game: of_an_earlier_recipe(game[0]))


def _place(result: RecipeResult) -> tuple[str, str, str, str, int]:
    return (result.recipe, result.challenge, result.corpus, result.machine, result.seed)


def _entry(result: Result, date: str) -> RecipeResult:
    environment = result.environment
    words = ["run", result.recipe, "--challenge", result.challenge, "--seed", str(result.seed)]
    if result.settings["corpus"] != result.settings["challenge"]["corpus"]:
        # The name alone: where it lay was one machine's affair.
        words += ["--corpus", Path(result.settings["corpus"]).name]
    return RecipeResult(
        recipe=result.recipe,
        recipe_sha256=digest(result.recipe),
        challenge=result.challenge,
        corpus=result.corpus,
        seed=result.seed,
        bits_per_byte=round(result.bits_per_byte, 5),
        bytes=result.artifact_bytes,
        proven=result.proven,
        train_tokens=result.train_tokens,
        train_seconds=round(result.train_seconds, 1),
        date=date,
        machine=f"{environment.device}, {environment.dtype} products, processes: {environment.processes}",
        commit=result.commit,
        command=shlex.join(["paramgolf", *words]),
    )


def _require_shipped(result: Result) -> None:
    """Raises UsageError where the run's recipe is not, to the letter, the one of that name that ships."""
    if result.recipe not in recipe_names():
        raise UsageError(
            f"the run is of the recipe {result.recipe!r}, which is none of {', '.join(recipe_names())}. "
            "Put it into recipes/ first."
        )
    found = differences(result.settings["recipe"], load_recipe(result.recipe).to_dict())
    if found:
        raise UsageError(
            f"the run's recipe is not the {result.recipe!r} that ships "
            f"({differences_in_words(found, 'ran', 'ships')}). Run the one that ships."
        )
