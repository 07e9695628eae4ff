"""The record gate: does an entry beat the standing record, on scores the judge measured of both?"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from paramgolf.challenge import Challenge, Objective, objective_of
from paramgolf.common import folders
from paramgolf.errors import UsageError
from paramgolf.judge.significance import LARGEST_MORE_SEEDS, POWER, TESTS, WelchTest, more_seeds
from paramgolf.judge.verdict import Validity, Verdict, read_verdict


class Decision(StrEnum):
    """What the gate answers. Only RECORD opens it."""

    RECORD = "record"
    NOT_A_RECORD = "not a record"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class SeedSample:
    """One sample of the test: the mean value over the artifacts that were trained with this seed."""

    seed: int
    value: float
    # SHA-256 of each artifact -> its value
    artifacts: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two that are compared, seeds in ascending order."""

    entry: str
    title: str
    standing: Validity
    samples: tuple[SeedSample, ...]

    @property
    def scores(self) -> tuple[float, ...]:
        """Values, one a seed."""
        return tuple(sample.value for sample in self.samples)


@dataclass(frozen=True, kw_only=True)
class RecordComparison:
    """What the gate found. Values, gain and margin are in the unit of the objective, `..._in_words` in sentences.

    `reasons` say why the decision is what it is, `notes` how the scores were pooled. `more_entry_seeds` and
    `more_seeds_each_side` say how many further seeds would decide it with POWER; None where p is low enough already,
    where the gain is not above the margin, where there is no p-value, and where no number would do.
    """

    challenge: str
    objective_name: str
    entry: Side
    record: Side
    test: WelchTest
    gain_in_words: str
    margin_in_words: str
    significance_level: float
    minimum_seeds: int
    more_entry_seeds: int | None
    more_seeds_each_side: int | None
    decision: Decision
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_record(self) -> bool:
        """Whether the entry is a new record: the command exits 0 only then."""
        return self.decision is Decision.RECORD


def compare(entry: Path, record: Path, extra: Sequence[Path], challenge: Challenge) -> RecordComparison:
    """Read the verdicts and judge them with `judge_record`. A path is an entry's folder, or a verdict's .json file.

    Raises:
        UsageError: a verdict cannot be read, or what `judge_record` refuses.
    """
    return judge_record(
        verdict_at(entry), verdict_at(record), [verdict_at(path) for path in extra], challenge
    )


def verdict_at(path: Path) -> Verdict:
    """The verdict in an entry's folder, or in that `.json` file.

    Raises:
        UsageError: there is none, it is no plain file (a link in a stranger's folder is not followed), or no verdict.
    """
    given = path.suffix == ".json" and not path.is_dir()
    file = path if given else path / folders.VERDICT
    if not file.is_file() or (file.is_symlink() and not given):
        raise UsageError(
            f"{file} is no plain file. Give an entry's folder that holds {folders.VERDICT} (paramgolf verify makes "
            "it), or the path of a verdict that ends in .json."
        )
    return read_verdict(file)


def judge_record(
    entry: Verdict,
    record: Verdict,
    extra: Sequence[Verdict],
    challenge: Challenge,
    *,
    forecast: bool = True,
) -> RecordComparison:
    """Judge whether `entry` beats `record`. `extra` are further verdicts of the same entry, of other machines.

    A seed is one sample, no matter where and how often it was trained. Artifacts of one seed share its initial
    weights and its order of data, so a second one is no independent sample, and their mean counts. The same artifact
    measured again is the same measurement: the first counts.

    Raises:
        UsageError: the verdicts are not of one game and text, `extra` holds another entry, a score is no positive
            number, a verdict names a seed or an artifact twice, or entry and record share an artifact.
    """
    _refuse_other_games(entry, record, extra, challenge)
    objective = objective_of(challenge)
    ours, notes, unrepeatable = _pool([entry, *extra], objective)
    theirs, _, _ = _pool([record], objective)
    _refuse_shared_artifacts(ours, theirs)
    test = TESTS[objective.seed_test](
        ours.scores,
        theirs.scores,
        margin=objective.margin(challenge),
        lower_is_better=objective.lower_is_better,
    )

    against = _against(entry, test, challenge)
    unsettled = [*_unsettled(entry, record, extra), *unrepeatable, *_same_scores([entry, *extra], record)]
    by_entry = by_both = None
    if not against:
        if forecast:
            by_entry, by_both = _forecast(ours, theirs, test, challenge)
        unsettled += _too_few_seeds(ours, theirs, challenge)
        unsettled += _not_significant(test, by_entry, by_both, challenge, forecast)
    decision = Decision.NOT_A_RECORD if against else Decision.UNDECIDED if unsettled else Decision.RECORD
    return RecordComparison(
        challenge=challenge.name,
        objective_name=objective.name,
        entry=ours,
        record=theirs,
        test=test,
        gain_in_words="unknown" if test.gain is None else _amount(test.gain, challenge),
        margin_in_words=_amount(test.margin, challenge),
        significance_level=challenge.significance_level,
        minimum_seeds=challenge.minimum_seeds,
        more_entry_seeds=by_entry,
        more_seeds_each_side=by_both,
        decision=decision,
        reasons=(*against, *unsettled) or (_beats(test, challenge),),
        notes=notes,
    )


