"""R01, R15 and R16 on paper: what is there, whether the logs are of the runs they stand for, and which seeds count."""

from collections import defaultdict
from statistics import fmean

from paramgolf.challenge import Challenge
from paramgolf.common.printable import quoted
from paramgolf.judge.public_game.answers import half_a_unit, listed
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.logs import LogRun
from paramgolf.judge.public_game.runs import (
    counted_runs,
    distinct_runs,
    label_of_mean,
    label_scores,
    seeds_of,
    unclaimed_runs,
)
from paramgolf.judge.rules.entry import RULE as ENTRY
from paramgolf.judge.rules.evidence import RULE as EVIDENCE
from paramgolf.judge.rules.seeds import RULE as SEEDS
from paramgolf.judge.verdict import Finding, Outcome

REGULAR = "regular files inside the folder, JSON as JSON, programs that can be read"


def judge_folder(entry: PublicEntry) -> list[Finding]:
    """R01: what cannot be read fails, what is missing is left open."""
    unread = [script.problem for script in entry.scripts.values() if script.problem]
    said = entry.submission
    absent = (
        []
        if said is None
        else [
            word
            for word, value in {
                "a name": said.name,
                "an author": said.author,
                "a score": said.bits_per_byte,
            }.items()
            if value is None
        ]
    )
    open_points = [f"no {what}" for what in entry.missing] + [
        f"the submission states no {what}" for what in absent
    ]
    open_points += [*unread, *(said.problems if said else ())]
    findings = []
    if entry.refused:
        mend = "Put regular files there that can be read, or leave them out."
        findings.append(
            ENTRY(Outcome.FAIL, f"{len(entry.refused)} refused", REGULAR, listed(list(entry.refused)), mend)
        )
    if said and said.repeated:
        evidence = listed(list(said.repeated))
        findings.append(ENTRY(Outcome.FAIL, "said twice", "every key once", evidence, "Say each thing once."))
    if open_points:
        measured = f"{len(open_points)} open"
        findings.append(
            ENTRY(Outcome.UNDECIDED, measured, REGULAR, listed(open_points), "Add what is missing.")
        )
    return findings or [
        ENTRY(
            Outcome.PASS,
            f"{len(entry.files)} files",
            REGULAR,
            "submission, logs, program and README.md are there",
        )
    ]


def judge_evidence(entry: PublicEntry) -> list[Finding]:
    """R15: one log is one run, complete, and each claimed seed has one."""
    limit = "a whole log of its own for each claimed seed"
    findings = []
    copies = _copies(entry.runs)
    if copies:
        mend = "Put the log of each run there, as it was printed."
        findings.append(EVIDENCE(Outcome.FAIL, f"{len(copies)} logs are copies", limit, listed(copies), mend))
    logged = {seed for run in entry.runs for seed in seeds_of(run)}
    absent = [
        str(seed) for seed in (entry.submission.seeds if entry.submission else ()) if seed not in logged
    ]
    cut = [quoted(run.log) for run in counted_runs(entry) if not run.scores]
    open_points = ["there is no log"] if not entry.runs else []
    if entry.runs and absent:
        open_points.append(f"no log of seed {', '.join(absent)}")
    if cut:
        open_points.append(f"without a score of the artifact: {listed(cut)}")
    if open_points:
        mend = "Add the whole logs of every claimed seed."
        findings.append(EVIDENCE(Outcome.UNDECIDED, open_points[0], limit, listed(open_points), mend))
    runs = len(distinct_runs(entry.runs))
    return findings or [
        EVIDENCE(Outcome.PASS, f"{runs} runs logged", limit, "compared by their curves and scores")
    ]


def _copies(runs: tuple[LogRun, ...]) -> list[str]:
    """Files whose names state different seeds and that show one run."""
    by_curve: dict[str, list[LogRun]] = defaultdict(list)
    for run in runs:
        if run.curve:
            by_curve[run.curve].append(run)
    return [
        f"{' and '.join(sorted({quoted(run.log) for run in same}))} show the same curve"
        for same in by_curve.values()
        if len({run.seed_in_name for run in same} - {None}) > 1
    ]


def judge_seeds(entry: PublicEntry, challenge: Challenge) -> list[Finding]:
    """R16: distinct seeds, every one of them in its log, and none left out of the mean."""
    limit = f"at least {challenge.minimum_seeds} distinct seeds, each printed by its own log, all of them in the mean"
    findings = [
        SEEDS(Outcome.FAIL, measured, limit, evidence, mend)
        for measured, evidence, mend in (*_one_seed(entry), *_best_of(entry))
    ]
    if findings:
        return findings
    runs = counted_runs(entry)
    seeds = set(entry.submission.seeds if entry.submission else ()) or {
        s for run in runs for s in seeds_of(run)
    }
    measured = f"{len(seeds)} seeds, {len(runs)} runs logged"
    if entry.record and len(seeds) < challenge.minimum_seeds:
        evidence = (
            "Too few seeds to tell luck from gain." if seeds else "No seed is stated and none is printed."
        )
        return [SEEDS(Outcome.UNDECIDED, measured, limit, evidence, "Run and log more seeds.")]
    return [SEEDS(Outcome.PASS, measured, limit, f"seeds {', '.join(map(str, sorted(seeds)))}")]


def _one_seed(entry: PublicEntry) -> list[tuple[str, str, str]]:
    """One seed printed in logs that stand for several."""
    wrong = [
        f"{quoted(run.log)} prints seed {run.seed}, its name says {run.seed_in_name}"
        for run in distinct_runs(entry.runs)
        if len(seeds_of(run)) > 1
    ]
    mend = "Run each seed that is claimed, and keep the log as it was printed."
    if wrong:
        return [(f"{len(wrong)} logs print another seed than they stand for", listed(wrong), mend)]
    printed = {run.seed for run in counted_runs(entry)} - {None}
    claimed = set(entry.submission.seeds) if entry.submission else set()
    runs = [run for run in distinct_runs(entry.runs) if run.seed is not None]
    if len(runs) > 1 and len({run.seed for run in runs}) == 1 and len(claimed) > 1:
        evidence = f"{len(runs)} logs, all of seed {printed.pop()}; claimed are {sorted(claimed)}."
        return [("one seed printed in every log", evidence, mend)]
    return []


def _best_of(entry: PublicEntry) -> list[tuple[str, str, str]]:
    """Runs that were disclosed or logged, and are not in the claimed mean, would make it worse."""
    said = entry.submission
    if said is None or said.bits_per_byte is None:
        return []
    claim = said.bits_per_byte.value
    mend = "Count every run of the configuration: the mean over all seeds is the score."
    disclosed = [run.bits_per_byte.value for run in said.every_run if run.bits_per_byte]
    if len(disclosed) > len(said.seeds) and fmean(disclosed) > claim + half_a_unit(claim):
        evidence = f"the submission itself lists {len(disclosed)} runs with the mean {fmean(disclosed):.5f}"
        return [(f"best {len(said.seeds)} of {len(disclosed)}: {claim:.5f}", evidence, mend)]
    extra, counted = unclaimed_runs(entry), counted_runs(entry)
    label = label_of_mean(claim, counted) if extra and counted else None
    if label is not None:
        scores = [score.bits_per_byte for score in label_scores([*counted, *extra])[label].values()]
        if fmean(scores) > claim + half_a_unit(claim, 4):
            evidence = f"with {listed([quoted(run.log) for run in extra])} the mean of {label} is {fmean(scores):.5f}"
            return [(f"best {len(counted)} of {len(scores)}: {claim:.5f}", evidence, mend)]
    return []
