"""R12 on paper: the claimed score against what a score can be, against its seeds, and against the logs.

Two printed numbers are the same if they differ by at most half a unit of the last place of each. A claim that is
better than its evidence fails; one that is worse gained nothing and is left open.
"""

import math
from statistics import fmean

from paramgolf.challenge import Challenge
from paramgolf.common.printable import quoted
from paramgolf.judge.public_game.answers import half_a_unit, listed
from paramgolf.judge.public_game.claims import PublicSubmission, SeedClaim
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.logs import LogRun
from paramgolf.judge.public_game.runs import (
    counted_runs,
    label_of_mean,
    label_scores,
    same,
    seeds_of,
    tolerance,
)
from paramgolf.judge.rules.claims import RULE as CLAIMS
from paramgolf.judge.verdict import Finding, Outcome

# Far larger models than fit the cap stay above this on web text; every lower score of the public game was a wrong
# count of bytes, probabilities that sum to more than one, or predictions that saw their target.
LOWEST_SCORE = 0.5
# A byte at random costs this much.
HIGHEST_SCORE = 8.0
# Exports of the validation split differ by about 3 %; the known wrong counts by 7 % and more.
BYTES_TOLERANCE = 0.05


def judge_scores(entry: PublicEntry, challenge: Challenge) -> list[Finding]:
    """Range, implied byte count, mean over the seeds, each seed, and the claim itself."""
    said = entry.submission
    limit = "the mean over all seeds of the scores in the logs, as printed"
    if said is None or said.bits_per_byte is None:
        return [CLAIMS(Outcome.UNDECIDED, "no score", limit, "No score is claimed.", "State val_bpb.")]
    runs = counted_runs(entry)
    findings = [
        *_possible(said, runs),
        *_implied_bytes(runs, challenge),
        *_mean(said),
        *_each_seed(said, entry),
    ]
    if not _by_seed(said):
        findings += _headline(said, runs)
    return findings or [
        CLAIMS(
            Outcome.PASS,
            f"{said.bits_per_byte.value:.5f} bits per byte",
            limit,
            f"{said.bits_per_byte.path}, found in {len(runs)} logged runs; nothing was run",
        )
    ]


def _by_seed(said: PublicSubmission) -> list[SeedClaim]:
    return [claim for claim in said.seed_claims if claim.bits_per_byte is not None]


def _possible(said: PublicSubmission, runs: list[LogRun]) -> list[Finding]:
    scores = {said.bits_per_byte.path: said.bits_per_byte.value} if said.bits_per_byte else {}
    scores |= {
        claim.bits_per_byte.path: claim.bits_per_byte.value for claim in _by_seed(said) if claim.bits_per_byte
    }
    scores |= {
        f"{quoted(run.log)}: {score.label}": score.bits_per_byte for run in runs for score in run.scores
    }
    wrong = {path: score for path, score in scores.items() if not LOWEST_SCORE <= score <= HIGHEST_SCORE}
    if not wrong:
        return []
    path, score = min(wrong.items(), key=lambda item: item[1])
    return [
        CLAIMS(
            Outcome.FAIL,
            f"{score:.3g} bits per byte",
            f"{LOWEST_SCORE} to {HIGHEST_SCORE:g} bits per byte",
            f"{path}. Far larger models do not get there on web text: look for bytes counted twice, probabilities "
            "that sum to more than one, and predictions that see their target.",
            "Let the harness score it: it counts the bytes, does the softmax and audits causality.",
        )
    ]


def _implied_bytes(runs: list[LogRun], challenge: Challenge) -> list[Finding]:
    """Loss, score and tokens fix the bytes that the entry counted: tokens * loss / (ln 2 * bits per byte)."""
    wrong = []
    for run in runs:
        for score in run.scores[-1:]:
            if run.val_tokens and score.loss and score.bits_per_byte:
                counted = run.val_tokens * score.loss / (math.log(2) * score.bits_per_byte)
                if abs(counted / challenge.validation_bytes - 1) > BYTES_TOLERANCE:
                    wrong.append(f"{counted:,.0f} in {quoted(run.log)} ({run.val_tokens:,} tokens)")
    if not wrong:
        return []
    return [
        CLAIMS(
            Outcome.FAIL,
            f"{wrong[0]} bytes counted",
            f"{challenge.validation_bytes:,} bytes of validation text, {BYTES_TOLERANCE:.0%} either way",
            f"Implied by val_loss, val_bpb and the number of tokens: {listed(wrong)}.",
            "Score the whole validation text, and count its own bytes.",
        )
    ]


