"""The record of each track, entry by entry in the order of submission.

An entry is compared with the record that the entries handed in before it have set, whenever each was judged: who
judges late, or twice, changes nothing. While one of them still waits for its verdict the comparison is provisional.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from paramgolf.board.ledger.events import Judged
from paramgolf.board.ranking.standings import GateResult, Status
from paramgolf.challenge import Challenge, objective_of
from paramgolf.errors import UsageError
from paramgolf.judge.record_gate import Decision, judge_record
from paramgolf.judge.verdict import Verdict

# the gate of an entry against the record that stands, or against none
Gate = Callable[[Judged, Judged | None], GateResult]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An entry of one track; `valid` is the verdict that makes it so, None where none does."""

    entry: str
    record: bool
    waiting: bool
    valid: Judged | None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """How the gate left a valid entry; `beaten_by` is the record after it."""

    status: Status
    gate: GateResult | None = None
    beaten_by: str | None = None


def run_gate(candidates: Iterable[Candidate], gate_of: Gate) -> tuple[dict[str, Placed], tuple[str, ...]]:
    """Where each valid entry of one track stands, and the records in the order in which they were set.

    `candidates` come in the order of submission. The first valid record entry stands without a comparison if it has
    the challenge's minimum of seeds.
    """
    placed: dict[str, Placed] = {}
    records: list[Candidate] = []
    waiting: list[str] = []
    for candidate in candidates:
        if candidate.valid is None:
            waiting += [candidate.entry] if candidate.waiting and candidate.record else []
            continue
        if not candidate.record:
            placed[candidate.entry] = Placed(status=Status.NON_RECORD)
            continue
        standing = records[-1] if records else None
        gate = _provisional(gate_of(candidate.valid, standing.valid if standing else None), waiting)
        if gate.decision != Decision.RECORD:
            placed[candidate.entry] = Placed(status=Status.SHORT_OF_RECORD, gate=gate)
            continue
        placed[candidate.entry] = Placed(status=Status.RECORD, gate=gate)
        if standing:
            before = placed[standing.entry]
            placed[standing.entry] = Placed(
                status=Status.FORMER_RECORD, gate=before.gate, beaten_by=candidate.entry
            )
        records.append(candidate)
    return placed, tuple(record.entry for record in records)


def compare_verdicts(verdict: Verdict, record: Verdict | None, challenge: Challenge) -> GateResult:
    """The gate's decision from the two verdicts alone, by the margin and the level of `challenge`."""
    gain = p_value = None
    if record is None:
        decision, reasons = _first(verdict, challenge)
    else:
        try:
            comparison = judge_record(verdict, record, [], challenge, forecast=False)
            decision, reasons = comparison.decision, comparison.reasons
            gain, p_value = comparison.test.gain, comparison.test.p_value
        except UsageError as error:
            decision, reasons = Decision.UNDECIDED, (str(error),)
    return GateResult(
        compared_with=record.entry if record else None,
        gain=gain,
        margin=objective_of(challenge).margin(challenge),
        p_value=p_value,
        significance_level=challenge.significance_level,
        decision=decision.value,
        reasons=tuple(reasons),
    )


def _provisional(gate: GateResult, waiting: list[str]) -> GateResult:
    if not waiting:
        return gate
    words = f"provisional: {', '.join(waiting[:5])}, handed in before it, not judged yet"
    return replace(gate, reasons=(*gate.reasons, words))


def _first(verdict: Verdict, challenge: Challenge) -> tuple[Decision, tuple[str, ...]]:
    seeds, least = len({seed for seed, _ in verdict.seed_values}), challenge.minimum_seeds
    if seeds < least:
        return Decision.UNDECIDED, (
            f"no record stands before it, and a first one needs {least} seeds: it has {seeds}",
        )
    return Decision.RECORD, (f"the first record of its track, with {seeds} seeds of the {least} needed",)
