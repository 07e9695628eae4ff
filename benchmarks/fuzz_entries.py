"""Targets of benchmarks/fuzz.py: the papers of an entry, and a verdict on it."""

import functools
import json
from pathlib import Path
from typing import Any

from fuzz_inputs import JSON_WORDS, Target, check_safe
from paramgolf.challenge import load_challenge
from paramgolf.judge.entry import Entry, read_entry
from paramgolf.judge.papers import Papers
from paramgolf.judge.reproduction import logged_tokens
from paramgolf.judge.rules.registry import judge_papers
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict, read_verdict, verdict_json
from paramgolf.train.recipe.files import load_recipe, recipe_folder

DOCUMENTS = (b"A text that is to be predicted, and is long enough for a piece of it to be found again. " * 3,)
SHA256 = "0" * 64
ENTRY: dict[str, Any] = {
    "title": "t",
    "authors": [{"name": "a", "github": "b"}],
    "challenge": "local",
    "track": "fixed",
    "record": False,
    "document_isolation": False,
    "parents": ["p"],
    "hardware": "2 cores",
    "licence": "MIT",
    "recipe": "recipe.toml",
    "seeds": [
        {"seed": 1, "artifact": "model.pyz", "sha256": SHA256, "bits_per_byte": 2.0, "log": "log.jsonl"}
    ],
}
SCORE = SeedScore(
    seed=1,
    artifact_sha256=SHA256,
    artifact_bytes=9,
    bits_per_byte=2.0,
    bits=16.0,
    text_bytes=8,
    score_seconds=1.0,
)
TOML_WORDS = (
    b" = ",
    b"[[seeds]]\n",
    b"a." * 150,
    b"0x" + b"f" * 900,
    b"[" * 900,
    b"inf",
    b"\n",
    b'"""',
    b"1979-05-27",
)


def entry_seeds() -> list[bytes]:
    import tomli_w

    return [tomli_w.dumps(ENTRY).encode(), tomli_w.dumps(ENTRY | {"parents": []}).encode()]


def call_entry(folder: Path, data: bytes) -> None:
    (folder / "entry.toml").write_bytes(data)
    read_entry(folder)


PAPER_SEEDS = (
    json.dumps(
        {
            "seed": 1,
            "challenge": "local",
            "artifact_sha256": SHA256,
            "artifact_bytes": 9,
            "train_seconds": 5.0,
        }
    ).encode(),
    b"\n".join(json.dumps({"step": i, "seconds": i / 2, "tokens": 64 * i}).encode() for i in range(1, 5)),
    json.dumps({"splits": {"validation": {"sha256": SHA256}, "train": {"sha256": "1" * 64}}}).encode(),
)


@functools.cache
def _papers(folder: Path) -> Papers:
    seed = ENTRY["seeds"][0] | {"result": "result.json", "manifest": "manifest.json"}
    return Papers(
        folder=folder,
        entry=Entry.model_validate(ENTRY | {"seeds": [seed]}),
        challenge=load_challenge("local"),
        documents=DOCUMENTS,
        scores=[SCORE],
        whole_text=True,
    )


def call_papers(folder: Path, data: bytes) -> None:
    """The same bytes as result, log and manifest."""
    for name in ("result.json", "log.jsonl", "manifest.json", "README.md"):
        (folder / name).write_bytes(data)
    for finding in judge_papers(_papers(folder)):
        check_safe(finding.measured + finding.limit + finding.evidence + finding.mend)
    for entered in _papers(folder).entry.seeds:
        logged_tokens(folder, entered)


def call_recipe(folder: Path, data: bytes) -> None:
    (folder / "recipe.toml").write_bytes(data)
    load_recipe(str(folder / "recipe.toml"))


def verdict_seeds() -> list[bytes]:
    finding = Finding(
        rule="R01", name="entry", outcome=Outcome.PASS, measured="1", limit="1", evidence="read"
    )
    verdict = Verdict(
        entry="e",
        title="t",
        challenge="local",
        rules_version=1,
        track="fixed",
        record=False,
        standing=Validity.VALID,
        depth="full",
        findings=(finding,),
        scores=(SCORE,),
        documents_sha256=SHA256,
        environment={"python": "3.11"},
        judged_at="2026-01-01",
        seconds=1.0,
    )
    return [verdict_json(verdict).encode()]


def call_verdict(folder: Path, data: bytes) -> None:
    (folder / "verdict.json").write_bytes(data)
    verdict_json(read_verdict(folder / "verdict.json"))


ENTRIES: dict[str, Target] = {
    "entry.toml": Target(
        group="others",
        seeds=entry_seeds,
        call=call_entry,
        words=TOML_WORDS,
    ),
    "papers": Target(group="others", seeds=lambda: PAPER_SEEDS, call=call_papers, words=JSON_WORDS),
    "verdict": Target(group="others", seeds=verdict_seeds, call=call_verdict, words=JSON_WORDS),
    "recipe": Target(
        group="others",
        seeds=lambda: [path.read_bytes() for path in sorted(recipe_folder().glob("*.toml"))],
        call=call_recipe,
        words=(*TOML_WORDS, b"[model]\n", b"[weights.", b"order = "),
    ),
}
