"""A verdict as one page of HTML that opens offline and runs nothing."""

from paramgolf.common.templates import html_templates
from paramgolf.judge.verdict import Finding, Outcome, Verdict


def verdict_page(verdict: Verdict) -> str:
    """The page; everything that an entrant wrote is escaped."""
    environment = html_templates("paramgolf.judge", "templates")
    seeds = sorted({f.seed for f in verdict.findings if f.seed is not None})
    groups: list[tuple[str, list[Finding]]] = [
        ("Of the entry" if seeds else "", [f for f in verdict.findings if f.seed is None])
    ]
    groups += [(f"Seed {seed}", [f for f in verdict.findings if f.seed == seed]) for seed in seeds]
    counts = {outcome: sum(f.outcome is outcome for f in verdict.findings) for outcome in Outcome}
    return environment.get_template("verdict.html").render(
        verdict=verdict,
        groups=[(name, findings) for name, findings in groups if findings],
        counts=counts,
    )
