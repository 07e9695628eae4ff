"""Standings made by hand, for the tests of the site and its benchmark."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from paramgolf.board.ledger.entry_papers import Curve
from paramgolf.board.ranking.standings import EventLine, GateResult, Row, Standings, Status
from paramgolf.challenge import BITS_PER_BYTE, load_challenge
from paramgolf.judge.rules.registry import rulebook
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
VALID = (Status.RECORD, Status.FORMER_RECORD, Status.SHORT_OF_RECORD, Status.NON_RECORD)
WRITE_UP = """# {title}

One sentence on what is new: **{title}** trains longer on shorter windows and packs rows by their scales.

## What it gains

| change | bits per byte |
|---|--:|
| base | 1.3549 |
| shorter windows | 1.3421 |

- the schedule warms down in time
- `quantise_from` starts earlier

See [the paper](https://example.org/paper) and the log beside it.
"""


def at(days: float) -> str:
    """A time of the ledger, `days` behind its begin."""
    return (BEGIN + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def verdict(
    entry: str, scores: Sequence[tuple[int, float]], *, challenge: str, fails: str | None = None
) -> Verdict:
    """As the judge writes it: the rules about papers once, the others for each seed; `fails` is the rule that broke."""
    limits = load_challenge(challenge)
    findings = []
    for rule in rulebook():
        for seed in [None] if rule.number in ("R01", "R16") else [seed for seed, _ in scores]:
            outcome = Outcome.FAIL if rule.number == fails else Outcome.PASS
            if rule.number in ("R13", "R14", "R18") and not fails:
                outcome = Outcome.UNDECIDED
            findings.append(
                Finding(
                    rule=rule.number,
                    name=rule.name,
                    outcome=outcome,
                    measured="3 of 400 positions differ" if outcome is Outcome.FAIL else "as it should be",
                    limit=rule.limit_in(limits),
                    evidence=rule.measures,
                    mend="A prediction may depend on what came before it alone."
                    if outcome is Outcome.FAIL
                    else "",
                    seed=seed,
                )
            )
    return Verdict(
        entry=entry,
        title=entry,
        challenge=challenge,
        rules_version=1,
        track="fixed",
        record=True,
        standing=Validity.INVALID if fails else Validity.VALID,
        depth="whole",
        findings=tuple(findings),
        scores=tuple(
            SeedScore(
                seed=seed,
                artifact_sha256=f"{seed:064x}",
                artifact_bytes=499_990 + seed,
                bits_per_byte=value,
                bits=value * 958_362,
                text_bytes=958_362,
                score_seconds=16.5,
            )
            for seed, value in scores
        ),
        documents_sha256="ab" * 32,
        environment={"python": "3.11"},
        judged_at=at(1),
        seconds=116.3,
    )


def row(entry: str = "ada", **changes: Any) -> Row:
    """A valid entry of the `local` game; `changes` are fields of Row."""
    seed_scores = tuple(changes.pop("seed_scores", ((0, 1.3421), (1, 1.3428), (2, 1.3417))))
    status = changes.get("status", Status.NON_RECORD)
    judged = status not in (Status.HISTORY, Status.WAITING)
    challenge = changes.get("challenge", "local")
    made = Row(
        entry=entry,
        title=entry.replace("-", " ").capitalize(),
        authors=("Ada",),
        challenge=challenge,
        track="fixed",
        entered_as_record=True,
        status=status,
        status_reason="",
        place=1 if status in VALID else None,
        objective=BITS_PER_BYTE,
        score=sum(value for _, value in seed_scores) / len(seed_scores) if seed_scores else None,
        deviation=0.0006 if len(seed_scores) > 1 else None,
        seed_scores=seed_scores,
        artifact_bytes=499_993,
        submitted_at=at(0),
        decided_at=at(1) if judged else None,
        gate=None,
        disputed=False,
        parents=(),
        descendants=(),
        link=None,
        changed="shorter windows, rows packed by their scales",
        verdict=verdict(
            entry, seed_scores, challenge=challenge, fails="R06" if status is Status.INVALID else None
        )
        if judged
        else None,
        verdict_sha256="cd" * 32 if judged else None,
        readme=WRITE_UP.format(title=entry),
        events=(
            EventLine(number=1, kind="submitted", at=at(0), who="Ada", why="by pull request"),
            EventLine(
                number=2, kind="judged", at=at(1), who="judge", why="every rule that must be decided was"
            ),
        )
        if judged
        else (),
    )
    return replace(made, **changes)


def standings(*rows: Row, records: dict[tuple[str, str], tuple[str, ...]] | None = None) -> Standings:
    """Of these rows, in this order."""
    return Standings(rows=rows, records=records or {}, made_at=at(30))


def gate(compared_with: str | None, decision: str = "record") -> GateResult:
    """A gate that opened, or the decision that is given."""
    return GateResult(
        compared_with=compared_with,
        gain=0.0128,
        margin=0.00296,
        p_value=0.00042,
        significance_level=0.01,
        decision=decision,
        reasons=("the gain of 0.01280 bits per byte is above the margin of 0.00296",),
    )


def curve(label: str, last: float = 1.36, points: int = 300) -> Curve:
    """A run that learns."""
    return Curve(
        label=label,
        x_unit="seconds",
        y_unit="bits per byte",
        points=tuple((i, last + 3 / (1 + i / 4)) for i in range(points)),
    )


def small_board() -> Standings:
    """Two records and others of `local`, history of `parameter-golf`, an invalid and a waiting entry."""
    rows = [
        row(
            "first-words",
            status=Status.FORMER_RECORD,
            place=3,
            seed_scores=((0, 1.3549), (1, 1.3561), (2, 1.3552)),
        ),
        row(
            "shorter-windows",
            status=Status.RECORD,
            parents=("first-words",),
            descendants=("looks-ahead", "wide-table"),
            gate=gate("first-words"),
            submitted_at=at(6),
            curves=(curve("seed 0"), curve("seed 1", 1.37), curve("seed 2", 1.355)),
            byte_ledger=(("weights: blocks", 300_000), ("weights: embedding", 160_000), ("code", 39_993)),
        ),
        row(
            "wide-table",
            status=Status.SHORT_OF_RECORD,
            place=2,
            parents=("shorter-windows",),
            submitted_at=at(9),
            authors=("Grace", "Edsger"),
            seed_scores=((3, 1.3433), (4, 1.3437)),
            gate=gate("shorter-windows", "not a record"),
        ),
        row("looks-ahead", status=Status.INVALID, parents=("shorter-windows",), submitted_at=at(11)),
        row("not-yet", status=Status.WAITING, seed_scores=(), submitted_at=at(12), artifact_bytes=None),
    ]
    for number, score in enumerate((1.2244, 1.2197, 1.206, 1.1928)):
        rows.append(
            row(
                f"history-{number}",
                status=Status.HISTORY,
                challenge="parameter-golf",
                track="10min_16mb",
                seed_scores=((1337, score),),
                submitted_at=at(20 + 2 * number),
                readme="",
                link="https://github.com/openai/parameter-golf/pull/1",
            )
        )
    history = tuple(f"history-{number}" for number in range(4))
    return standings(
        *rows,
        records={
            ("local", "fixed"): ("first-words", "shorter-windows"),
            ("parameter-golf", "10min_16mb"): history,
        },
    )


def large_board(entries: int, seed: int = 0) -> Standings:
    """Made-up entries of a game that went on for long: three seeds, a verdict, parents, curves and a write-up each."""
    chance = random.Random(seed)
    rows: list[Row] = []
    score, records = 1.40, []
    for number in range(entries):
        name = f"entry-{number:04d}-{chance.choice(('windows', 'tables', 'scales', 'schedule', 'mixture'))}"
        better = chance.random() < 0.02 or number == 0
        score -= 0.004 if better else 0
        own = score + (0 if better else chance.uniform(0, 0.08))
        status = Status.FORMER_RECORD if better else chance.choice((*VALID[2:], Status.INVALID))
        records += [name] if better else []
        rows.append(
            row(
                name,
                title=f"{name.replace('-', ' ')}: {chance.choice(('hashed bigrams', 'token shift', 'warm-down'))}",
                status=status,
                place=number + 1 if status in VALID else None,
                seed_scores=tuple((s, own + chance.gauss(0, 0.0006)) for s in range(3)),
                submitted_at=at(number / 20),
                parents=tuple(chance.sample([r.entry for r in rows[-50:]], min(2, len(rows)))),
                gate=gate(records[-1] if records else None),
                curves=tuple(curve(f"seed {s}", own) for s in range(3)),
                byte_ledger=(("weights: blocks", 300_000), ("weights: embedding", 160_000), ("code", 39_993)),
            )
        )
    return standings(*rows, records={("local", "fixed"): tuple(records)})
