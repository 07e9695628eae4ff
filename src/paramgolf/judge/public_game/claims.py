"""What a submission file of the public game says, in one small schema, each value with the key path it came from."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Said(Generic[Value]):
    """One value, and where in the file it stands, as in `seed_results.42.val_bpb`."""

    value: Value
    path: str


Number = Said[float] | None
Text = Said[str] | None


@dataclass(frozen=True, kw_only=True)
class SeedClaim:
    """What is said of one seed; bytes and seconds."""

    seed: int
    path: str
    bits_per_byte: Number = None
    loss: Number = None
    total_bytes: Number = None
    train_seconds: Number = None
    eval_seconds: Number = None
    steps: Number = None


@dataclass(frozen=True, kw_only=True)
class PublicSubmission:
    """What a submission file says; None and empty where it says nothing. Sizes are bytes, times seconds.

    `problems` says what is there but cannot be used as it stands (a text for a number); `repeated` what is said
    twice (a key, a seed); `every_run` the scores of all runs, where the file says that it claims a choice of them.
    """

    name: Text = None
    author: Text = None
    date: Text = None
    track: Text = None
    hardware: Text = None
    bits_per_byte: Number = None
    bits_per_byte_std: Number = None
    loss: Number = None
    total_bytes: Number = None
    code_bytes: Number = None
    model_bytes: Number = None
    train_seconds: Number = None
    eval_seconds: Number = None
    steps: Number = None
    seeds: tuple[int, ...] = ()
    seed_claims: tuple[SeedClaim, ...] = ()
    every_run: tuple[SeedClaim, ...] = ()
    problems: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
