"""What the ranking takes from stored verdicts: of each its outcome, and of two of them the record gate's decision."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter

from paramgolf.board.ledger.events import Judged
from paramgolf.board.ranking.cache import RankingCache
from paramgolf.board.ranking.record_gate import compare_verdicts
from paramgolf.board.ranking.standings import GateResult
from paramgolf.challenge import Challenge, parse_challenge_json
from paramgolf.judge.verdict import Outcome, Validity, Verdict, parse_verdict

Read = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict in short. `failed` and `undecided` are its rules in words.

    `scores`, by seed, and their `mean` are in the unit of the objective.
    """

    standing: Validity
    failed: str
    undecided: str
    objective_name: str
    scores: tuple[tuple[int, float], ...]
    mean: float | None
    artifact_bytes: int | None


_JUDGEMENT = TypeAdapter(Judgement)
_GATE = TypeAdapter(GateResult)


class Judgements:
    """Reads a stored file by its SHA-256 with `read`, and only what `cache` does not know."""

    def __init__(self, read: Read, cache: RankingCache) -> None:
        self._read = read
        self._cache = cache
        self._verdicts: dict[str, Verdict] = {}
        self._challenges: dict[str, Challenge] = {}

    def of(self, judged: Judged) -> Judgement:
        """The verdict that the event names, in short."""
        key = f"verdict {judged.verdict_sha256}"
        return self._cache.get(key, _JUDGEMENT) or self._cache.put(
            key, _in_short(self.verdict(judged)), _JUDGEMENT
        )

    def gate(self, judged: Judged, record: Judged | None) -> GateResult:
        """The gate of a valid record entry against the standing record, or against none."""
        key = f"gate {judged.verdict_sha256} {record.verdict_sha256 if record else '-'} {judged.challenge_sha256}"
        return self._cache.get(key, _GATE) or self._cache.put(key, self._compare(judged, record), _GATE)

    def verdict(self, judged: Judged) -> Verdict:
        """The whole verdict."""
        name = judged.verdict_sha256
        if name not in self._verdicts:
            self._verdicts[name] = parse_verdict(self._read(name))
        return self._verdicts[name]

    def _compare(self, judged: Judged, record: Judged | None) -> GateResult:
        name = judged.challenge_sha256
        if name not in self._challenges:
            self._challenges[name] = parse_challenge_json(self._read(name))
        return compare_verdicts(
            self.verdict(judged), self.verdict(record) if record else None, self._challenges[name]
        )


def _in_short(verdict: Verdict) -> Judgement:
    undecided = (f for f in verdict.findings if f.outcome is Outcome.UNDECIDED)
    return Judgement(
        standing=verdict.standing,
        failed="; ".join(dict.fromkeys(f"{f.rule} {f.name}: {f.measured}" for f in verdict.failed)),
        undecided=", ".join(dict.fromkeys(f"{f.rule} {f.name}" for f in undecided)),
        objective_name=verdict.objective_name,
        scores=verdict.seed_values,
        mean=verdict.mean,
        artifact_bytes=max((score.artifact_bytes for score in verdict.scores), default=None),
    )
