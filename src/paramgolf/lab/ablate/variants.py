"""Changes to a recipe as a person types them: `model.token_shift`, `model.width=160; model.heads=2`."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from paramgolf.common.names import unknown_name
from paramgolf.common.toml import UNSET, in_toml
from paramgolf.errors import ConfigError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.runtime.transformer.roles import PRECISION_GROUPS
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.recipe.recipe import Recipe

SEPARATOR = ";"
_BARE_WORD = re.compile(r"[A-Za-z][\w.-]*")

Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A changed recipe, and the change in the words of TOML."""

    label: str
    recipe: Recipe


def variants_of(recipe: Recipe, without: Sequence[str], with_: Sequence[str]) -> list[Variant]:
    """One variant for each entry: of `without`, keys that go back to their defaults; of `with_`, KEY=VALUE.

    KEY=none takes out a key that need not be given.
    An entry with several changes separates them by semicolons.

    Raises:
        UnknownNameError: no such key; the message lists near matches.
        ConfigError: a value that the recipe's own schema refuses, or a change that changes nothing.
    """
    if not without and not with_:
        raise ConfigError(
            "there is nothing to compare: give --without KEY or --with KEY=VALUE, such as "
            "--without model.token_shift. `paramgolf recipes show` lists the keys."
        )
    variants = []
    for text in without:
        changes = [(key, default_of(key)) for key in _parts(text)]
        variants.append(_variant(recipe, changes, f"--without {text}"))
    for text in with_:
        changes = [_assignment(part) for part in _parts(text)]
        variants.append(_variant(recipe, changes, f"--with {text}"))
    return variants


def table_of(recipe: Recipe) -> Table:
    """The recipe as the table that its TOML file could have held, defaults included."""
    table = recipe.to_dict()
    del table["name"], table["model"]["vocab_size"]
    return table


def default_of(key: str) -> Any:
    """The default under a dotted key: a value, or the table of a section. Raises UnknownNameError."""
    defaults = table_of(recipe_from({}, "defaults", "defaults"))
    del defaults["title"]
    defaults["weights"] = dict.fromkeys(PRECISION_GROUPS, asdict(QuantisationScheme()))
    known = _dotted(defaults)
    if key not in known:
        raise unknown_name("key of a recipe", key, known)
    return known[key]


def _variant(recipe: Recipe, changes: Sequence[tuple[str, Any]], source: str) -> Variant:
    table = table_of(recipe)
    for key, value in changes:
        _put(table, key, value)
    changed = recipe_from(table, recipe.name, source)
    label = "; ".join(f"{key} = {in_toml(value)}" for key, value in changes)
    if changed == recipe:
        raise ConfigError(f"{source}: recipe {recipe.name!r} already has {label}, so nothing would differ.")
    return Variant(label=label, recipe=changed)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR)]


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not value:
        raise ConfigError(f"--with {text}: expected KEY=VALUE, such as model.width=160")
    if default_of(key) is None and value == UNSET:
        return key, None
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        # A shell eats quotes, so a bare word stands for itself.
        if _BARE_WORD.fullmatch(value):
            return key, value
    raise ConfigError(
        f"--with {text}: {value!r} is no TOML value; write a number, true, false, a word, or a list such as "
        "[32, 64]"
    )


def _put(table: Table, key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        table = table.setdefault(section, {})
    table[last] = value


def _dotted(table: Table, prefix: str = "") -> dict[str, Any]:
    """Every key of nested tables, those of whole sections too."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat[f"{prefix}{key}"] = value
        if isinstance(value, dict):
            flat |= _dotted(value, f"{prefix}{key}.")
    return flat
