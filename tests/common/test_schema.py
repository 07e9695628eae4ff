"""One formatter of pydantic's errors: the key, what was got, what was expected; short and printable."""

import json
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as strict_dataclass

from paramgolf.challenge import Challenge, challenge_json, load_challenge, parse_challenge_json
from paramgolf.common.schema import MOST_PROBLEMS, problems, shown, what_is_wrong
from paramgolf.errors import ConfigError


class Author(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: str
    github: str | None = None


class Paper(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    title: str
    authors: list[Author]
    sizes: dict[str, int] = {}


@strict_dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Row:
    width: int
    depth: int = 1


@dataclass(frozen=True)
class Plain:
    width: int


def error_of(shape, value):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(shape).validate_json(json.dumps(value))
    return caught.value


def told(shape, value):
    return problems(error_of(shape, value), shape)


def test_a_wrong_value_is_named_with_what_was_got_and_expected():
    assert told(Row, {"width": "wide"}) == ["width: got 'wide'; expected a valid integer"]


def test_a_key_inside_of_tables_and_lists_is_dotted():
    (line,) = told(Paper, {"title": "x", "authors": [{"name": "Ada"}, {"name": 3}]})
    assert line == "authors.1.name: got 3; expected a valid string"


def test_every_problem_has_a_line():
    assert len(told(Row, {"width": "x", "depth": "y"})) == 2


def test_of_many_problems_the_rest_is_counted():
    lines = told(dict[str, int], {str(i): "x" for i in range(MOST_PROBLEMS + 5)})
    assert len(lines) == MOST_PROBLEMS + 1
    assert lines[-1] == "and 5 more"


def test_a_missing_key_is_to_be_added():
    assert told(Row, {}) == ["width: missing; add it"]


@pytest.mark.parametrize("shape", [Row, TypeAdapter(Row)])
def test_an_unknown_key_names_the_nearest_and_all_known(shape):
    (line,) = problems(error_of(Row, {"width": 1, "depht": 2}), shape)
    assert line == "depht: no such key; did you mean 'depth'? remove it, or use one of width, depth"


def test_an_unknown_key_of_an_inner_table_names_that_tables_keys():
    (line,) = told(Paper, {"title": "x", "authors": [{"name": "Ada", "githb": "a"}]})
    assert (
        line == "authors.0.githb: no such key; did you mean 'github'? remove it, or use one of name, github"
    )


def test_an_unknown_argument_is_an_unknown_key():
    with pytest.raises(ValidationError) as caught:
        Row(width=1, dept=2)
    assert "did you mean 'depth'?" in what_is_wrong(caught.value, Row)


def test_without_a_shape_an_unknown_key_is_to_be_removed():
    error = error_of(Row, {"width": 1, "depht": 2})
    assert problems(error) == ["depht: no such key; remove it"]


def test_what_stands_before_every_key():
    assert problems(error_of(Row, {}), where="recipe.toml: model") == [
        "recipe.toml: model.width: missing; add it"
    ]


def test_text_that_is_no_json_says_where():
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Row).validate_json("{")
    assert "line 1 column 1" in what_is_wrong(caught.value)


def test_the_shape_of_a_plain_dataclass_is_known_too():
    assert told(Plain, {"width": []}) == ["width: got []; expected a valid integer"]


def test_an_integer_that_python_does_not_write_is_told():
    assert shown(1 << 20_000) == "an integer of thousands of digits"


def test_of_another_error_what_it_says():
    assert what_is_wrong(FileNotFoundError(2, "No such file or directory")) == "No such file or directory"
    assert what_is_wrong(ValueError("a\x1bb")) == "a\N{REPLACEMENT CHARACTER}b"


def test_a_problem_of_values_together_does_not_show_the_whole_table():
    rules = challenge_json(load_challenge("local")).replace("0.005", "null")
    with pytest.raises(ConfigError) as caught:
        parse_challenge_json(rules.encode())
    assert "record_margin_nats: missing; add a line" in str(caught.value)
    assert "got" not in str(caught.value)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=100), inner, max_size=12),
    max_leaves=40,
)


SHAPES = tuple(TypeAdapter(shape) for shape in (Paper, Challenge, list[Row]))


@given(JSON_VALUES)
@settings(max_examples=60)
def test_whatever_was_got_the_answer_is_short_and_printable(value):
    for shape in SHAPES:
        try:
            shape.validate_json(json.dumps(value))
        except ValidationError as error:
            lines = problems(error, shape)
            assert 0 < len(lines) <= MOST_PROBLEMS + 1
            assert all(line.isprintable() and len(line) < 2000 for line in lines)


@strict_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Made:
    kind: Literal["made"]
    by: str


@strict_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Lost:
    kind: Literal["lost"]
    where: str


def test_an_unknown_key_of_a_tagged_table_names_the_keys_of_that_kind():
    lines = told(Annotated[Made | Lost, Field(discriminator="kind")], {"kind": "lost", "were": "here"})
    assert lines == [
        "lost.where: missing; add it",
        "lost.were: no such key; did you mean 'where'? remove it, or use one of kind, where",
    ]
