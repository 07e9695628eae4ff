"""What an entry says of itself, against what was measured: R01, R12, R14-R16, R18. Nothing declared is believed."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paramgolf.challenge import Challenge
from paramgolf.errors import EntryError
from paramgolf.judge.entry import LARGEST_LOG, LARGEST_README, EnteredSeed, Entry
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.training_data import (
    CLOCK_SLACK,
    Reproduction,
    judge_training_clock,
    judge_training_data,
)
from paramgolf.judge.verdict import Finding, SeedScore

# Another machine rounds differently; what is left is a sixth of the record margin.
CLAIM_TOLERANCE = 0.0005

ENTRY = Rule("R01", "entry", "entry.toml, README.md, and every file that it names, inside the folder")
CLAIMS = Rule(
    "R12",
    "claims",
    f"within {CLAIM_TOLERANCE} bits per byte of the measured score, and the artifact that was named",
)
EVIDENCE = Rule("R15", "evidence", "log, result and artifact tell the same, within the training clock")
SEEDS = Rule(
    "R16",
    "seeds",
    lambda challenge: f"distinct seeds, artifacts and logs; {challenge.minimum_seeds} or more for a record",
)

LARGEST_JSON = 1 << 24


@dataclass(frozen=True, kw_only=True)
class Papers:
    """An entry with its folder, the challenge it is for, and what the judge measured of each seed (None: nothing)."""

    folder: Path
    entry: Entry
    challenge: Challenge
    documents: Sequence[bytes]
    scores: Sequence[SeedScore | None]
    whole_text: bool
    reproduction: Reproduction | None = None

    def reproduction_of(self, seed: EnteredSeed) -> Reproduction | None:
        """The second training, where it is of this seed."""
        again = self.reproduction
        return again if again is not None and again.seed == seed.seed else None


def judge_papers(papers: Papers) -> list[Finding]:
    """Every rule about the papers."""
    return [_entry(papers), _seeds(papers), *_for_each_seed(papers)]


def _entry(papers: Papers) -> Finding:
    limit = ENTRY.limit(papers.challenge)
    problems = []
    named = ["README.md", papers.entry.recipe]
    named += [path for seed in papers.entry.seeds for path in (seed.result, seed.log, seed.manifest)]
    for path in filter(None, named):
        try:
            data = read_regular_file(papers.folder, path, LARGEST_LOG)
            if path == "README.md" and not 0 < len(data) <= LARGEST_README:
                problems.append(f"README.md has {len(data):,} bytes; give 1 to {LARGEST_README:,}.")
        except EntryError as error:
            problems.append(first_line(error, 200))
    if papers.entry.challenge != papers.challenge.name:
        problems.append(f"It is for {papers.entry.challenge!r}, judged as {papers.challenge.name!r}.")
    if problems:
        return ENTRY.failed(f"{len(problems)} problems", limit, " ".join(problems[:6]), "Mend what is named.")
    return ENTRY.passed(
        f"seeds: {len(papers.entry.seeds)}", limit, f"{papers.entry.title!r}, {papers.entry.licence}"
    )


def _seeds(papers: Papers) -> Finding:
    seeds, wanted = papers.entry.seeds, papers.challenge.minimum_seeds
    limit = SEEDS.limit(papers.challenge)
    twice = [f"seed {s}" for s, n in Counter(s.seed for s in seeds).items() if n > 1]
    twice += [f"artifact {h[:12]}" for h, n in Counter(s.sha256 for s in seeds).items() if n > 1]
    measured = [s.artifact_sha256 for s in papers.scores if s]
    twice += [f"artifact {h[:12]} by its bytes" for h, n in Counter(measured).items() if n > 1]
    logs = [_read(papers, seed.log) for seed in seeds if seed.log]
    twice += [f"a log of {len(log):,} bytes" for log, n in Counter(filter(None, logs)).items() if n > 1]
    if twice:
        return SEEDS.failed(
            f"there more than once: {', '.join(twice[:5])}",
            limit,
            "compared by number and by bytes",
            "Train each seed by itself, and enter every one that you trained.",
        )
    if papers.entry.record and len(seeds) < wanted:
        return SEEDS.failed(
            f"{len(seeds)} seeds", limit, "a record needs them", f"Train {wanted - len(seeds)} more."
        )
    return SEEDS.passed(f"seeds: {len(seeds)}, all distinct", limit, "compared by number and by bytes")


def _for_each_seed(papers: Papers) -> list[Finding]:
    findings = []
    checks: tuple[Callable[[Papers, EnteredSeed, SeedScore | None], Finding], ...]
    checks = (_claims, _training_data, _evidence, _training_clock)
    for seed, score in zip(papers.entry.seeds, papers.scores, strict=True):
        for check in checks:
            findings.append(replace(check(papers, seed, score), seed=seed.seed))
    return findings


def _claims(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    limit = CLAIMS.limit(papers.challenge)
    if score is None:
        return CLAIMS.undecided(
            "There is no measured score to compare with.", "Mend the artifact first.", limit=limit
        )
    if score.artifact_sha256 != seed.sha256:
        return CLAIMS.failed(
            f"SHA-256 {score.artifact_sha256[:16]}...",
            limit,
            f"entry.toml names an artifact with SHA-256 {seed.sha256[:16]}...",
            "Enter the artifact that was scored: paramgolf new entry writes its hash.",
        )
    if not papers.whole_text:
        return CLAIMS.undecided("Only a sample was scored.", "Leave --quick away.", limit=limit)
    gap = score.bits_per_byte - seed.bits_per_byte
    measured = f"{score.bits_per_byte:.4f} measured, {seed.bits_per_byte:.4f} claimed"
    # A claim that is too high harms nobody, but it is not of this artifact.
    if abs(gap) > CLAIM_TOLERANCE:
        return CLAIMS.failed(measured, limit, "scored by the judge", f"Claim {score.bits_per_byte:.4f}.")
    return CLAIMS.passed(measured, limit, "scored by the judge; the claim counts for nothing")


def _training_data(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    manifest = _read_json(papers, seed.manifest)
    again = papers.reproduction_of(seed)
    return judge_training_data(manifest, papers.documents, papers.whole_text, score, again)


def _training_clock(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    return judge_training_clock(papers.challenge, papers.reproduction_of(seed))


def _evidence(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    limit = EVIDENCE.limit(papers.challenge)
    if not seed.log and not seed.result:
        return EVIDENCE.undecided(
            "There is neither a log nor a result.", "Enter log.jsonl and result.json.", limit=limit
        )
    problems = _log_problems(papers, seed) + _result_problems(papers, seed, score)
    if problems:
        return EVIDENCE.failed(
            f"{len(problems)} contradictions",
            limit,
            " ".join(problems[:5]),
            "Enter the papers of this very run.",
        )
    return EVIDENCE.passed("no contradiction", limit, "log and result against the artifact and the clock")


def _log_problems(papers: Papers, seed: EnteredSeed) -> list[str]:
    log = _read(papers, seed.log)
    if seed.log and log is None:
        return [f"{seed.log} cannot be read."]
    problems, last = [], (0, -1.0, -1)
    for number, line in enumerate((log or b"").splitlines(), 1):
        try:
            row = json.loads(line)
            now = (int(row["step"]), float(row["seconds"]), int(row["tokens"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return [f"{seed.log}, line {number}: expected an object with step, seconds and tokens."]
        # A NaN is not below the clock either.
        if now[0] != last[0] + 1 or not now[1] >= last[1] or now[2] <= last[2]:
            return [f"{seed.log}, line {number}: step {now[0]} does not follow on step {last[0]}."]
        last = now
    limit = papers.challenge.train_seconds
    if limit and last[1] > limit * CLOCK_SLACK:
        problems.append(f"By its log it trained {last[1]:.1f} s; the clock is {limit:g} s.")
    if papers.challenge.train_tokens and last[2] > papers.challenge.train_tokens:
        problems.append(
            f"By its log it saw {last[2]:,} tokens; {papers.challenge.train_tokens:,} are allowed."
        )
    return problems


def _result_problems(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> list[str]:
    if not seed.result:
        return []
    result = _read_json(papers, seed.result)
    if not result:
        return [f"{seed.result} is no JSON object."]
    declared = {"seed": seed.seed, "challenge": papers.entry.challenge, "artifact_sha256": seed.sha256}
    problems = [
        f"{seed.result} says {name} {ascii(result.get(name))[:40]}, entry.toml {ascii(value)[:40]}."
        for name, value in declared.items()
        if result.get(name) != value
    ]
    size = result.get("artifact_bytes")
    if score and size != score.artifact_bytes:
        problems.append(
            f"{seed.result} says {ascii(size)[:40]} bytes, the artifact has {score.artifact_bytes}."
        )
    seconds, limit = result.get("train_seconds"), papers.challenge.train_seconds
    if limit and not (isinstance(seconds, int | float) and seconds <= limit * CLOCK_SLACK):
        problems.append(f"{seed.result} says {ascii(seconds)[:40]} s of training; the clock is {limit:g} s.")
    return problems


def _read(papers: Papers, path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return read_regular_file(papers.folder, path, LARGEST_LOG)
    except EntryError:
        return None


def _read_json(papers: Papers, path: str | None) -> dict[str, Any]:
    data = _read(papers, path)
    if data is None or len(data) > LARGEST_JSON:
        return {}
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