def _refuse_other_games(
    entry: Verdict, record: Verdict, extra: Sequence[Verdict], challenge: Challenge
) -> None:
    if entry.challenge != challenge.name:
        raise UsageError(
            f"{entry.entry!r} was judged in the challenge {entry.challenge!r}, not in {challenge.name!r}. "
            f"Compare it in its own, or verify it with --challenge {challenge.name}."
        )
    if entry.objective_name != challenge.objective:
        raise UsageError(
            f"{entry.entry!r} was judged by {entry.objective_name}, and {challenge.name!r} is won by "
            f"{challenge.objective}. Verify it again."
        )
    for other in (record, *extra):
        for what in ("challenge", "rules_version", "objective_name", "documents_sha256"):
            got, expected = getattr(other, what), getattr(entry, what)
            if got != expected:
                raise UsageError(
                    f"{other.entry!r} and {entry.entry!r} cannot be compared: {what} is {got!r} in the one verdict "
                    f"and {expected!r} in the other. Verify both in one challenge, on the same documents."
                )
    for other in extra:
        if other.entry != entry.entry:
            raise UsageError(
                f"a further verdict is of {other.entry!r}, not of {entry.entry!r}: only measurements of the same entry "
                "are pooled. Leave it out; if it is the same entry, verify it in a folder of the same name."
            )


def _pool(verdicts: Sequence[Verdict], objective: Objective) -> tuple[Side, tuple[str, ...], list[str]]:
    """One side's samples, notes on what was pooled, and what keeps them from being relied on."""
    seed_of: dict[str, int] = {}
    measured: dict[int, dict[str, float]] = {}
    notes: list[str] = []
    unrepeatable: list[str] = []
    for verdict in verdicts:
        _refuse_bad_scores(verdict, objective)
        for score in verdict.scores:
            artifact = score.artifact_sha256
            if seed_of.setdefault(artifact, score.seed) != score.seed:
                raise UsageError(
                    f"{verdict.entry!r}: seeds {seed_of[artifact]} and {score.seed} have the same artifact, "
                    f"SHA-256 {artifact!r}. Train each seed on its own."
                )
            artifacts = measured.setdefault(score.seed, {})
            value = objective.value(score)
            assert value is not None, "refused above"
            first = artifacts.setdefault(artifact, value)
            if abs(first - value) > objective.repeat_tolerance:
                here, there = (objective.number(number, more=2) for number in (first, value))
                unrepeatable.append(
                    f"seed {score.seed}: one artifact scored {here} here and {there} there, "
                    f"more than {objective.repeat_tolerance:g} apart; find out why before either is relied on"
                )
    if len(verdicts) > 1:
        own = {score.seed for score in verdicts[0].scores}
        notes = [
            _how_pooled(seed, len(artifacts), seed in own) for seed, artifacts in sorted(measured.items())
        ]
    first_verdict = verdicts[0]
    side = Side(
        entry=first_verdict.entry,
        title=first_verdict.title,
        standing=first_verdict.standing,
        samples=tuple(
            SeedSample(
                seed=seed,
                value=math.fsum(artifacts.values()) / len(artifacts),
                artifacts=artifacts,
            )
            for seed, artifacts in sorted(measured.items())
        ),
    )
    return side, tuple(notes), unrepeatable


def _how_pooled(seed: int, artifacts: int, declared: bool) -> str:
    whose = "declared" if declared else "reproduced by others only"
    return f"seed {seed}: {whose}, " + (
        "one artifact" if artifacts == 1 else f"{artifacts} artifacts, of which the mean is one sample"
    )


def _refuse_bad_scores(verdict: Verdict, objective: Objective) -> None:
    for score in verdict.scores:
        number = objective.value(score)
        if number is None or not (math.isfinite(number) and number > 0):
            raise UsageError(
                f"{verdict.entry!r}: seed {score.seed} has {number} {objective.unit}, which is "
                "no positive number. Verify it again."
            )
    for what, values in (
        ("seed", [str(score.seed) for score in verdict.scores]),
        ("artifact", [repr(score.artifact_sha256) for score in verdict.scores]),
    ):
        value, times = max(Counter(values).items(), key=lambda item: item[1], default=("", 0))
        if times > 1:
            raise UsageError(
                f"{verdict.entry!r}: {what} {value} is there {times} times; each seed counts once, with an "
                "artifact of its own. Declare distinct seeds, train each, and verify again."
            )


