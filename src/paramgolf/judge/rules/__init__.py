"""One module a rule. Numbers never change their meaning; a rule that goes leaves its number empty.

R01 entry, R12 claims, R14 training data, R15 evidence and R16 seeds are about an entry's papers (papers.py); the
others about one artifact.
"""

from collections.abc import Callable

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rules import (
    causality,
    clocks,
    conduct,
    determinism,
    documents,
    isolation,
    lossless,
    memorisation,
    one_pass,
    predictions,
    proof,
    size,
)
from paramgolf.judge.verdict import Finding

# Each has RULE, its number and name, and judge(measurements); the rulebook takes their docstrings as its words.
MODULES = (
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
ARTIFACT_RULES: tuple[Callable[[Measurements], Finding], ...] = tuple(module.judge for module in MODULES)

# What must be decided before an artifact is called valid; the others may stay open without harm.
REQUIRED = frozenset({"R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R17"})
REQUIRED_QUICKLY = REQUIRED - {"R04", "R11"}


def judge_measurements(m: Measurements) -> tuple[Finding, ...]:
    """Every rule about one artifact, in the order of their numbers."""
    return tuple(rule(m) for rule in ARTIFACT_RULES)
