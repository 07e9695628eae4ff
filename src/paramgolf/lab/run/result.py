"""result.json: what a run measured."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from paramgolf.challenge import OBJECTIVES, Objective, TargetReached
from paramgolf.common.files import write_atomic
from paramgolf.common.schema import what_is_wrong
from paramgolf.errors import UsageError
from paramgolf.judge.entry import LARGEST_JSON


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a run ran on; `threads` are those of each of `processes`, `score_threads` those of the artifact."""

    torch: str
    python: str
    paramgolf: str
    device: str
    dtype: str
    threads: int
    processes: int
    compiled: bool
    score_threads: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """Sizes are bytes, times seconds of wall clock.

    `bits_per_byte_unquantised` is None where training went through coarse rounding: its float weights are no model.
    `compressed_bytes` is what `proof_documents` documents of `proof_text_bytes` bytes took: all documents, or
    the random sample that the challenge asks for. `compressors` are bits per byte. `ledger` sums to
    `artifact_bytes`.
    """

    challenge: str
    recipe: str
    seed: int
    commit: str | None
    environment: Environment
    parameters: int
    train_tokens: int
    train_seconds: float
    warmup_seconds: float
    tokens_per_second: float
    artifact_bytes: int
    artifact_limit: int
    bits_per_byte: float
    bits_per_byte_unquantised: float | None
    documents: int
    text_bytes: int
    compressed_bytes: int
    proven: bool
    score_seconds: float
    prove_seconds: float
    isolation: str
    compressors: dict[str, float]
    artifact_sha256: str
    ledger: list[tuple[str, int]]
    proof_documents: int
    proof_text_bytes: int
    proof_failure: str | None
    corpus: str
    train_bytes_per_token: float
    train_epochs: float
    steps: int
    bits_per_weight: float
    samples: list[dict[str, str]]
    settings: dict[str, Any]
    # Of a run against a target that reached it.
    target: TargetReached | None = None

    @property
    def objective(self) -> Objective:
        """What the run's game is won by."""
        return OBJECTIVES[self.settings["challenge"]["objective"]]


def write_result(path: Path, result: Result) -> None:
    """Write it as JSON, all of it or nothing."""
    table = asdict(result)
    if result.target is None:
        del table["target"]
    write_atomic(path, json.dumps(table, indent=2, ensure_ascii=False) + "\n")


def read_result(path: Path) -> Result:
    """Read it back.

    Raises:
        UsageError: there is no such file, or it is no result.
    """
    try:
        with path.open("rb") as handle:
            return TypeAdapter(Result).validate_json(handle.read(LARGEST_JSON), strict=True)
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"{path} is no result of a run: {what_is_wrong(error, Result)}. Remove it and run again."
        ) from None