def _refuse_shared_artifacts(ours: Side, theirs: Side) -> None:
    held = {artifact: sample.seed for sample in theirs.samples for artifact in sample.artifacts}
    for sample in ours.samples:
        for artifact in sample.artifacts:
            if artifact in held:
                raise UsageError(
                    f"{ours.entry!r} (seed {sample.seed}) and the record {theirs.entry!r} (seed {held[artifact]}) have "
                    f"the same artifact, SHA-256 {artifact!r}. A record is beaten by artifacts of its own."
                )


def _same_scores(ours: Sequence[Verdict], record: Verdict) -> Iterable[str]:
    """Different seeds never score the same bits per byte to the last bit, unless it is one model in two wrappings.

    This holds whatever the game is won by: it is about the models, not about what is compared of them.
    """
    seen: dict[float, str] = {}
    for name, verdicts in (("the record", [record]), ("the entry", ours)):
        for score in sorted((s for verdict in verdicts for s in verdict.scores), key=lambda s: s.seed):
            bits, whose = score.bits_per_byte, f"seed {score.seed} of {name}"
            if seen.setdefault(bits, whose) != whose:
                yield (
                    f"{seen[bits]} and {whose} score the same to the last bit ({bits!r} bits per byte) with "
                    "different artifacts: one model under two seeds is one sample"
                )


def _against(entry: Verdict, test: WelchTest, challenge: Challenge) -> list[str]:
    """What no further seed would change, and what the scores speak against."""
    reasons = []
    if entry.standing is Validity.INVALID:
        rules = ", ".join(repr(finding.name) for finding in entry.failed) or "see its verdict"
        reasons.append(f"the entry is invalid ({rules})")
    if not entry.record:
        reasons.append("the entry does not claim the record: it was entered as a non-record")
    if test.gain is not None and test.gain <= test.margin:
        reasons.append(
            f"the gain of {_amount(test.gain, challenge)} is not above the margin of {_amount(test.margin, challenge)}"
        )
    return reasons


def _unsettled(entry: Verdict, record: Verdict, extra: Sequence[Verdict]) -> Iterable[str]:
    named = (("the entry", entry), ("the record", record), *(("a further verdict", other) for other in extra))
    for name, verdict in named:
        invalid_entry = verdict is entry and verdict.standing is Validity.INVALID
        if verdict.standing is not Validity.VALID and not invalid_entry:
            yield f"the standing of {name} is {verdict.standing}: both sides must be valid, in every verdict"


def _too_few_seeds(ours: Side, theirs: Side, challenge: Challenge) -> Iterable[str]:
    least = max(2, challenge.minimum_seeds)
    for name, side in (("entry", ours), ("record", theirs)):
        missing = least - len(side.samples)
        if missing > 0:
            yield f"the {name} has {_seeds(len(side.samples))} of the {least} needed: {missing} more would do"


def _forecast(
    ours: Side, theirs: Side, test: WelchTest, challenge: Challenge
) -> tuple[int | None, int | None]:
    """Further seeds of the entry alone, and of each side, that would decide it."""
    if test.p_value is None or test.p_value < challenge.significance_level:
        return None, None
    by_entry, by_both = (
        more_seeds(
            ours.scores,
            theirs.scores,
            margin=test.margin,
            significance_level=challenge.significance_level,
            both_sides=both,
            lower_is_better=objective_of(challenge).lower_is_better,
        )
        for both in (False, True)
    )
    return by_entry, by_both


def _not_significant(
    test: WelchTest, by_entry: int | None, by_both: int | None, challenge: Challenge, forecast: bool
) -> Iterable[str]:
    if test.p_value is None:
        if test.entry_deviation is not None and test.record_deviation is not None:
            yield "no p-value: the scores of each side are all the same, so the noise is not known"
    elif test.p_value >= challenge.significance_level:
        missed = f"p = {test.p_value:.3g} is not below {challenge.significance_level:g}"
        if not forecast:
            yield missed
            return
        entry = f"{_seeds(by_entry)} more of the entry" if by_entry else ""
        saves = by_both is not None and (by_entry is None or by_both < by_entry)
        both = f"{_seeds(by_both)} more of each side" if by_both and saves else ""
        ways = " or ".join(filter(None, (entry, both)))
        would = (
            f"{ways} would decide it with {POWER:.0%} probability, if the means and deviations stay as they are"
            if ways
            else f"not even {LARGEST_MORE_SEEDS:,} seeds more would decide it"
        )
        yield f"{missed}; {would}"


def _beats(test: WelchTest, challenge: Challenge) -> str:
    assert test.gain is not None
    return (
        f"the gain of {_amount(test.gain, challenge)} is above the margin of {_amount(test.margin, challenge)}, "
        f"with p = {test.p_value:.3g} below {challenge.significance_level:g}"
    )


def _amount(difference: float, challenge: Challenge) -> str:
    return objective_of(challenge).difference_in_words(difference, challenge)


def _seeds(count: int) -> str:
    return f"{count} seed" if count == 1 else f"{count} seeds"
