"""What a change to a recipe is worth: base and variants, trained under the same seeds, compared seed by seed."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from paramgolf.challenge import Challenge
from paramgolf.common.files import write_atomic
from paramgolf.errors import UsageError
from paramgolf.lab.ablate.corpus import HeldBack, hold_back
from paramgolf.lab.ablate.one_run import Measured, read_measured
from paramgolf.lab.ablate.paired import Paired, paired
from paramgolf.lab.ablate.plan import Pair, Run, pairs_of, rounds_of
from paramgolf.lab.ablate.rounds import run_at_once
from paramgolf.lab.ablate.variants import Variant
from paramgolf.lab.executor.executor import Executor
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.budget import budget_of
from paramgolf.lab.run.data import prepare_data
from paramgolf.lab.run.environment import commit
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import RunSettings
from paramgolf.train.data.tokens import TokenisedText
from paramgolf.train.recipe.recipe import Recipe

RESULT = "ablation.json"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A variant against the base: what each seed measured, and what the differences in bits per byte say.

    `packed` is of the artifacts, None where one is over the byte limit; `unpacked` of the float32 weights.
    """

    change: str
    base: list[Measured]
    variant: list[Measured]
    packed: Paired | None
    unpacked: Paired

    @property
    def deciding(self) -> Paired:
        """What the verdict goes by: the artifacts, where there are."""
        return self.packed or self.unpacked


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """All comparisons of one call, and what they were made on."""

    recipe: str
    challenge: str
    corpus: str
    seeds: int
    budget: str
    held_back: HeldBack
    at_once: int
    commit: str | None
    comparisons: list[Effect]


def ablate(
    settings: RunSettings,
    variants: Sequence[Variant],
    *,
    seeds: int,
    tokens: int | None,
    seconds: float | None,
    out: Path,
    executor: Executor,
    reporter: Reporter,
) -> Ablation:
    """Train base and variants under seeds 0 ... `seeds` - 1 and compare them on text held back from training.

    `tokens` (of the base's tokenizer: every variant sees the same text) or `seconds` replace the challenge's own
    budget. Every run is one single-thread process on a slot of the executor. Runs that
    finished before in `out` are not repeated.

    Raises:
        UsageError: `out` holds other runs, `seeds` is out of range, or the challenge has a target.
        CorpusError: the corpus is damaged, or too small to hold text back.
        TrainingError: a run failed; the same call goes on from there.
    """
    if seeds < 1 or (tokens is not None and seconds is not None):
        raise UsageError(
            f"got --seeds {seeds}, --tokens {tokens}, --seconds {seconds}; give 1 seed or more, and tokens or "
            "seconds but not both"
        )
    if settings.challenge.target_bits_per_byte is not None:
        raise UsageError(
            f"{settings.challenge.name} ends a run at its target, and an ablation compares scores after one budget. "
            "Give another --challenge."
        )
    held_back = hold_back(settings.corpus, settings.challenge, out / "corpus", reporter.say)
    base = replace(settings, corpus=str((out / "corpus").resolve()), recipe=_in_one_process(settings.recipe))
    changed = [replace(v, recipe=_in_one_process(v.recipe)) for v in variants]
    bytes_per_token = _prepare(base, out, reporter).bytes_per_token
    base = replace(base, challenge=_shortened(base.challenge, tokens, seconds, bytes_per_token))
    clock = base.challenge.train_seconds is not None
    pairs = pairs_of(base.recipe, changed, seeds, clock=clock)
    rounds = rounds_of(pairs, executor.at_once, clock=clock)
    for number, runs in enumerate(rounds, 1):
        for run in runs:
            _make_folder(replace(base, recipe=run.recipe, seed=run.seed), out / run.folder, out, reporter)
        run_at_once(f"round {number} of {len(rounds)}", runs, executor, out, reporter)
    ablation = Ablation(
        recipe=settings.recipe.name,
        challenge=settings.challenge.name,
        corpus=Path(settings.corpus).name,
        seeds=seeds,
        budget=_budget_in_words(base),
        held_back=held_back,
        at_once=max(map(len, rounds)),
        commit=commit(),
        comparisons=[_compare(label, of, out) for label, of in pairs.items()],
    )
    write_atomic(out / RESULT, json.dumps(asdict(ablation), indent=2) + "\n")
    return ablation


def _in_one_process(recipe: Recipe) -> Recipe:
    return replace(recipe, training=replace(recipe.training, cpu_processes=1))


def _shortened(
    challenge: Challenge, tokens: int | None, seconds: float | None, bytes_per_token: float
) -> Challenge:
    """The challenge with the budget that was asked for, tokens as the text that they are."""
    if tokens is not None:
        text = round(tokens * bytes_per_token)
        return replace(challenge, train_seconds=None, train_tokens=None, train_bytes=text)
    if seconds is not None:
        return replace(challenge, train_seconds=seconds, train_tokens=None, train_bytes=None)
    return challenge


def _budget_in_words(base: RunSettings) -> str:
    budget = budget_of(base.challenge, base.recipe, 1.0)
    text = None if budget.tokens is None else f"{budget.tokens:,} bytes of text"
    clock = None if budget.seconds is None else f"{budget.seconds:g} s of training"
    return " or ".join(part for part in (clock, text) if part)


def _prepare(settings: RunSettings, out: Path, reporter: Reporter) -> TokenisedText:
    """Tokens of the ablation's corpus, shared by all runs with the same tokenizer."""
    return prepare_data(settings, _tokens_folder(settings, out), reporter.say)


def _tokens_folder(settings: RunSettings, out: Path) -> RunFolder:
    tokenizer = json.dumps(asdict(settings.recipe.tokenizer), sort_keys=True)
    return RunFolder(out / "tokens" / hashlib.sha256(tokenizer.encode()).hexdigest()[:16])


def _make_folder(settings: RunSettings, path: Path, out: Path, reporter: Reporter) -> None:
    """A run folder with its settings and its data; raises UsageError where it holds another run."""
    folder = RunFolder(path)
    folder.refuse_other(settings)
    _prepare(settings, out, reporter)
    folder.claim(settings)
    if not folder.data.exists():
        folder.data.symlink_to(os.path.relpath(_tokens_folder(settings, out).data, path))


def _compare(change: str, pairs: Sequence[Pair], out: Path) -> Effect:
    base, variant = ([_measured(out / run.folder) for run in side] for side in _sides(pairs))
    both = list(zip(base, variant, strict=True))
    packed = [
        v.packed_bits_per_byte - b.packed_bits_per_byte
        for b, v in both
        if b.packed_bits_per_byte is not None and v.packed_bits_per_byte is not None
    ]
    return Effect(
        change=change,
        base=base,
        variant=variant,
        packed=paired(packed) if len(packed) == len(both) else None,
        unpacked=paired([v.float_bits_per_byte - b.float_bits_per_byte for b, v in both]),
    )


def _sides(pairs: Sequence[Pair]) -> tuple[list[Run], list[Run]]:
    return [pair.base for pair in pairs], [pair.variant for pair in pairs]


def _measured(folder: Path) -> Measured:
    measured = read_measured(folder)
    assert measured is not None, "compared only after all runs"
    return measured
