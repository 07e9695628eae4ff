"""What a recipe or an artifact is made of, without training the one or running the other."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from paramgolf.challenge import Challenge
from paramgolf.common import folders
from paramgolf.common.files import sha256_of
from paramgolf.common.names import unknown_name
from paramgolf.common.printable import printable
from paramgolf.errors import EntryError
from paramgolf.judge.archive import UNREADABLE
from paramgolf.lab.run.packing import bytes_beside_weights
from paramgolf.quantise.byte_allocation import entropy_bits
from paramgolf.quantise.grids import QuantisationScheme, quantise
from paramgolf.quantise.low_rank_repair import expected_bytes
from paramgolf.quantise.precision import Precision
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.recipe.files import load_recipe, recipe_names
from paramgolf.train.recipe.model_checks import check_model
from paramgolf.train.recipe.recipe import Recipe

LARGEST_ARTIFACT = 2**32
MOST_MEMBERS = 10_000
LARGEST_CONFIG = 65_536
MOST_LAYERS, LARGEST_SIZE = 1000, 2**24
SAMPLED_ROWS = 512
# What a merge takes in a packed tokenizer, and a row's scale in packed weights: rough, for the forecast only.
BYTES_A_MERGE, BITS_A_SCALE = 2.2, 4.0


def describe(name_or_path: str, challenge: Challenge) -> dict[str, Any]:
    """Plain data about a recipe (a name, or a .toml file) or an artifact (any other file).

    Raises:
        UnknownNameError, ConfigError: neither a recipe nor a file, or a recipe that is wrong.
        EntryError: the file is no artifact.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml" or name_or_path in recipe_names():
        return describe_recipe(load_recipe(name_or_path), challenge)
    if not path.is_file():
        raise unknown_name("recipe or artifact", name_or_path, recipe_names())
    return describe_artifact(path, challenge)


def describe_recipe(recipe: Recipe, challenge: Challenge) -> dict[str, Any]:
    """Parameters and expected bytes by group of weights, and how that sits in the challenge's limit.

    The forecast takes weights for normally distributed; training makes them a little smaller or larger.
    """
    groups: dict[str, dict[str, float]] = {}
    group_of: Mapping[str, str] = recipe.groups()
    for name, shape in model_shapes(recipe.model).items():
        group = group_of[name]
        bits = _expected_bits(shape, recipe.scheme(group))
        row = groups.setdefault(group, {"parameters": 0, "expected_bytes": 0.0})
        row["parameters"] += shape.numel()
        row["expected_bytes"] += bits / 8
    for group, patches in _patches(recipe).items():
        groups[group]["expected_bytes"] += patches
    rest = bytes_beside_weights(recipe)
    rest += round(BYTES_A_MERGE * (recipe.tokenizer.vocab_size - 257))
    expected = rest + sum(round(row["expected_bytes"]) for row in groups.values())
    return {
        "recipe": recipe.name,
        "title": recipe.title,
        "parameters": sum(int(row["parameters"]) for row in groups.values()),
        "groups": {
            group: {"parameters": int(row["parameters"]), "expected_bytes": round(row["expected_bytes"])}
            for group, row in sorted(groups.items(), key=lambda item: -item[1]["expected_bytes"])
        },
        "code_and_tokenizer_bytes": rest,
        "expected_bytes": expected,
        "fills_the_limit": recipe.fill,
        "challenge": challenge.name,
        "artifact_limit": challenge.artifact_bytes,
        "settings": recipe.to_dict(),
    }


def describe_artifact(path: Path, challenge: Challenge) -> dict[str, Any]:
    """An artifact, and the challenge's limit. Raises EntryError as `artifact_parts`."""
    return {
        "artifact": path.name,
        "challenge": challenge.name,
        "artifact_limit": challenge.artifact_bytes,
        **artifact_parts(path),
    }


def artifact_parts(path: Path) -> dict[str, Any]:
    """Size, members and configuration of an artifact, none of whose code is run.

    Raises:
        EntryError: the file is no zip, or too large a one.
    """
    size = path.stat().st_size
    if size > LARGEST_ARTIFACT:
        raise EntryError(f"{path} has {size:,} bytes; an artifact may have {LARGEST_ARTIFACT:,} at most.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise EntryError(f"{path} has {len(members):,} members; at most {MOST_MEMBERS:,} are read.")
            names = {info.filename for info in members}
            config = _config(archive) if folders.CONFIG in names else None
    except UNREADABLE as error:
        raise EntryError(
            f"{path} is no artifact: {printable(str(error))}. Expected a model.pyz, which is a zip."
        ) from None
    stored = sum(info.compress_size for info in members)
    return {
        "artifact_bytes": size,
        "sha256": sha256_of(path),
        "has_entry": folders.ENTRY_MODULE in names,
        "parameters": _parameters(config),
        "members": {printable(info.filename): info.compress_size for info in members},
        "zip_overhead": size - stored,
        "config": config,
    }


def model_shapes(config: ModelConfig) -> Mapping[str, torch.Size]:
    """Shape of every tensor of a model, without the memory for it."""
    with torch.device("meta"):
        return {name: tensor.shape for name, tensor in LanguageModel(config).state_dict().items()}


def _expected_bits(shape: torch.Size, scheme: QuantisationScheme) -> float:
    """Entropy of a normally distributed matrix of that shape, quantised; some rows stand for all."""
    if not shape.numel():  # the skips of a model that has none
        return 0.0
    all_rows = shape[0] if len(shape) > 1 else 1
    rows, columns = min(all_rows, SAMPLED_ROWS), shape.numel() // max(all_rows, 1)
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))
    bits = entropy_bits(quantise(matrix, scheme).q.numpy())
    return bits * all_rows / rows + BITS_A_SCALE * all_rows


def _patches(recipe: Recipe) -> dict[str, float]:
    """Expected bytes of the patches of each group that is repaired."""
    empty = {name: torch.empty(shape, device="meta") for name, shape in model_shapes(recipe.model).items()}
    groups = recipe.groups()
    repairs = Precision(recipe.schemes(), groups).repairs(empty)
    return {groups[names[0]]: expected_bytes(empty, [(scheme, names)]) for scheme, names in repairs}


def _config(archive: zipfile.ZipFile) -> Any:
    # As in judge/archive.py: the others are unpacked a piece at a time without a limit.
    if archive.getinfo(folders.CONFIG).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("its config.json is neither stored nor deflated")
    with archive.open(folders.CONFIG) as member:
        data = member.read(LARGEST_CONFIG + 1)
    if len(data) > LARGEST_CONFIG:
        raise ValueError(f"its config.json is longer than {LARGEST_CONFIG:,} bytes")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("its config.json is nested too deep") from None


def _parameters(config: Any) -> int | None:
    """How many numbers a model of ours holds; None where the configuration is another's, or absurd."""
    try:
        model = TypeAdapter(ModelConfig).validate_json(json.dumps(config["model"]), strict=True)
        check_model(model)
    except (ValidationError, ValueError, KeyError, TypeError, ArithmeticError):
        return None
    sizes = [*(value for value in vars(model).values() if isinstance(value, int)), int(model.mlp_ratio)]
    sizes += [n for triple in model.ngrams for n in triple]
    if model.layers > MOST_LAYERS or len(model.ngrams) > MOST_LAYERS:
        return None
    if any(size > LARGEST_SIZE for size in sizes):
        return None
    return sum(shape.numel() for shape in model_shapes(model).values())