def _mean(said: PublicSubmission) -> list[Finding]:
    """The claimed score against the mean of the claimed seeds."""
    claims = _by_seed(said)
    if len(claims) < 2 or said.bits_per_byte is None:
        return []
    claim = said.bits_per_byte.value
    values = [claim_of.bits_per_byte.value for claim_of in claims if claim_of.bits_per_byte]
    rounding = half_a_unit(claim) + max(map(half_a_unit, values))
    if abs(claim - fmean(values)) <= rounding + 1e-9:
        return []
    return [
        CLAIMS(
            Outcome.FAIL if claim < fmean(values) else Outcome.UNDECIDED,
            f"claimed {claim:.6g}, mean of {len(values)} seeds {fmean(values):.6g}",
            f"equal within {rounding:.2g}, as printed",
            f"{said.bits_per_byte.path} against {listed([c.path for c in claims])}",
            "Claim the mean over the seeds.",
        )
    ]


def _each_seed(said: PublicSubmission, entry: PublicEntry) -> list[Finding]:
    """Each seed's claim against the log of that seed."""
    findings = []
    for claim in _by_seed(said):
        runs = [run for run in entry.runs if claim.seed in seeds_of(run)]
        if claim.bits_per_byte and runs and (found := _against(claim.bits_per_byte.value, runs, claim.path)):
            outcome, measured, limit, evidence, mend = found
            findings.append(CLAIMS(outcome, measured, limit, evidence, mend, claim.seed))
    return findings


def _headline(said: PublicSubmission, runs: list[LogRun]) -> list[Finding]:
    """The claim against the mean over the logged runs; one run's score, or some runs', is the best of several."""
    if said.bits_per_byte is None or not runs:
        return []
    claim, path = said.bits_per_byte.value, said.bits_per_byte.path
    if label_of_mean(claim, runs) is not None:
        return []
    if found := _against(claim, runs, path):
        return [CLAIMS(*found)]
    for label, scores in label_scores(runs).items():
        mean = fmean(score.bits_per_byte for score in scores.values())
        mine = [index for index, score in scores.items() if same(claim, [score])]
        if mine and len(scores) > 1 and mean > claim + tolerance(claim, list(scores.values())):
            return [
                CLAIMS(
                    Outcome.FAIL,
                    f"claimed {claim:.6g}, one run of {len(scores)}; their mean is {mean:.6g}",
                    "the mean over all runs",
                    f"{path} is {label} in {quoted(runs[mine[0]].log)} alone",
                    "Claim the mean over the seeds.",
                )
            ]
    return []


def _against(claim: float, runs: list[LogRun], path: str) -> tuple[Outcome, str, str, str, str] | None:
    """None if a score of the artifact in `runs` is the claim; else what is wrong."""
    scores = [(run, score) for run in runs for score in run.scores]
    if any(same(claim, [score]) for _, score in scores):
        return None
    limit = "a score of the artifact in the log, as printed"
    before = [
        score.label for run in runs for score in run.evaluations if score.diagnostic and same(claim, [score])
    ]
    in_training = any(
        abs(claim - score) <= half_a_unit(claim) + 5e-5 for run in runs for score in run.training_scores
    )
    logs = listed([quoted(log) for log in dict.fromkeys(run.log for run in runs)])
    if not scores:
        what = "is an in-training validation" if in_training else "is not there"
        evidence = f"{path} {what}; {logs} print no score of the artifact"
        return Outcome.UNDECIDED, f"claimed {claim:.6g}", limit, evidence, "Put the whole log there."
    if before or in_training:
        evidence = (
            f"{path} is {before[0] if before else 'an in-training validation'} in {logs}: another model"
        )
        return Outcome.FAIL, f"claimed {claim:.6g}", limit, evidence, "Claim the score of the artifact."
    run, nearest = min(scores, key=lambda item: abs(item[1].bits_per_byte - claim))
    outcome = Outcome.FAIL if claim < nearest.bits_per_byte else Outcome.UNDECIDED
    evidence = f"{path}; the nearest is {nearest.label} in {quoted(run.log)}"
    measured = f"claimed {claim:.6g}, logged {nearest.bits_per_byte:.6g}"
    return outcome, measured, limit, evidence, "Claim what the log says, or put the log of that run there."
