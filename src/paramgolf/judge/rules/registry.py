"""All rules, in order. A new one takes its own module, its import and its place here, a test, and docs/judge.md."""

from dataclasses import replace
from typing import Protocol

from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.measure import Measurements
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.rules import (
    causality,
    claims,
    clocks,
    conduct,
    determinism,
    documents,
    entry,
    evidence,
    isolation,
    lossless,
    memorisation,
    one_pass,
    predictions,
    proof,
    seeds,
    size,
    training_clock,
    training_data,
)
from paramgolf.judge.verdict import Finding, SeedScore


class ArtifactRule(Protocol):
    """A module that judges one artifact by what was measured of it."""

    RULE: Rule

    def judge(self, m: Measurements, /) -> Finding: ...


class EntryRule(Protocol):
    """A module that judges an entry as a whole by its papers."""

    RULE: Rule

    def judge(self, papers: Papers, /) -> Finding: ...


class SeedRule(Protocol):
    """A module that judges one seed by its papers and by what was measured of its artifact (None: nothing)."""

    RULE: Rule

    def judge(self, papers: Papers, seed: EnteredSeed, score: SeedScore | None, /) -> Finding: ...


# Each in the order of their numbers.
ARTIFACT_RULES: tuple[ArtifactRule, ...] = (
    size,
    lossless,
    documents,
    predictions,
    causality,
    one_pass,
    isolation,
    clocks,
    determinism,
    proof,
    memorisation,
    conduct,
)
ENTRY_RULES: tuple[EntryRule, ...] = (entry, seeds)
SEED_RULES: tuple[SeedRule, ...] = (claims, training_data, evidence, training_clock)

# Numbers of rules that are gone, with their names: a verdict of before may hold them, so they are never given again.
RETIRED: dict[str, str] = {}


def rulebook() -> tuple[Rule, ...]:
    """Every rule, in the order of their numbers."""
    modules: tuple[ArtifactRule | EntryRule | SeedRule, ...] = (*ARTIFACT_RULES, *ENTRY_RULES, *SEED_RULES)
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.number))


def required(*, quick: bool) -> frozenset[str]:
    """Numbers of the rules that must be decided before an entry is called valid; on a quick look they are fewer."""
    asked = {Required.ALWAYS} if quick else {Required.ALWAYS, Required.WHOLE_TEXT}
    return frozenset(rule.number for rule in rulebook() if rule.required in asked)


def judge_measurements(m: Measurements) -> tuple[Finding, ...]:
    """Every rule about one artifact."""
    return tuple(module.judge(m) for module in ARTIFACT_RULES)


def judge_papers(papers: Papers) -> list[Finding]:
    """Every rule about an entry's papers: of the entry, then of each seed."""
    findings = [module.judge(papers) for module in ENTRY_RULES]
    for seed, score in zip(papers.entry.seeds, papers.scores, strict=True):
        findings += [replace(module.judge(papers, seed, score), seed=seed.seed) for module in SEED_RULES]
    return findings
