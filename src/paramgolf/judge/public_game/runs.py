"""Which of the logged runs an entry stands on, once each."""

import math
import re
from statistics import fmean

from paramgolf.judge.public_game.answers import half_a_unit
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.logs import Evaluation, LogRun

Kind = tuple[int | None, int | None, int | None]
_DETAIL = re.compile(r"_exact\b|\s?\bstride[:=]\s?\d+")


def seeds_of(run: LogRun) -> set[int]:
    """The seed printed and the one in the file's name: one, none, or two that contradict each other."""
    return {seed for seed in (run.seed, run.seed_in_name) if seed is not None}


def distinct_runs(runs: tuple[LogRun, ...]) -> list[LogRun]:
    """Each run once: a log that was copied under another name shows the same curve."""
    kept: dict[str, LogRun] = {}
    for index, run in enumerate(runs):
        key = run.curve or str(index)
        # Of two copies, the one whose name says the seed tells more.
        if key not in kept or (kept[key].seed_in_name is None and run.seed_in_name is not None):
            kept[key] = run
    return list(kept.values())


def counted_runs(entry: PublicEntry) -> list[LogRun]:
    """The distinct runs that the claim is about: of the claimed seeds, and of one kind.

    A folder may hold logs of baselines and ablations too; these are no evidence for or against the claim. Of several
    kinds of runs the one counts that holds the claimed score, else the commonest.
    """
    runs = distinct_runs(entry.runs)
    said = entry.submission
    claimed = set(said.seeds) if said else set()
    runs = [run for run in runs if seeds_of(run) & claimed] or runs
    kinds: dict[Kind, list[LogRun]] = {}
    for run in [run for run in runs if run.scores] or runs:
        kinds.setdefault(_kind(run), []).append(run)
    claim = said.bits_per_byte.value if said and said.bits_per_byte else None

    def fits(kind: list[LogRun]) -> tuple[bool, int]:
        holds = claim is not None and (
            label_of_mean(claim, kind) is not None
            or any(same(claim, [score]) for run in kind for score in run.scores)
        )
        return holds, len(kind)

    return max(kinds.values(), key=fits, default=[])


def unclaimed_runs(entry: PublicEntry) -> list[LogRun]:
    """Distinct scored runs of the counted kind with seeds that the entry does not claim."""
    claimed = set(entry.submission.seeds) if entry.submission else set()
    kinds = {_kind(run) for run in counted_runs(entry) if run.model_params}
    return [
        run
        for run in distinct_runs(entry.runs)
        if claimed and run.scores and seeds_of(run) and not seeds_of(run) & claimed and _kind(run) in kinds
    ]


def label_scores(runs: list[LogRun]) -> dict[str, dict[int, Evaluation]]:
    """Each label's most exact score a run, by the run's index, for the labels of the artifact's scores."""
    by_label: dict[str, dict[int, Evaluation]] = {}
    for index, run in enumerate(runs):
        for score in run.scores:
            kept = by_label.setdefault(_DETAIL.sub("", score.label), {})
            if index not in kept or score.decimals >= kept[index].decimals:
                kept[index] = score
    return by_label


def label_of_mean(claim: float, runs: list[LogRun]) -> str | None:
    """The label whose mean over all runs is the claim."""
    for label, scores in label_scores(runs).items():
        if len(scores) == len(runs) and same(claim, list(scores.values())):
            return label
    return None


def same(claim: float, scores: list[Evaluation]) -> bool:
    """The mean of the scores is the claim, as far as both are printed."""
    return abs(claim - fmean(score.bits_per_byte for score in scores)) <= tolerance(claim, scores)


def tolerance(claim: float, scores: list[Evaluation]) -> float:
    """What rounding may have moved them apart by: half a unit of the last place of each."""
    return half_a_unit(claim) + max(half_a_unit(0, score.decimals) for score in scores) + 1e-9


def _kind(run: LogRun) -> Kind:
    """Runs of one model, as long as each other (to a power of two) on as many devices."""
    length = round(math.log2(run.train_seconds)) if run.train_seconds else None
    return run.model_params, run.world_size, length
