"""Verdicts, entries and filled ledgers for tests of the board, made by hand: nothing is trained or judged."""

import hashlib
from dataclasses import replace
from pathlib import Path

import tomli_w

from paramgolf.board.intake.intake import add_verdict, hand_in, rule_invalid
from paramgolf.board.ledger.entry_papers import EntryPapers, papers_json
from paramgolf.board.ledger.events import Event, StoredFile, Submitted
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ledger.store import Store
from paramgolf.board.ranking.ranking import settle
from paramgolf.challenge import Challenge, load_challenge
from paramgolf.common.files import sha256_of
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict

CHALLENGE = load_challenge("local")
# bits per byte by seed: a record, and one that beats it clearly
RECORD = {0: 1.2500, 1: 1.2504, 2: 1.2497}
BETTER = {0: 1.2400, 1: 1.2403, 2: 1.2398}
FINDINGS = (("R02", "size"), ("R03", "lossless"), ("R06", "causality"), ("R11", "proof"))


def artifact_of(entry: str, seed: int) -> bytes:
    """What stands for the artifact of a seed."""
    return f"the artifact of {entry}, seed {seed}".encode()


def make_entry(
    folder: Path,
    *,
    scores: dict[int, float] = RECORD,
    record: bool = True,
    track: str = "fixed",
    challenge: str = "local",
    parents: tuple[str, ...] = (),
    title: str | None = None,
    authors: tuple[str, ...] = ("Ada",),
    readme: str = "# An entry\n\nWhat is new, in a sentence.\n",
) -> Path:
    """Write an entry's folder, one artifact and one log a seed; its name is the entry's."""
    seeds = []
    for seed, score in scores.items():
        of_seed = folder / "seeds" / str(seed)
        of_seed.mkdir(parents=True, exist_ok=True)
        (of_seed / "model.pyz").write_bytes(artifact_of(folder.name, seed))
        (of_seed / "log.jsonl").write_text(
            "".join(f'{{"step": {n}, "seconds": {n / 2}, "loss": {3 + 2 / n}}}\n' for n in range(1, 41))
        )
        (of_seed / "result.json").write_text(
            '{"ledger": [["code", 20000], ["tokenizer", 1800], ["weights", 470000]]}'
        )
        papers = {name: f"seeds/{seed}/{name}" for name in ("log.jsonl", "result.json")}
        seeds.append(
            {
                "seed": seed,
                "artifact": f"seeds/{seed}/model.pyz",
                "sha256": sha256_of(of_seed / "model.pyz"),
                "bits_per_byte": score,
                "log": papers["log.jsonl"],
                "result": papers["result.json"],
            }
        )
    table = {
        "title": title or folder.name.replace("-", " "),
        "authors": [{"name": name} for name in authors],
        "challenge": challenge,
        "track": track,
        "record": record,
        "document_isolation": False,
        "parents": list(parents),
        "hardware": "2-core CPU",
        "licence": "MIT",
        "seeds": seeds,
    }
    (folder / "README.md").write_text(readme)
    (folder / "entry.toml").write_text(tomli_w.dumps(table))
    return folder


def make_verdict(
    entry: str,
    scores: dict[int, float] = RECORD,
    *,
    standing: Validity = Validity.VALID,
    record: bool = True,
    track: str = "fixed",
    challenge: str = "local",
    artifacts: dict[int, str] | None = None,
    artifact_bytes: int = 499_000,
    judged_at: str = "2026-11-22T00:00:00+00:00",
) -> Verdict:
    """A whole verdict with these bits per byte by seed; INVALID fails R06, UNDECIDED leaves R11 open.

    `artifacts` are their SHA-256 by seed; by default those of `make_entry`.
    """
    outcomes = {Validity.INVALID: ("R06", Outcome.FAIL), Validity.UNDECIDED: ("R11", Outcome.UNDECIDED)}
    exception, outcome = outcomes.get(standing, ("", Outcome.PASS))
    return Verdict(
        entry=entry,
        title=entry.replace("-", " "),
        challenge=challenge,
        rules_version=1,
        track=track,
        record=record,
        standing=standing,
        depth="full",
        findings=tuple(
            Finding(
                rule=rule,
                name=name,
                outcome=outcome if rule == exception else Outcome.PASS,
                measured="0 of 400 positions differ" if rule != exception else "31 of 400 positions differ",
                limit="none",
                evidence="by hand, for a test",
                mend="" if rule != exception else "Do not look ahead.",
                seed=seed,
            )
            for seed in scores
            for rule, name in FINDINGS
        ),
        scores=tuple(
            SeedScore(
                seed=seed,
                artifact_sha256=(artifacts or {}).get(seed) or _sha256(artifact_of(entry, seed)),
                artifact_bytes=artifact_bytes,
                bits_per_byte=score,
                bits=score * 1e6,
                text_bytes=1_000_000,
                score_seconds=9.0,
            )
            for seed, score in scores.items()
        ),
        documents_sha256="d" * 64,
        environment={"paramgolf": "0.1.0", "system": "by hand"},
        judged_at=judged_at,
        seconds=60.0,
    )


