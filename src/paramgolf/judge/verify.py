"""The whole verdict on an entry, or on a bare artifact: measure, judge, sum up."""

import hashlib
import platform
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from paramgolf import __version__
from paramgolf.challenge import Challenge, objective_of
from paramgolf.common import folders
from paramgolf.corpus import documents_sha256
from paramgolf.errors import EntryError, SandboxError, UsageError
from paramgolf.judge.entry import EnteredSeed, Entry, read_entry
from paramgolf.judge.measure import Depth, Measurements, measure_artifact
from paramgolf.judge.papers import Papers
from paramgolf.judge.reproduction import reproduce
from paramgolf.judge.rule import first_line
from paramgolf.judge.rules.claims import target_reached
from paramgolf.judge.rules.entry import RULE as ENTRY
from paramgolf.judge.rules.registry import judge_measurements, judge_papers, required
from paramgolf.judge.rules.size import RULE as SIZE
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Finding, SeedScore, Verdict, standing_of
from paramgolf.score import ProgressCallback, sandbox_failure
from paramgolf.score.control_group import limits_kept_by

# A file is read before it is judged; one that is far over the cap is not worth reading.
OVERSIZE = 4


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How to judge: the game, its validation text, how closely, and with what."""

    challenge: Challenge
    documents: Sequence[bytes]
    depth: Depth
    threads: int
    fresh: Sequence[bytes] = ()
    # Train one seed of an entry again, with the training documents of this corpus; "" for not.
    reproduce_from: str = ""
    progress: ProgressCallback | None = None
    say: Callable[[str], None] = lambda line: None


def verify(path: Path, terms: Terms) -> Verdict:
    """Judge an entry's folder, or a model.pyz alone.

    Raises:
        UsageError: it shall be trained again, in a game with a target.
        SandboxError: bubblewrap is missing or broke; nothing is judged without it.
    """
    if terms.reproduce_from and terms.challenge.target_bits_per_byte is not None:
        raise UsageError(
            f"{terms.challenge.name} is won by {objective_of(terms.challenge).label}, and --reproduce trains to a "
            "number of tokens without asking for a target. Run its recipe and seed here instead: paramgolf run."
        )
    if failure := sandbox_failure():
        raise SandboxError(f"Nothing is judged outside the sandbox. {failure}")
    started = time.monotonic()
    if path.is_dir():
        entry, findings, scores, trained_again = _verify_folder(path, terms)
    else:
        entry, trained_again = None, None
        findings, score = _verify_file(path.parent, path.name, terms, None, None)
        scores = [score]
    return Verdict(
        entry=path.resolve().name,
        title=entry.title if entry else path.name,
        challenge=terms.challenge.name,
        rules_version=terms.challenge.rules_version,
        track=entry.track if entry else "undeclared",
        record=bool(entry and entry.record),
        standing=standing_of(tuple(findings), required=required(quick=not terms.depth.prove)),
        depth=terms.depth.name,
        findings=tuple(findings),
        scores=tuple(score for score in scores if score),
        documents_sha256=documents_sha256(terms.documents),
        environment=_environment(terms.threads),
        judged_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - started, 3),
        trained_again=trained_again,
        objective_name=terms.challenge.objective,
    )


def _verify_folder(
    folder: Path, terms: Terms
) -> tuple[Entry | None, list[Finding], list[SeedScore | None], int | None]:
    """Also the seed that was trained again, if one was."""
    try:
        entry = read_entry(folder)
    except EntryError as error:
        limit = "an entry.toml as docs/judge.md describes it"
        return (
            None,
            [ENTRY.failed("unreadable", limit, first_line(error), "Start from: paramgolf new entry NAME")],
            [],
            None,
        )
    findings: list[Finding] = []
    scores: list[SeedScore | None] = []
    for seed in entry.seeds:
        terms.say(f"seed {seed.seed}: {seed.artifact}")
        found, score = _verify_file(folder, seed.artifact, terms, entry, seed)
        findings += found
        scores.append(score)
    reproduction = None
    if terms.reproduce_from:
        reproduction = reproduce(
            folder,
            entry,
            # Drawn after the entry was handed in.
            secrets.choice(entry.seeds),
            challenge=terms.challenge,
            corpus=terms.reproduce_from,
            documents=terms.documents,
            say=terms.say,
        )
    papers = Papers(
        folder=folder,
        entry=entry,
        challenge=terms.challenge,
        documents=terms.documents,
        scores=scores,
        whole_text=terms.depth.text_share >= 1,
        reproduction=reproduction,
    )
    findings = sorted(findings + judge_papers(papers), key=lambda f: (f.seed or 0, f.rule))
    return entry, findings, scores, reproduction.seed if reproduction else None


def _verify_file(
    folder: Path, relative: str, terms: Terms, entry: Entry | None, seed: EnteredSeed | None
) -> tuple[list[Finding], SeedScore | None]:
    """One artifact, judged on a private copy that cannot be changed meanwhile."""
    number = seed.seed if seed else None
    with private_folder() as private:
        artifact = private / folders.ARTIFACT
        try:
            artifact.write_bytes(
                read_regular_file(folder, relative, OVERSIZE * terms.challenge.artifact_bytes)
            )
        except EntryError as error:
            limit = f"{terms.challenge.artifact_bytes:,} bytes, one regular file"
            finding = SIZE.failed(
                "no artifact", limit, first_line(error), "Give the artifact inside the folder."
            )
            return [replace(finding, seed=number)], None
        m = measure_artifact(
            artifact,
            terms.documents,
            terms.challenge,
            terms.depth,
            threads=terms.threads,
            declared_track=entry.track if entry else None,
            declared_isolated=bool(entry and entry.document_isolation),
            fresh=terms.fresh,
            progress=terms.progress,
        )
        sha256 = hashlib.sha256(artifact.read_bytes()).hexdigest()
    findings = [replace(finding, seed=number) for finding in judge_measurements(m)]
    score = _seed_score(m, number or 0, sha256)
    if score and seed and terms.depth.text_share >= 1:
        score = replace(score, target=target_reached(terms.challenge, seed, score.bits_per_byte))
    return findings, score


def _seed_score(m: Measurements, seed: int, sha256: str) -> SeedScore | None:
    if m.score is None:
        return None
    return SeedScore(
        seed=seed,
        artifact_sha256=sha256,
        artifact_bytes=m.score.artifact_bytes,
        bits_per_byte=m.score.bits_per_byte,
        bits=m.score.bits,
        text_bytes=m.score.text_bytes,
        score_seconds=m.score.seconds,
    )


def _environment(threads: int) -> dict[str, str]:
    return {
        "paramgolf": __version__,
        "python": platform.python_version(),
        "torch": version("torch"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "threads": str(threads),
        "isolation": f"bubblewrap; memory and processes by {limits_kept_by()}",
    }
