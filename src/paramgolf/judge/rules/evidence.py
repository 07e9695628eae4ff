"""The rule of evidence: its declaration, and how it judges a seed's papers."""

import json
from dataclasses import asdict

from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.rules.training_clock import CLOCK_SLACK
from paramgolf.judge.verdict import Finding, SeedScore

RULE = Rule(
    number="R15",
    name="evidence",
    asks="The run's papers do not contradict it.",
    measures="Log and result against the artifact and the training clock.",
    required=Required.NEVER,
    limit="log, result and artifact tell the same, within the training clock",
)


def judge(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    """Judge a seed's log and result by its artifact and by the challenge."""
    limit = RULE.limit_in(papers.challenge)
    if not seed.log and not seed.result:
        return RULE.undecided(
            "There is neither a log nor a result.", "Enter log.jsonl and result.json.", limit=limit
        )
    problems = _log_problems(papers, seed) + _result_problems(papers, seed, score)
    if problems:
        return RULE.failed(
            f"{len(problems)} contradictions",
            limit,
            " ".join(problems[:5]),
            "Enter the papers of this very run.",
        )
    return RULE.passed("no contradiction", limit, "log and result against the artifact and the clock")


def _log_problems(papers: Papers, seed: EnteredSeed) -> list[str]:
    log = papers.read(seed.log)
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
    result = papers.read_json(seed.result)
    if not result:
        return [f"{seed.result} is no JSON object."]
    declared = {"seed": seed.seed, "challenge": papers.entry.challenge, "artifact_sha256": seed.sha256}
    problems = [
        f"{seed.result} says {name} {ascii(result.get(name))[:40]}, entry.toml {ascii(value)[:40]}."
        for name, value in declared.items()
        if result.get(name) != value
    ]
    if seed.target and result.get("target") != asdict(seed.target):
        problems.append(f"{seed.result} and entry.toml differ in when the target was reached.")
    size = result.get("artifact_bytes")
    if score and size != score.artifact_bytes:
        problems.append(
            f"{seed.result} says {ascii(size)[:40]} bytes, the artifact has {score.artifact_bytes}."
        )
    seconds, limit = result.get("train_seconds"), papers.challenge.train_seconds
    if limit and not (isinstance(seconds, int | float) and seconds <= limit * CLOCK_SLACK):
        problems.append(f"{seed.result} says {ascii(seconds)[:40]} s of training; the clock is {limit:g} s.")
    return problems
