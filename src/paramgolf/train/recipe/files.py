"""Recipes as files: which ones come with paramgolf, and a TOML file read and checked."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

import paramgolf
from paramgolf.common.names import unknown_name
from paramgolf.common.schema import problems, shown, shown_key, unknown_key
from paramgolf.common.toml import parse_toml
from paramgolf.errors import ConfigError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.runtime.mixer.state import AdaptConfig
from paramgolf.runtime.predictor import PredictConfig
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS
from paramgolf.train.loss.int8_linear import LEAST_SIDE, MULTIPLE
from paramgolf.train.recipe.model_checks import check_adaptable, check_learning, check_model
from paramgolf.train.recipe.recipe import (
    OptimizerRecipe,
    Recipe,
    TokenizerRecipe,
    TrainingRecipe,
)

LARGEST_RECIPE_FILE = 262_144

T = TypeVar("T")

SECTIONS: dict[str, type] = {
    "tokenizer": TokenizerRecipe,
    "training": TrainingRecipe,
    "optimizer": OptimizerRecipe,
    "predict": PredictConfig,
    "learn": LearnConfig,
    "adapt": AdaptConfig,
}


def recipe_folder() -> Path:
    """Where the recipes that come with paramgolf lie: in the package, or in the checkout."""
    package = Path(paramgolf.__file__).parent
    packaged = package / "recipes"
    return packaged if packaged.is_dir() else package.parents[1] / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that come with paramgolf, sorted."""
    return sorted(path.stem for path in recipe_folder().glob("*.toml"))


def load_recipe(name_or_path: str) -> Recipe:
    """The recipe of that name, or of that `.toml` file.

    Raises:
        UnknownNameError: no such recipe; the message lists near matches.
        ConfigError: the file cannot be read, or holds an unknown key or a wrong value.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        if name_or_path not in recipe_names():
            raise unknown_name("recipe", name_or_path, recipe_names())
        path = recipe_folder() / f"{name_or_path}.toml"
    return recipe_from(read_table(path), path.stem, str(path))


def read_table(path: Path) -> dict[str, Any]:
    """What a recipe's file says, unchecked. Raises ConfigError: it cannot be read, is too large or is not TOML."""
    try:
        with path.open("rb") as handle:
            data = handle.read(LARGEST_RECIPE_FILE + 1)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a TOML file."
        ) from None
    if len(data) > LARGEST_RECIPE_FILE:
        raise ConfigError(f"{path}: larger than {LARGEST_RECIPE_FILE:,} bytes, the most a recipe may have.")
    try:
        return parse_toml(data)
    except ValueError as error:
        raise ConfigError(f"{path}: this is not TOML: {error}. Fix that place.") from None


def recipe_from(table: dict[str, Any], name: str, source: str) -> Recipe:
    """A recipe from plain data. Raises ConfigError that names key, value and what is allowed."""
    table = dict(table)
    known = {*SECTIONS, "model", "weights", "title", "fill"}
    for key in table:
        if key not in known:
            raise ConfigError(f"{source}: {unknown_name('section', key, known)}")
    parts: dict[str, Any] = {
        key: _parse(cls, table.get(key, {}), f"{source}: {key}") for key, cls in SECTIONS.items()
    }
    model = table.get("model", {})
    if isinstance(model, dict) and "vocab_size" in model:
        raise ConfigError(f"{source}: model.vocab_size: remove it; tokenizer.vocab_size is where it is set")
    if isinstance(model, dict):
        model = {**model, "vocab_size": parts["tokenizer"].vocab_size}
    weights = table.get("weights", {})
    if not isinstance(weights, dict):
        raise ConfigError(f"{source}: weights: got {shown(weights)}; give tables such as [weights.matrices]")
    for group in weights:
        if group not in PRECISION_GROUPS:
            raise ConfigError(f"{source}: {unknown_name('group of weights', group, PRECISION_GROUPS)}")
    config = _parse(ModelConfig, model, f"{source}: model")
    try:
        check_model(config)
        if parts["adapt"].contexts:
            check_adaptable(config)
    except ConfigError as error:
        raise ConfigError(f"{source}: model: {error}") from None
    if parts["training"].mixer_tokens and not parts["adapt"].contexts:
        raise ConfigError(
            f"{source}: training.mixer_tokens is {parts['training'].mixer_tokens}, but there is no mixer that could "
            "learn from them: give adapt.contexts, or leave mixer_tokens out"
        )
    try:
        check_learning(parts["learn"], config, parts["predict"], parts["adapt"])
    except ConfigError as error:
        raise ConfigError(f"{source}: learn: {error}") from None
    if parts["training"].loop_from is not None and not config.order:
        raise ConfigError(
            f"{source}: training.loop_from says when model.order begins, but there is no model.order"
        )
    _check_sample(parts["training"], config.vocab_size, source)
    schemes = {g: _parse(QuantisationScheme, t, f"{source}: weights.{g}") for g, t in weights.items()}
    try:
        for group, scheme in schemes.items():
            _check_rounding(group, scheme, parts["training"], config)
    except ConfigError as error:
        raise ConfigError(f"{source}: weights.{error}") from None
    return Recipe(
        name=name,
        title=_parse(str, table.get("title", ""), f"{source}: title"),
        fill=_parse(bool, table.get("fill", False), f"{source}: fill"),
        model=config,
        weights=schemes,
        **parts,
    )


def _check_sample(training: TrainingRecipe, vocabulary: int, source: str) -> None:
    sample = training.softmax_sample
    if (sample and not LEAST_SIDE <= sample <= vocabulary) or sample % MULTIPLE:
        raise ConfigError(
            f"{source}: training.softmax_sample is {sample}, of a vocabulary of {vocabulary}; give {LEAST_SIDE} or "
            f"more, a multiple of {MULTIPLE}, up to the vocabulary, or leave it out: then every token counts"
        )


def _check_rounding(
    group: str, scheme: QuantisationScheme, training: TrainingRecipe, model: ModelConfig
) -> None:
    """Raises ConfigError for what makes no sense together."""
    if group == "control" and (scheme.feedback or scheme.repair_rank):
        raise ConfigError(
            f"{group}: feedback and repair_rank are for matrices that are applied to something; leave them out"
        )
    if scheme.feedback and "smooth" in (model.attention_matrices, model.mlp_matrices):
        raise ConfigError(
            f"{group}.feedback: 'smooth' matrices are sums of what is stored, which is applied to nothing itself; "
            "leave feedback out"
        )
    if training.rounding == "noise" and scheme.rule in ("ternary", "binary"):
        raise ConfigError(
            f"{group}.rule is {scheme.rule!r}, whose weights come to their few values only where training rounds "
            "them; training.rounding has to be 'nearest'"
        )


def _parse(cls: type[T], value: Any, where: str) -> T:
    """`value` as a `cls`, strictly, with errors that name the key."""
    if isinstance(value, dict) and hasattr(cls, "__dataclass_fields__"):
        known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
        for key in value:
            if key not in known:
                raise ConfigError(f"{where}.{shown_key(key)}: {unknown_key(key, known)}")
    try:
        # By way of JSON, since strict JSON lets an array be a tuple and 1 be a float, and nothing else.
        return TypeAdapter(cls).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        raise ConfigError("\n".join(problems(error, where=where))) from None
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
