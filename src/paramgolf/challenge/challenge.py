"""A challenge: the byte cap, clocks, corpus, metric and record gate of one game, read from a TOML file."""

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    FiniteFloat,
    PositiveInt,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass

from paramgolf.common.names import unknown_name
from paramgolf.common.schema import problems
from paramgolf.common.toml import parse_toml
from paramgolf.errors import ConfigError

LARGEST_CHALLENGE_FILE = 65_536

Positive = Annotated[FiniteFloat, Field(gt=0)]
Seconds = Positive
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
Name = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]
# TOML has arrays only, so this one conversion is allowed
Names = Annotated[tuple[Line, ...], Strict(False)]


KEYS_OF_OBJECTIVES = {
    "bits_per_byte": ("record_margin_nats", "reference_bytes_per_token"),
    "seconds_to_target": ("target_bits_per_byte", "target_questions", "record_margin_seconds"),
}
"""The keys that a challenge has for its own objective and for no other."""


@dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True, extra="forbid"))
class Challenge:
    """The rules of one game. A clock or budget that is None does not exist in that game.

    Sizes are bytes, times are seconds of wall clock.
    """

    name: Name
    title: Line
    rules_version: Literal[1]
    objective: Literal["bits_per_byte", "seconds_to_target"]

    artifact_bytes: PositiveInt
    train_seconds: Seconds | None = None
    eval_seconds: Seconds | None = None
    prove_seconds: Seconds | None = None
    train_tokens: PositiveInt | None = None
    # text seen in training, repeats counted
    train_bytes: PositiveInt | None = None
    # for people: nothing reads it
    hardware: Line
    runtime_packages: Names

    # a name known to corpus/ or a path
    corpus: Line
    # the recipe that is run where none is given; no rule
    recipe: Name | None = None
    canonical_form: Literal["raw", "nmt_nfkc"]
    # how much text is split off where a corpus has no split of its own
    validation_bytes: PositiveInt
    # documents of the random sample that is proven by decompression; 0 proves every document
    proof_documents: Annotated[int, Field(ge=0)]

    # of bits_per_byte
    record_margin_nats: Positive | None = None
    reference_bytes_per_token: Positive | None = None
    # of seconds_to_target: the score to be reached, how often training may ask whether it is, and the margin
    target_bits_per_byte: Positive | None = None
    target_questions: Annotated[int, Field(ge=1, le=1000)] | None = None
    record_margin_seconds: Positive | None = None
    significance_level: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    minimum_seeds: PositiveInt

    @model_validator(mode="after")
    def _has_the_keys_of_its_objective(self) -> Self:
        for objective, keys in KEYS_OF_OBJECTIVES.items():
            for key in keys:
                given = getattr(self, key) is not None
                if given is not (objective == self.objective):
                    raise ValueError(
                        f"{key}: {f'of {objective} alone; remove it' if given else 'missing; add a line'}, "
                        f"since the objective is {self.objective!r}"
                    )
        return self


_CHALLENGE = TypeAdapter(Challenge)


def challenge_names() -> list[str]:
    """Names of the challenges that come with paramgolf, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in _catalog().iterdir() if _is_toml(entry.name))


def load_challenge(name_or_path: str) -> Challenge:
    """The challenge of that name in the catalog, or of that `.toml` file.

    Raises:
        UnknownNameError: no such challenge; the message lists near matches.
        ConfigError: the file cannot be read, or holds an unknown key or a wrong value.
    """
    if _is_toml(name_or_path):
        path = Path(name_or_path)
        try:
            with path.open("rb") as handle:
                return _parse(str(path), handle.read(LARGEST_CHALLENGE_FILE + 1))
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be read ({error.strerror}). Give the path of a TOML file."
            ) from None
    known = challenge_names()
    if name_or_path not in known:
        raise unknown_name("challenge", name_or_path, known)
    return _parse(f"{name_or_path}.toml", (_catalog() / f"{name_or_path}.toml").read_bytes())


def challenge_json(challenge: Challenge) -> str:
    """Its rules as canonical JSON: the same rules give the same text. `parse_challenge_json` reads them back."""
    return json.dumps(rules_of(challenge), sort_keys=True, indent=2) + "\n"


def rules_of(challenge: Challenge) -> dict[str, Any]:
    """Its rules as plain data: all but the default recipe, which decides nothing about a run or an entry."""
    rules: dict[str, Any] = _CHALLENGE.dump_python(challenge, mode="json", exclude={"recipe"})
    for key in KEYS_OF_OBJECTIVES["seconds_to_target"]:
        if rules[key] is None:
            # So that the rules of before keep their text, and with it their hash.
            del rules[key]
    return rules


def parse_challenge_json(data: bytes) -> Challenge:
    """The challenge back.

    Raises:
        ConfigError: it is no challenge.
    """
    try:
        return _CHALLENGE.validate_json(data)
    except ValidationError as error:
        raise ConfigError(f"This is no challenge in JSON:\n{_lines(error)}") from None


def _catalog() -> resources.abc.Traversable:
    return resources.files("paramgolf.challenge") / "catalog"


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _parse(source: str, data: bytes) -> Challenge:
    if len(data) > LARGEST_CHALLENGE_FILE:
        raise ConfigError(
            f"{source}: larger than {LARGEST_CHALLENGE_FILE:,} bytes, the most a challenge may have."
        )
    try:
        table = parse_toml(data)
    except ValueError as error:
        raise ConfigError(f"{source}: this is not TOML: {error}. Fix that place.") from None
    try:
        return Challenge(**table)
    except ValidationError as error:
        raise ConfigError(f"{source}: this is no challenge:\n{_lines(error)}") from None


def _lines(error: ValidationError) -> str:
    return "\n".join(f"  {line}" for line in problems(error, Challenge))
