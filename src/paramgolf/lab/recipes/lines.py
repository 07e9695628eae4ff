"""A recipe line by line: value, default, and what the field means.

An explanation stands in one place: beside the type of the field in its dataclass, `Annotated[int, "what it means"]`.
Packing drops annotations, so that the explanations of what ships cost no byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from paramgolf.common.toml import in_toml
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.recipe.recipe import Recipe

# The name is the file's; the vocabulary is set where the tokenizer is.
NOT_IN_THE_FILE = ("name", "model.vocab_size")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One field of a recipe; value and default in the words of TOML. `section` is "" above the sections."""

    section: str
    key: str
    value: str
    default: str
    explanation: str

    @property
    def is_default(self) -> bool:
        """Whether the recipe could leave this line out."""
        return self.value == self.default


def lines_of(recipe: Recipe) -> list[Line]:
    """Every line that the recipe's file has or could have, sections in their order."""
    lines = list(_lines(recipe, recipe_from({}, recipe.name, recipe.name), ""))
    return [line for line in lines if not line.section] + [line for line in lines if line.section]


def explanations(cls: type) -> dict[str, str]:
    """By field of a dataclass, its explanation; "" where there is none."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: _explanation(hints[field.name]) for field in fields(cls)}


def _explanation(hint: Any) -> str:
    return next((text for text in getattr(hint, "__metadata__", ()) if isinstance(text, str)), "")


def _lines(value: Any, default: Any, section: str) -> Iterator[Line]:
    meanings = explanations(type(value))
    for field in fields(value):
        key = f"{section}.{field.name}".lstrip(".")
        got, usual = getattr(value, field.name), getattr(default, field.name)
        if key in NOT_IN_THE_FILE:
            continue
        if is_dataclass(got):
            yield from _lines(got, usual, key)
        elif field.name == "weights" and not section:
            for group, scheme in got.items():
                yield from _lines(scheme, QuantisationScheme(), f"weights.{group}")
        else:
            yield Line(
                section=section,
                key=field.name,
                value=in_toml(got),
                default=in_toml(usual),
                explanation=meanings[field.name],
            )
