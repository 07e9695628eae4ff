"""Read a submission file of the public game, in any of its dialects.

The public game never fixed the keys: 58 files use 139 different ones. Each value is looked for under its known names,
in the order of how plainly they say it; what is not a number where a number must be is a problem, never an error.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError
from paramgolf.judge.entry import LARGEST_SEED
from paramgolf.judge.public_game.claims import Number, PublicSubmission, Said, SeedClaim, Text

LARGEST_SUBMISSION = 2**20
LONGEST_TEXT = 300
LARGEST_NUMBER = 1e15
MOST_SEEDS = 100

NAMES = {
    "name": ("name", "run_name", "title", "submission_name"),
    "author": ("author", "authors", "github_id", "user"),
    "date": ("date", "timestamp"),
    "track": ("track", "submission_type"),
    "hardware": ("hardware", "gpu", "platform"),
    "bits_per_byte": (
        "val_bpb",
        "val_bpb_exact",
        "val_bpb_mean",
        "mean_val_bpb",
        "mean_bpb",
        "bits_per_byte",
        "bpb",
        "score",
        "val_var_bpb",
    ),
    "bits_per_byte_std": ("val_bpb_std", "std_val_bpb", "std_bpb"),
    "loss": (
        "val_loss",
        "val_loss_exact",
        "mean_val_loss",
        "val_loss_nats",
        "mean_val_loss_nats",
        "val_loss_sliding",
    ),
    "total_bytes": (
        "bytes_total",
        "total_bytes",
        "artifact_bytes_max",
        "artifact_bytes",
        "artifact_size_bytes",
        "submission_bytes",
        "compliance.artifact_bytes_max",
        "artifact_bytes_mean",
    ),
    "code_bytes": ("bytes_code", "code_bytes", "code_size_bytes"),
    "model_bytes": (
        "bytes_model",
        "bytes_model_compressed",
        "bytes_model_int8_zlib",
        "bytes_model_int6_zstd",
        "model_bytes",
    ),
    "train_seconds": (
        "train_time_seconds",
        "train_seconds",
        "train_time_s",
        "train_time_ms",
        "wallclock_seconds",
        "compliance.train_time_max_s",
        "train_time_s_mean",
    ),
    "eval_seconds": (
        "eval_time_seconds",
        "eval_seconds",
        "eval_time_s",
        "eval_time_ms",
        "ttt_eval_time_s",
        "ttt_time_ms",
        "compliance.eval_time_max_s",
        "eval_time_s_mean",
    ),
    "steps": ("steps", "step_stop", "train_steps", "train_steps_mean"),
}
TEXTS = ("name", "author", "date", "track", "hardware")
SEED_VALUES = ("bits_per_byte", "loss", "total_bytes", "train_seconds", "eval_seconds", "steps")
SEED_TABLES = ("seed_results", "seeds", "per_seed", "runs", "results")
SEED_LISTS = ("seeds", "seed_list", "seed")
SEED_SCORES = ("seed_scores", "val_bpb_per_seed", "seed_val_bpb")
# The submission calls these all its runs, of which it claims some.
DISCLOSURE = "seed_results_all_runs_disclosure"


def read_submission(data: bytes) -> PublicSubmission:
    """The claims in the bytes of a submission file.

    Raises:
        EntryError: too large, or no JSON object.
    """
    if len(data) > LARGEST_SUBMISSION:
        raise EntryError(
            f"The submission file has {len(data):,} bytes; at most {LARGEST_SUBMISSION:,} are read."
        )
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            twice.extend(
                quoted(name) for name, count in Counter(name for name, _ in pairs).items() if count > 1
            )
        return table

    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else ascii(str(error)[:200])[1:-1]
        raise EntryError(
            f"The submission file is no JSON: {reason}. Write one JSON object in UTF-8."
        ) from None
    if not isinstance(document, dict):
        raise EntryError(
            f"The submission file holds a {type(document).__name__}, expected one JSON object with val_bpb, "
            "bytes_total and the seeds."
        )
    return _Reader(document, [f"the key {name} stands there twice" for name in twice]).submission()


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


class _Reader:
    """Looks values up in one document and notes what cannot be used."""

    def __init__(self, document: dict[str, Any], repeated: list[str]) -> None:
        self.document, self.repeated = document, repeated
        self.problems: list[str] = []

    def submission(self) -> PublicSubmission:
        values: dict[str, Any] = {
            field: self.text(field) if field in TEXTS else self.number(field, self.document, "")
            for field in NAMES
        }
        if values["bits_per_byte"] is None and values["loss"] is not None:
            # Some files hold the bits per byte under the name of the loss; the path tells which value this is.
            values["bits_per_byte"] = values["loss"]
            self.problems.append(f"no key for the score; {values['loss'].path} is taken for bits per byte")
        claims = self.seed_claims()
        for field in ("total_bytes", "train_seconds", "eval_seconds"):
            said = [number for claim in claims if (number := getattr(claim, field)) is not None]
            values[field] = values[field] or max(said, key=lambda number: number.value, default=None)
        return PublicSubmission(
            **values,
            seeds=self.seeds() or tuple(claim.seed for claim in claims),
            seed_claims=claims,
            every_run=self.disclosed(),
            problems=tuple(self.problems),
            repeated=tuple(self.repeated),
        )

    def text(self, field: str) -> Text:
        for name in NAMES[field]:
            value = self.document.get(name)
            if isinstance(value, list):
                value = ", ".join(part for part in value if isinstance(part, str))
            if isinstance(value, str) and value.strip():
                return Said(value=_clean(value), path=name)
        return None

    def number(self, field: str, table: Mapping[str, Any], prefix: str) -> Number:
        """The first name of `field` that holds a number; a list counts as its largest."""
        for name in NAMES[field]:
            value = _lookup(table, name)
            if value is None:
                continue
            parts = value if isinstance(value, list) else [value]
            numbers = [number for part in parts if (number := _finite(part)) is not None]
            if numbers and len(numbers) == len(parts):
                scale = 1000 if name.endswith("_ms") else 1
                return Said(value=max(numbers) / scale, path=prefix + name)
            self.problems.append(f"{prefix}{name} is {_brief(value)}, expected a number")
        return None

    def seed_claims(self) -> tuple[SeedClaim, ...]:
        for name in SEED_TABLES:
            if claims := self.table_of_seeds(self.document.get(name), name):
                return claims
        seeds = self.seeds()
        for name in SEED_SCORES:
            scores = self.document.get(name)
            if isinstance(scores, list) and len(scores) == len(seeds):
                return tuple(
                    SeedClaim(
                        seed=seed,
                        path=f"{name}[{index}]",
                        bits_per_byte=Said(value=number, path=f"{name}[{index}]"),
                    )
                    for index, (seed, score) in enumerate(zip(seeds, scores, strict=True))
                    if (number := _finite(score)) is not None
                )
        return ()

    def table_of_seeds(self, table: Any, name: str) -> tuple[SeedClaim, ...]:
        """A claim a row of a table by seed, or of a list of objects with a seed."""
        if isinstance(table, dict):
            rows = [(_seed(key), row, f"{name}.{key}") for key, row in table.items()]
        elif isinstance(table, list):
            rows = [
                (_seed(row.get("seed")), row, f"{name}[{index}]")
                for index, row in enumerate(table)
                if isinstance(row, dict)
            ]
        else:
            return ()
        if len(rows) > MOST_SEEDS:
            self.problems.append(f"{name} has {len(rows):,} rows; the first {MOST_SEEDS} are read")
        claims = [
            self.seed_claim(seed, row, ascii(path)[1:-1])
            for seed, row, path in rows[:MOST_SEEDS]
            if seed is not None
        ]
        self.note_repeated(name, [claim.seed for claim in claims])
        return tuple(claims)

    def seed_claim(self, seed: int, row: Any, path: str) -> SeedClaim:
        if not isinstance(row, dict):
            number = _finite(row)
            score = None if number is None else Said(value=number, path=path)
            return SeedClaim(seed=seed, path=path, bits_per_byte=score)
        values = {field: self.number(field, row, path + ".") for field in SEED_VALUES}
        return SeedClaim(seed=seed, path=path, **values)

    def seeds(self) -> tuple[int, ...]:
        for name in SEED_LISTS:
            listed = self.document.get(name)
            parts: Iterable[Any] = listed[:MOST_SEEDS] if isinstance(listed, list) else [listed]
            seeds = [seed for part in parts if (seed := _seed(part)) is not None]
            if seeds:
                self.note_repeated(name, seeds)
                return tuple(seeds)
        return ()

    def disclosed(self) -> tuple[SeedClaim, ...]:
        """Scores of all runs, where the file says that it claims a choice of them."""
        block = self.document.get(DISCLOSURE)
        if not isinstance(block, dict):
            return ()
        tables = [(name, table) for name, table in block.items() if isinstance(table, dict)]
        return tuple(
            claim
            for name, table in tables
            for claim in self.table_of_seeds(table, f"{DISCLOSURE}.{name}")
            if claim.bits_per_byte is not None
        )

    def note_repeated(self, name: str, seeds: list[int]) -> None:
        for seed in (seed for seed, count in Counter(seeds).items() if count > 1):
            if (repeat := f"{name} names seed {seed} twice") not in self.repeated:
                self.repeated.append(repeat)


def _lookup(table: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.partition(".")
    value = table.get(outer)
    if not inner:
        return value
    return value.get(inner) if isinstance(value, dict) else None


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST_NUMBER:
        return None
    return float(value) if math.isfinite(value) else None


def _seed(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED
        else None
    )


def _clean(text: str) -> str:
    """One printable line; a stranger's text can hold anything."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * LONGEST_TEXT]).split())
    return line if len(line) <= LONGEST_TEXT else line[:LONGEST_TEXT] + "..."


def _brief(value: Any) -> str:
    return ascii(value)[:60] if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
