"""R09 on paper: training and evaluation times, declared and logged, against the clocks of a record entry."""

from paramgolf.challenge import Challenge
from paramgolf.common.printable import quoted
from paramgolf.judge.public_game.answers import listed
from paramgolf.judge.public_game.claims import PublicSubmission, SeedClaim
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.runs import counted_runs
from paramgolf.judge.rules.clocks import RULE as CLOCKS
from paramgolf.judge.verdict import Finding, Outcome

# The trainer looks at its clock between steps, so that it stops up to a step late.
GRACE_SECONDS = 1.0


def judge_clocks(entry: PublicEntry, challenge: Challenge) -> list[Finding]:
    """Each time over its clock; calibration after the training clock is left open, as the game left it."""
    limits = {"training": challenge.train_seconds, "evaluation": challenge.eval_seconds}
    limit = ", ".join(f"{phase} {seconds:g} s" for phase, seconds in limits.items() if seconds)
    if not entry.record:
        return [
            CLOCKS(Outcome.PASS, "no record entry", "none for a non-record entry", "the track of the folder")
        ]
    times = _times(entry)
    over = [
        f"{phase} {seconds:,.1f} s, {source}"
        for phase, seconds, grace, source in times
        if (clock := limits[phase]) and seconds > clock + grace
    ]
    if over:
        mend = "Stop earlier: start, compiling, calibration and saving belong inside the clocks as the rules say."
        return [CLOCKS(Outcome.FAIL, over[0], limit, listed(over), mend)]
    late = _calibrated_late(entry, challenge)
    if late:
        return [
            CLOCKS(Outcome.UNDECIDED, late[0], limit, listed(late), "Reserve time for it inside the clock.")
        ]
    absent = sorted(set(limits) - {phase for phase, *_ in times})
    if absent:
        evidence = f"No {' and no '.join(absent)} time is declared or logged."
        return [
            CLOCKS(Outcome.UNDECIDED, f"no {absent[0]} time", limit, evidence, "Put the whole logs there.")
        ]
    longest = {phase: max(seconds for which, seconds, *_ in times if which == phase) for phase in limits}
    measured = ", ".join(f"{phase} {seconds:,.1f} s" for phase, seconds in longest.items())
    return [
        CLOCKS(
            Outcome.PASS,
            measured,
            limit,
            f"{len(times)} times, declared and printed by the entry's own clock",
        )
    ]


def _times(entry: PublicEntry) -> list[tuple[str, float, float, str]]:
    """Phase, seconds, what it may be over, and what states it."""
    times: list[tuple[str, float, float, str]] = []
    said = entry.submission
    claims: list[PublicSubmission | SeedClaim] = [said, *said.seed_claims] if said else []
    for claim in claims:
        for phase, value in (("training", claim.train_seconds), ("evaluation", claim.eval_seconds)):
            if value is not None:
                times.append((phase, value.value, GRACE_SECONDS, f"declared in {value.path}"))
    for run in counted_runs(entry):
        if run.train_seconds is not None:
            grace = max(GRACE_SECONDS, 2 * (run.step_seconds or 0))
            times.append(("training", run.train_seconds, grace, f"logged in {quoted(run.log)}"))
        if run.eval_seconds is not None:
            times.append(("evaluation", run.eval_seconds, 0.0, f"logged in {quoted(run.log)}"))
    return times


def _calibrated_late(entry: PublicEntry, challenge: Challenge) -> list[str]:
    if challenge.train_seconds is None:
        return []
    return [
        f"training and calibration {run.train_seconds + run.calibration_seconds:,.1f} s, logged in {quoted(run.log)}"
        for run in counted_runs(entry)
        if run.train_seconds
        and run.calibration_seconds > GRACE_SECONDS
        and run.train_seconds + run.calibration_seconds > challenge.train_seconds + GRACE_SECONDS
    ]