def trained_again(verdict: Verdict, outcome: Outcome) -> Verdict:
    """The same verdict with a reproduction of seed 0."""
    finding = Finding(
        rule="R14",
        name="training data",
        outcome=outcome,
        measured="1.2500 entered, 1.2501 trained again",
        limit="none",
        evidence="by hand, for a test",
        seed=0,
    )
    others = (f for f in verdict.findings if (f.rule, f.seed) != ("R14", 0))
    return replace(verdict, findings=(*others, finding), trained_again=0)


def add_entry(
    ledger: Ledger,
    folder: Path,
    scores: dict[int, float] = RECORD,
    *,
    judged: Validity | None = Validity.VALID,
    **entry,
) -> Event:
    """Make an entry's folder, hand it in and, unless `judged` is None, write its verdict; the last event."""
    submission = {
        key: entry.pop(key) for key in ("link", "changed", "commit", "handed_in_at") if key in entry
    }
    event = hand_in(ledger, make_entry(folder, scores=scores, **entry), who="Ada", **submission)
    if judged is None:
        return event
    kept = {key: entry[key] for key in ("record", "track", "challenge") if key in entry}
    verdict = make_verdict(folder.name, scores, standing=judged, **kept)
    return add_verdict(ledger, verdict, challenge_of_name(verdict.challenge), who="the judge")


def filled_ledger(folder: Path) -> Ledger:
    """A ledger with an entry of every status, settled.

    baseline: a record that wider-bigram beat. tuned: better than it by less than the margin. odd-idea: a non-record
    that builds on leaky, which was ruled invalid after. careless: a rule failed. unproven: undecided. fresh: waiting.
    twin: level with odd-idea.
    """
    ledger = Ledger(folder / "board", create=True)
    work = folder / "entries"
    odd = {0: 1.2601, 1: 1.2603, 2: 1.2602}
    add_entry(ledger, work / "baseline", changed="The first entry", link="https://example.org/pull/1")
    add_entry(ledger, work / "leaky", {0: 1.2551, 1: 1.2555, 2: 1.2550}, parents=("baseline",))
    add_entry(ledger, work / "odd-idea", odd, record=False, parents=("leaky",), changed="Bits, not tokens")
    add_entry(ledger, work / "twin", odd, record=False)
    add_entry(
        ledger, work / "wider-bigram", BETTER, parents=("baseline",), changed="Four times the bigram table"
    )
    add_entry(ledger, work / "tuned", {s: b - 0.001 for s, b in BETTER.items()}, parents=("wider-bigram",))
    add_entry(ledger, work / "careless", {0: 0.9}, judged=Validity.INVALID)
    add_entry(ledger, work / "unproven", {0: 1.1}, judged=Validity.UNDECIDED)
    add_entry(ledger, work / "adaptive-counts", {0: 1.2, 1: 1.201, 2: 1.199}, track="adaptive")
    add_entry(ledger, work / "fresh", judged=None)
    rule_invalid(ledger, "leaky", who="an organiser", why="Its tokenizer was trained on the validation text.")
    settle(ledger)
    return ledger


def challenge_of_name(name: str) -> Challenge:
    """The catalog's."""
    return CHALLENGE if name == CHALLENGE.name else load_challenge(name)


def submission(store: Store, entry: str, **changes) -> Submitted:
    """The event of an entry of one artifact, its files stored: quicker than a folder."""
    data = artifact_of(entry, 0)
    files = (StoredFile(path="seeds/0/model.pyz", sha256=store.put(data), size=len(data)),)
    fields = {
        "entry": entry,
        "title": entry,
        "authors": ("Ada",),
        "challenge": "local",
        "track": "fixed",
        "record": True,
        "parents": (),
        "files": files,
        "shown_sha256": store.put(papers_json(EntryPapers(curves=(), byte_ledger=())).encode()),
        "handed_in_at": "2026-11-22T00:00:00+00:00",
    }
    return Submitted(**(fields | changes))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
