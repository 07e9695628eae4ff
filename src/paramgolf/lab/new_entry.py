"""`paramgolf new entry`: runs become an entry's folder, with hashes and scores filled in."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomli_w

from paramgolf.common import folders
from paramgolf.common.files import sha256_of, write_atomic
from paramgolf.errors import UsageError
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import Result, read_result
from paramgolf.lab.run.settings import RunSettings, read_settings
from paramgolf.train.recipe.recipe import Recipe

README = """# {title}

What is new, in a sentence.

## The idea

## What it gains, and how that was measured

## What did not work
"""
PAPERS = {"result": folders.RESULT, "log": folders.LOG, "manifest": f"{folders.DATA}/{folders.MANIFEST}"}


def new_entry(
    folder: Path, runs: Sequence[Path], *, title: str, author: str, track: str, record: bool, licence: str
) -> None:
    """Make an entry's folder of finished runs, one a seed. All of it or nothing.

    Raises:
        UsageError: the folder is there already, a run is not finished, or the runs are not of one recipe and challenge.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already. Give another name, or remove it.")
    if not runs:
        raise UsageError("An entry needs at least one run. Train one: paramgolf run. Then: --from RUN")
    finished = [_finished(run) for run in runs]
    settings = finished[0][0]
    for run, (other, _) in zip(runs, finished, strict=True):
        if (other.recipe, other.challenge) != (settings.recipe, settings.challenge):
            raise UsageError(
                f"{run} is a run of another recipe or challenge than {runs[0]}. Enter them apart."
            )
    seeds = [result.seed for _, result in finished]
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"The runs have the seeds {seeds}: each must be another. Train with --seed N.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tables = [_copy_seed(run, result, making) for run, (_, result) in zip(runs, finished, strict=True)]
        table = {
            "title": title,
            "authors": [{"name": author}],
            "challenge": settings.challenge.name,
            "track": track,
            "record": record,
            "document_isolation": track == "fixed",
            "parents": [],
            "hardware": finished[0][1].environment.device,
            "licence": licence,
            "recipe": folders.RECIPE,
            "seeds": tables,
        }
        write_atomic(making / folders.RECIPE, recipe_toml(settings.recipe))
        write_atomic(making / folders.README, README.format(title=title))
        write_atomic(making / folders.ENTRY, tomli_w.dumps(table))
        making.chmod(0o755)
        os.rename(making, folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def recipe_toml(recipe: Recipe) -> str:
    """The recipe as a file that `load_recipe` reads back."""
    table = recipe.to_dict()
    del table["name"], table["model"]["vocab_size"]
    return tomli_w.dumps(_without_none(table))


def _finished(run: Path) -> tuple[RunSettings, Result]:
    files = RunFolder(run)
    settings, result = read_settings(files.settings), read_result(files.result)
    if not files.artifact.is_file() or sha256_of(files.artifact) != result.artifact_sha256:
        raise UsageError(
            f"{files.artifact} is not what {files.result} was measured of. Run again: paramgolf run."
        )
    if result.objective.value(result) is None:
        raise UsageError(
            f"{run} came to no {result.objective.label}: its target was not reached. Enter runs that reached it."
        )
    return settings, result


def _copy_seed(run: Path, result: Result, folder: Path) -> dict[str, Any]:
    target = folder / "seeds" / str(result.seed)
    target.mkdir(parents=True)
    shutil.copyfile(RunFolder(run).artifact, target / folders.ARTIFACT)
    table = {
        "seed": result.seed,
        "artifact": f"seeds/{result.seed}/{folders.ARTIFACT}",
        "sha256": result.artifact_sha256,
        "bits_per_byte": round(result.bits_per_byte, 6),
    }
    if result.target:
        table["target"] = asdict(result.target)
    for name, path in PAPERS.items():
        if (run / path).is_file():
            shutil.copyfile(run / path, target / Path(path).name)
            table[name] = f"seeds/{result.seed}/{Path(path).name}"
    return table


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list) else value
