"""The rule of claims: its declaration, and how it judges a seed's papers."""

from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding, SeedScore

# Another machine rounds differently; what is left is a sixth of the record margin.
CLAIM_TOLERANCE = 0.0005

RULE = Rule(
    number="R12",
    name="claims",
    asks="The claimed score is the measured one.",
    measures=f"The claimed score within {CLAIM_TOLERANCE} of the measured one; the artifact by its SHA-256.",
    required=Required.NEVER,
    limit=f"within {CLAIM_TOLERANCE} bits per byte of the measured score, and the artifact that was named",
)


def judge(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    """Judge what a seed claims by what was measured of its artifact."""
    limit = RULE.limit_in(papers.challenge)
    if score is None:
        return RULE.undecided(
            "There is no measured score to compare with.", "Fix the artifact first.", limit=limit
        )
    if score.artifact_sha256 != seed.sha256:
        return RULE.failed(
            f"SHA-256 {score.artifact_sha256[:16]}...",
            limit,
            f"entry.toml names an artifact with SHA-256 {seed.sha256[:16]}...",
            "Enter the artifact that was scored: paramgolf new entry writes its hash.",
        )
    if not papers.whole_text:
        return RULE.undecided("Only a sample was scored.", "Leave --quick away.", limit=limit)
    gap = score.bits_per_byte - seed.bits_per_byte
    measured = f"{score.bits_per_byte:.4f} measured, {seed.bits_per_byte:.4f} claimed"
    # A claim that is too high does no harm, but it is not of this artifact.
    if abs(gap) > CLAIM_TOLERANCE:
        return RULE.failed(measured, limit, "scored by the judge", f"Claim {score.bits_per_byte:.4f}.")
    return RULE.passed(measured, limit, "scored by the judge; the claim counts for nothing")
