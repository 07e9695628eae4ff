"""Judge again what was handed in, from the files in the store, by today's rules; and what that would change."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.intake.intake import add_verdict
from paramgolf.board.ledger.events import Event, Judged, chained
from paramgolf.board.ledger.ledger import Ledger, now
from paramgolf.board.ledger.state import states_of
from paramgolf.board.ranking.ranking import rank
from paramgolf.challenge import Challenge, challenge_json
from paramgolf.common.files import write_atomic
from paramgolf.errors import UsageError
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Verdict, parse_verdict, verdict_json
from paramgolf.judge.verify import Terms, verify


@dataclass(frozen=True, kw_only=True)
class Rejudged:
    """An entry's new verdict beside the one that counts; `changes` say in words where they differ."""

    entry: str
    verdict: Verdict
    challenge: Challenge
    changes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """`standings` are the rows of the table that would change: entry, status and place before, and after."""

    rejudged: tuple[Rejudged, ...]
    standings: tuple[tuple[str, str, str], ...]


def judge_stored(ledger: Ledger, entry: str, terms: Terms) -> Verdict:
    """The whole verdict on an entry as it lies in the store.

    Raises:
        UsageError: it was not handed in.
        LedgerError: the store does not give a file of it.
        SandboxError: there is no sandbox to judge it in.
    """
    with stored_folder(ledger, entry) as folder:
        return verify(folder, terms)


@contextmanager
def stored_folder(ledger: Ledger, entry: str) -> Iterator[Path]:
    """The entry's folder as it was handed in, in a private place that is removed after the block.

    Raises:
        UsageError: it was not handed in.
        LedgerError: the store does not give a file of it.
    """
    submission = ledger.submitted(entry).submission
    with private_folder() as private:
        for file in submission.files:
            write_atomic(private / entry / file.path, ledger.store.get(file.sha256))
        yield private / entry


def judged_entries(ledger: Ledger) -> list[str]:
    """Every entry that has a verdict, in the order in which they were handed in."""
    return [name for name, state in states_of(ledger.events()).items() if state.judged]


def replay(ledger: Ledger, entries: Sequence[str], terms_of: Callable[[str], Terms]) -> Replay:
    """Judge `entries` again and compare; nothing is written. `terms_of` gives the terms of a challenge by its name.

    Raises:
        UsageError: an entry was not handed in, or has no verdict yet.
        LedgerError, SandboxError: as `judge_stored`.
    """
    rejudged = []
    for entry in entries:
        state = ledger.submitted(entry)
        if state.judgement is None:
            raise UsageError(f"{entry!r} has no verdict yet. First: paramgolf board judge {entry}")
        terms = terms_of(state.submission.challenge)
        verdict = judge_stored(ledger, entry, terms)
        before = parse_verdict(ledger.store.get(state.judgement.verdict_sha256))
        rejudged.append(
            Rejudged(
                entry=entry,
                verdict=verdict,
                challenge=terms.challenge,
                changes=tuple(differences(before, verdict)),
            )
        )
    return Replay(rejudged=tuple(rejudged), standings=tuple(_standings_change(ledger, rejudged)))


def apply(ledger: Ledger, replayed: Replay, *, who: str, why: str) -> list[Event]:
    """Write the new verdicts; the ranking is not settled by this."""
    return [add_verdict(ledger, one.verdict, one.challenge, who=who, why=why) for one in replayed.rejudged]


def differences(before: Verdict, after: Verdict) -> Iterator[str]:
    """Where two verdicts on the same files differ: standing, outcomes, rules that came or went, scores."""
    if before.standing is not after.standing:
        yield f"{before.standing} -> {after.standing}"
    for what in ("rules_version", "documents_sha256"):
        if getattr(before, what) != getattr(after, what):
            yield f"{what}: {getattr(before, what)} -> {getattr(after, what)}"
    old, new = (
        {(f.rule, f.name, f.seed): f.outcome for f in verdict.findings} for verdict in (before, after)
    )
    for rule, name, seed in dict.fromkeys([*old, *new]):
        was, is_ = old.get((rule, name, seed), "not there"), new.get((rule, name, seed), "not there")
        if was != is_:
            yield f"{rule} {name}{'' if seed is None else f' (seed {seed})'}: {was} -> {is_}"
    scores, objective = dict(before.seed_values), after.objective
    for seed, score in after.seed_values:
        was_score = scores.get(seed)
        if was_score is None or abs(was_score - score) > objective.repeat_tolerance:
            yield f"seed {seed}: {was_score} -> {score} {objective.unit}"


def _standings_change(ledger: Ledger, rejudged: Sequence[Rejudged]) -> Iterator[tuple[str, str, str]]:
    """The ranking with and without the new verdicts, which are in no store yet."""
    events = list(ledger.events())
    before = rank(events, ledger.store.get)
    unwritten: dict[str, bytes] = {}
    for one in rejudged:
        event, files = _supposed(ledger, events[-1], one)
        events.append(event)
        unwritten |= files
    after = rank(events, lambda name: unwritten[name] if name in unwritten else ledger.store.get(name))
    for old, new in zip(before.rows, after.rows, strict=True):
        was, is_ = (f"{row.status}, place {row.place or '-'}" for row in (old, new))
        was, is_ = (f"{text}, disputed" if row.disputed else text for text, row in ((was, old), (is_, new)))
        if was != is_:
            yield old.entry, was, is_


def _supposed(ledger: Ledger, last: Event, one: Rejudged) -> tuple[Event, dict[str, bytes]]:
    """The event that `apply` would write, and the files that it names."""
    files = {
        hashlib.sha256(text.encode()).hexdigest(): text.encode()
        for text in (verdict_json(one.verdict), challenge_json(one.challenge))
    }
    verdict, challenge = files
    submitted = ledger.submitted(one.entry).submitted
    assert submitted is not None
    body = Judged(
        entry=one.entry,
        submission=submitted.number,
        verdict_sha256=verdict,
        challenge_sha256=challenge,
        standing=one.verdict.standing,
    )
    event = chained(body, number=last.number + 1, at=now(), who="replay", why="supposed", before=last.chain)
    return event, files
