"""R14 and R18: what an artifact was trained on and for how long. Papers are a word; training it again is evidence."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paramgolf.challenge import Challenge
from paramgolf.corpus import documents_sha256
from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.judge.entry import LARGEST_ENTRY_FILE, LARGEST_LOG, EnteredSeed, Entry
from paramgolf.judge.reproduce import Plan, Trained, train_again
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Finding, SeedScore
from paramgolf.score import ENTRY_THREADS, Isolation, score_artifact

CLOCK_SLACK = 1.01
# Of the score. The same seed and tokens trained on another machine: sums round differently, and where the clock was
# the entry's budget its learning rate followed the clock. Measured pairs stand in docs/judge.md.
TOLERANCE = 0.01
WITHOUT = "trained without the validation documents"

TRAINING = Rule(
    "R14", "training data", f"{WITHOUT}: at most {TOLERANCE:.0%} better than its recipe makes it again"
)
CLOCK = Rule(
    "R18",
    "training clock",
    lambda challenge: f"{challenge.train_seconds:g} s" if challenge.train_seconds else "no clock",
)


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """One seed, trained again. Without `bits_per_byte` it did not come to a score, and `error` says why."""

    seed: int
    same_tokens: bool
    trained: Trained | None = None
    bits_per_byte: float | None = None
    error: EntryError | None = None


def reproduce(
    folder: Path,
    entry: Entry,
    seed: EnteredSeed,
    *,
    challenge: Challenge,
    corpus: str,
    documents: Sequence[bytes],
    say: Callable[[str], None],
) -> Reproduction:
    """Train that seed of an entry again and score what comes of it; the entry's own faults are in the result.

    Raises:
        SandboxError: the sandbox is missing or broke.
    """
    tokens = None
    trained = None
    try:
        if entry.recipe is None:
            raise EntryError("entry.toml names no recipe. Enter the recipe.toml of the run.")
        recipe = read_regular_file(folder, entry.recipe, LARGEST_ENTRY_FILE)
        tokens = logged_tokens(folder, seed)
        plan = Plan(recipe=recipe, seed=seed.seed, challenge=challenge, corpus=corpus, tokens=tokens)
        with private_folder() as private:
            artifact = private / "model.pyz"
            trained = train_again(plan, artifact, say)
            say(f"reproduction: trained on {trained.tokens:,} tokens in {trained.seconds:.0f} s; scoring")
            score = score_artifact(
                artifact, documents, isolation=Isolation.BUBBLEWRAP, threads=ENTRY_THREADS, seconds_limit=None
            )
    except EntryError as error:
        return Reproduction(seed=seed.seed, same_tokens=tokens is not None, trained=trained, error=error)
    return Reproduction(
        seed=seed.seed,
        same_tokens=tokens is not None,
        trained=trained,
        bits_per_byte=score.bits_per_byte,
    )


def logged_tokens(folder: Path, seed: EnteredSeed) -> int | None:
    """How many tokens the last line of a seed's log says it saw; None without a log that says so."""
    if seed.log is None:
        return None
    try:
        lines = read_regular_file(folder, seed.log, LARGEST_LOG).splitlines()
        tokens = json.loads(lines[-1])["tokens"]
    except (EntryError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return tokens if type(tokens) is int and 0 < tokens < 2**50 else None


def judge_training_data(
    manifest: dict[str, Any],
    documents: Sequence[bytes],
    whole_text: bool,
    score: SeedScore | None,
    reproduction: Reproduction | None,
) -> Finding:
    """R14: fails where the papers or a reproduction contradict it, passes only where a reproduction bears it out."""
    if failed := _by_manifest(manifest, documents, whole_text):
        return failed
    if reproduction is None:
        said = "By its manifest the validation documents were kept out; that is the entrant's word."
        none = "There is no manifest of the training data."
        return TRAINING.undecided(
            said if manifest else none, "Have it trained again: --reproduce.", limit=WITHOUT
        )
    if score is None or reproduction.bits_per_byte is None:
        return _not_reproduced(reproduction)
    return _compared(score.bits_per_byte, reproduction)


def _by_manifest(manifest: dict[str, Any], documents: Sequence[bytes], whole_text: bool) -> Finding | None:
    if not manifest:
        return None
    validation = _at(manifest, "splits", "validation", "sha256")
    canonical = documents_sha256(documents)
    if whole_text and validation != canonical:
        return TRAINING.failed(
            f"validation split {ascii(str(validation))[1:17]}...",
            f"validation split {canonical[:16]}...",
            "The manifest of the training data kept other documents out than those that are scored.",
            "Train with the challenge's own split: paramgolf data.",
        )
    if _at(manifest, "splits", "train", "sha256") == validation:
        return TRAINING.failed(
            "train equals validation", WITHOUT, "by the manifest", "Train with training data."
        )
    return None


def _not_reproduced(reproduction: Reproduction) -> Finding:
    error = reproduction.error or EntryError("The artifact itself has no score to compare with.")
    mend = "Enter the recipe that was trained, with every file that it needs."
    if isinstance(error, EntryTimeoutError) or reproduction.error is None:
        return TRAINING.undecided(first_line(error), mend, limit=WITHOUT)
    return TRAINING.failed("the recipe does not make an artifact", WITHOUT, first_line(error), mend)


def _compared(scored: float, reproduction: Reproduction) -> Finding:
    again = reproduction.bits_per_byte
    assert again is not None
    assert reproduction.trained is not None
    measured = f"{scored:.4f} entered, {again:.4f} trained again"
    limit = f"at most {TOLERANCE:.0%} better than its recipe makes it with training data alone"
    evidence = f"seed {reproduction.seed}, {reproduction.trained.tokens:,} tokens, in a sandbox without validation text"
    if again - scored <= TOLERANCE * scored:
        return TRAINING.passed(measured, limit, evidence)
    if not reproduction.same_tokens:
        return TRAINING.undecided(
            f"{measured}, by the clock of this machine: there is no log that says how many tokens it saw.",
            "Enter log.jsonl of the run.",
            limit=limit,
        )
    return TRAINING.failed(
        measured,
        limit,
        evidence,
        "Enter the recipe and the seed that made this artifact, and train on training data.",
    )


def judge_training_clock(challenge: Challenge, reproduction: Reproduction | None) -> Finding:
    """R18: what the same tokens took here. More than the clock may be the machine's fault, so it never fails."""
    clock = challenge.train_seconds
    limit = CLOCK.limit(challenge)
    if reproduction is None or reproduction.trained is None:
        return CLOCK.undecided(
            "It was not trained again.", "Have it trained again: --reproduce.", limit=limit
        )
    trained = reproduction.trained
    measured = f"{trained.seconds:.1f} s for {trained.tokens:,} tokens"
    if clock and trained.seconds > clock * CLOCK_SLACK:
        return CLOCK.undecided(
            "Longer than the clock, but this machine may be slower than the entrant's.",
            "Judge it on the challenge's hardware.",
            limit=limit,
            measured=measured,
        )
    return CLOCK.passed(measured, limit, "the trainer's clock in the sandbox; compiling is outside of it")


def _at(table: Any, *keys: str) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
