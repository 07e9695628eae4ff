"""The settings of a run: recipe, challenge, corpus, seed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from paramgolf.challenge import Challenge, load_challenge, rules_of
from paramgolf.common.schema import what_is_wrong
from paramgolf.corpus import CORPORA
from paramgolf.errors import UsageError
from paramgolf.lab.run.budget import budget_of
from paramgolf.train.recipe.files import load_recipe
from paramgolf.train.recipe.recipe import Recipe

LARGEST_SEED = 2**31 - 1
LARGEST_SETTINGS_FILE = 2**20


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """`corpus` is a name known to corpus/ or an absolute path."""

    recipe: Recipe
    challenge: Challenge
    corpus: str
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as JSON would hold it."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain | {"challenge": rules_of(self.challenge)}

    @property
    def default_folder(self) -> Path:
        """The default folder of the run."""
        return Path("out", f"{self.recipe.name}-{self.challenge.name}-{self.seed}")


def load_settings(
    recipe: str | None, challenge: str, corpus: str | None, seed: int, *, budget_follows: bool = False
) -> RunSettings:
    """Settings from what a person types; `recipe` and `corpus` None are the challenge's own.

    budget_follows: what ends the training is said elsewhere, so that neither challenge nor recipe need to.

    Raises:
        UnknownNameError, ConfigError: there is no such recipe or challenge, or its file is wrong.
        UsageError: the seed is out of range, the challenge has no recipe of its own, or nothing would end the training.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed is {seed}; allowed are 0 to {LARGEST_SEED:,}")
    rules = load_challenge(challenge)
    recipe = recipe or rules.recipe
    if recipe is None:
        raise UsageError(
            f"challenge {rules.name!r} names no recipe of its own; give one (see: paramgolf recipes)"
        )
    settings = RunSettings(
        recipe=load_recipe(recipe), challenge=rules, corpus=located(corpus or rules.corpus), seed=seed
    )
    if not budget_follows:
        budget_of(rules, settings.recipe, bytes_per_token=1.0)
    return settings


def read_settings(path: Path) -> RunSettings:
    """The settings that `to_dict` made a file of.

    Raises:
        UsageError: there is no such file, or it holds something else.
    """
    try:
        with path.open("rb") as handle:
            return TypeAdapter(RunSettings).validate_json(handle.read(LARGEST_SETTINGS_FILE), strict=True)
    except OSError as error:
        raise UsageError(
            f"{path.parent} is no run folder: {path.name} cannot be read ({error.strerror}). "
            "Give a folder in which `paramgolf train` or `paramgolf run` worked."
        ) from None
    except ValidationError as error:
        raise UsageError(
            f"{path} is no settings of a run: {what_is_wrong(error)}. Run again into another folder."
        ) from None


def located(corpus: str) -> str:
    """The corpus as a process with another working folder finds it: a path is made absolute."""
    return corpus if corpus in CORPORA or not Path(corpus).exists() else str(Path(corpus).resolve())
