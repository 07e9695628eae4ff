"""The rule of seeds: its declaration, and how it judges an entry's papers."""

from collections import Counter

from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R16",
    name="seeds",
    asks="Every seed is a sample of its own.",
    measures="Seed numbers, artifacts and logs compared, by number and by bytes; enough of them for a record.",
    required=Required.NEVER,
    limit=lambda challenge: (
        f"distinct seeds, artifacts and logs; {challenge.minimum_seeds} or more for a record"
    ),
)


def judge(papers: Papers) -> Finding:
    """Judge all seeds of an entry together."""
    seeds, wanted = papers.entry.seeds, papers.challenge.minimum_seeds
    limit = RULE.limit_in(papers.challenge)
    if twice := _there_twice(papers):
        return RULE.failed(
            f"there more than once: {', '.join(twice[:5])}",
            limit,
            "compared by number and by bytes",
            "Train each seed by itself, and enter every one that you trained.",
        )
    if papers.entry.record and len(seeds) < wanted:
        return RULE.failed(
            f"{len(seeds)} seeds", limit, "a record needs them", f"Train {wanted - len(seeds)} more."
        )
    return RULE.passed(f"seeds: {len(seeds)}, all distinct", limit, "compared by number and by bytes")


def _there_twice(papers: Papers) -> list[str]:
    seeds = papers.entry.seeds
    twice = [f"seed {s}" for s, n in Counter(s.seed for s in seeds).items() if n > 1]
    twice += [f"artifact {h[:12]}" for h, n in Counter(s.sha256 for s in seeds).items() if n > 1]
    measured = [s.artifact_sha256 for s in papers.scores if s]
    twice += [f"artifact {h[:12]} by its bytes" for h, n in Counter(measured).items() if n > 1]
    logs = [papers.read(seed.log) for seed in seeds if seed.log]
    twice += [f"a log of {len(log):,} bytes" for log, n in Counter(filter(None, logs)).items() if n > 1]
    return twice
