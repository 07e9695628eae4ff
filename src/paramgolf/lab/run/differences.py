"""In what two recipes, or the settings of two runs, differ."""

from collections.abc import Mapping
from typing import Any

SHOWN = 4


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Both values of each key that differs, None where it is missing; nested keys as "model.width", sorted."""
    a, b = _flat(one), _flat(other)
    return {key: (a.get(key), b.get(key)) for key in sorted(a | b) if a.get(key) != b.get(key)}


def differences_in_words(found: Mapping[str, tuple[Any, Any]], one: str, other: str) -> str:
    """The first few, as "model.width: 64 there, 128 asked" where the sides are called "there" and "asked"."""
    words = [f"{key}: {a!r} {one}, {b!r} {other}" for key, (a, b) in list(found.items())[:SHOWN]]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(words) + more


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key, value in table.items():
        keys |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return keys
