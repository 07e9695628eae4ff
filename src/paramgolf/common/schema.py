"""Types that several schemas hold; and what pydantic found wrong, told in one way wherever something is read."""

import difflib
import reprlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from paramgolf.common.printable import printable

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

MOST_PROBLEMS = 8
LONGEST_KEY = 60
LONGEST_VALUE = 80
LONGEST_MESSAGE = 300
UNKNOWN_KEYS = ("extra_forbidden", "unexpected_keyword_argument")

_VALUES = reprlib.Repr()
_VALUES.maxstring = _VALUES.maxother = LONGEST_VALUE


def problems(error: ValidationError, shape: Any = None, *, where: str = "") -> list[str]:
    """A line a problem: the key, what was got, what was expected. At most MOST_PROBLEMS, then how many more there are.

    A stranger's keys and values are cut and made printable. `shape` is the type (or its TypeAdapter) that was
    expected: with it, an unknown key lists those that are known. `where` is put before every key.
    """
    found = error.errors(include_url=False, include_context=False)
    lines = [_line(problem, shape, where) for problem in found[:MOST_PROBLEMS]]
    more = len(found) - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines


def what_is_wrong(error: Exception, shape: Any = None) -> str:
    """`problems` in one line; of another error, what it says."""
    if isinstance(error, ValidationError):
        return "; ".join(problems(error, shape))
    said = error.strerror if isinstance(error, OSError) else None
    return printable(said or str(error))[:LONGEST_MESSAGE]


def _line(problem: Any, shape: Any, where: str) -> str:
    place, kind = problem["loc"], problem["type"]
    key = ".".join(filter(None, [where, *map(shown_key, place)]))
    said = f"{key}: " if key else ""
    if kind in UNKNOWN_KEYS:
        return f"{said}{unknown_key(str(place[-1]), _known(shape, place[:-1]))}"
    if kind.startswith("missing"):
        return f"{said}missing; add it"
    if not place and kind == "value_error":
        # About values together: the input would be the whole table.
        return f"{said}{_expected(problem['msg'])}"
    return f"{said}got {shown(problem['input'])}; {_expected(problem['msg'])}"


def unknown_key(key: str, known: Sequence[str]) -> str:
    """What to say of a key that is not among the known ones: the nearest, and all of them."""
    near = difflib.get_close_matches(key[:LONGEST_KEY], known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"no such key; {hint}remove it" + (f", or use one of {', '.join(known)}" if known else "")


def shown(value: Any) -> str:
    """A stranger's value as Python writes it, cut and printable."""
    try:
        text = _VALUES.repr(value)
    except ValueError:
        # Python writes no integer of more than 4,300 digits.
        return "an integer of thousands of digits"
    return printable(text).replace("\n", " ")


def shown_key(part: int | str) -> str:
    """A part of a stranger's key, cut and printable."""
    text = ascii(str(part))[1:-1]
    return text if len(text) <= LONGEST_KEY else text[:LONGEST_KEY] + "..."


def _expected(message: str) -> str:
    text = printable(message.removeprefix("Value error, ")).replace("\n", " ")[:LONGEST_MESSAGE]
    start = "Input should be "
    return f"expected {text.removeprefix(start)}" if text.startswith(start) else text[:1].lower() + text[1:]


def _known(shape: Any, place: tuple[int | str, ...]) -> list[str]:
    """Keys of the table at that place of the shape."""
    if shape is None:
        return []
    adapter = shape if isinstance(shape, TypeAdapter) else TypeAdapter(shape)
    try:
        whole = adapter.json_schema()
    except PydanticInvalidForJsonSchema:
        return []
    nodes = list(_alternatives(whole, whole))
    for part in place:
        nodes = [
            one for node in nodes for inner in _inside(node, part) for one in _alternatives(inner, whole)
        ]
    return list(dict.fromkeys(key for node in nodes for key in node.get("properties", {})))


def _alternatives(node: dict[str, Any], whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A JSON schema's node, or those that it stands for."""
    if "$ref" in node:
        yield from _alternatives(whole["$defs"][node["$ref"].rpartition("/")[2]], whole)
    elif choices := node.get("anyOf") or node.get("oneOf"):
        for choice in choices:
            yield from _alternatives(choice, whole)
    else:
        yield node


def _inside(node: dict[str, Any], part: int | str) -> Iterator[dict[str, Any]]:
    """What a node says of its member of that name or number."""
    if isinstance(part, str):
        found = node.get("properties", {}).get(part, node.get("additionalProperties"))
    else:
        listed = node.get("prefixItems", [])
        found = listed[part] if part < len(listed) else node.get("items")
    if isinstance(found, dict):
        yield found
    elif any(
        isinstance(one, dict) and one.get("const") == part for one in node.get("properties", {}).values()
    ):
        # In a place, pydantic names the alternative of a union by its tag.
        yield node
