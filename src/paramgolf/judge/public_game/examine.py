"""The verdict on a folder of the public game: from its papers alone, so that it is never more than consistent."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from paramgolf.challenge import Challenge, load_challenge
from paramgolf.judge.public_game.clocks import judge_clocks
from paramgolf.judge.public_game.evidence import judge_evidence, judge_folder, judge_seeds
from paramgolf.judge.public_game.folder import PublicEntry, read_folder
from paramgolf.judge.public_game.scores import judge_scores
from paramgolf.judge.public_game.sizes import judge_sizes
from paramgolf.judge.verdict import Finding, Outcome, Validity, Verdict

CHALLENGE = "parameter-golf"
DEPTH = "papers only"
_RULES: tuple[Callable[[PublicEntry, Challenge], list[Finding]], ...] = (
    lambda entry, _: judge_folder(entry),
    judge_sizes,
    judge_clocks,
    judge_scores,
    lambda entry, _: judge_evidence(entry),
    judge_seeds,
)


def examine_public_entry(folder: Path) -> Verdict:
    """What `folder` says, what is missing, what contradicts itself. Nothing of it is run.

    INVALID where a claim is better than its evidence or over a limit, UNDECIDED where something is missing or differs
    without gain, else CONSISTENT.

    Raises:
        UsageError: there is no such folder.
    """
    started = time.monotonic()
    entry = read_folder(folder)
    findings = judge_papers(entry, load_challenge(CHALLENGE))
    said = entry.submission
    return Verdict(
        entry=ascii(entry.name)[1:-1],
        title=said.name.value if said and said.name else ascii(entry.name)[1:-1],
        challenge=CHALLENGE,
        rules_version=load_challenge(CHALLENGE).rules_version,
        track="public",
        record=entry.record,
        standing=_standing(findings),
        depth=DEPTH,
        findings=findings,
        scores=(),
        documents_sha256="",
        environment={"run": "nothing"} | _stated(entry),
        judged_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.monotonic() - started,
    )


def judge_papers(entry: PublicEntry, challenge: Challenge) -> tuple[Finding, ...]:
    """Every rule that papers can answer, in the order of their numbers."""
    return tuple(finding for rule in _RULES for finding in rule(entry, challenge))


def _standing(findings: tuple[Finding, ...]) -> Validity:
    outcomes = {finding.outcome for finding in findings}
    if Outcome.FAIL in outcomes:
        return Validity.INVALID
    return Validity.UNDECIDED if Outcome.UNDECIDED in outcomes else Validity.CONSISTENT


def _stated(entry: PublicEntry) -> dict[str, str]:
    """What the submission states of itself, each with its key path."""
    said = entry.submission
    if said is None:
        return {}
    texts = {"author": said.author, "date": said.date, "hardware": said.hardware}
    numbers = {
        "score": said.bits_per_byte,
        "bytes": said.total_bytes,
        "code bytes": said.code_bytes,
        "training seconds": said.train_seconds,
        "evaluation seconds": said.eval_seconds,
    }
    stated = {f"stated {name}": f"{text.value} ({text.path})" for name, text in texts.items() if text}
    return stated | {
        f"stated {name}": f"{number.value:.10g} ({number.path})" for name, number in numbers.items() if number
    }
