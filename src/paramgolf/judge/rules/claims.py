"""The rule of claims: its declaration, and how it judges a seed's papers."""

from paramgolf.challenge import BITS_PER_BYTE, Challenge, TargetReached
from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.rules.training_clock import CLOCK_SLACK
from paramgolf.judge.verdict import Finding, SeedScore

# Another machine rounds differently; what is left is a sixth of the record margin.
CLAIM_TOLERANCE = 0.0005


def _limit(challenge: Challenge) -> str:
    limit = f"within {CLAIM_TOLERANCE} bits per byte of the measured score, and the artifact that was named"
    if challenge.target_bits_per_byte is None:
        return limit
    return (
        f"{limit}; {challenge.target_bits_per_byte:g} bits per byte reached, in {challenge.target_questions} "
        "questions at most"
    )


RULE = Rule(
    number="R12",
    name="claims",
    asks="The claimed score is the measured one.",
    measures=(
        f"The claimed score within {CLAIM_TOLERANCE} of the measured one; the artifact by its SHA-256; that it reaches "
        "the challenge's target, where there is one. When it did is the word of the machine that trained it."
    ),
    required=Required.NEVER,
    limit=_limit,
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
    if problems := target_problems(papers.challenge, seed, score.bits_per_byte):
        return RULE.failed(measured, limit, " ".join(problems), "Enter what this very run came to.")
    if seed.target:
        measured += f", {seed.target.seconds:.1f} s to the target claimed"
    return RULE.passed(measured, limit, "scored by the judge; the claim counts for nothing")


def target_reached(challenge: Challenge, seed: EnteredSeed, bits_per_byte: float) -> TargetReached | None:
    """What the seed says of its target, where nothing speaks against it; None also in a game without a target."""
    return None if target_problems(challenge, seed, bits_per_byte) else seed.target


def target_problems(challenge: Challenge, seed: EnteredSeed, bits_per_byte: float) -> list[str]:
    """What speaks against the target that the seed claims, where `bits_per_byte` was measured of its artifact."""
    target, said = challenge.target_bits_per_byte, seed.target
    if target is None or challenge.target_questions is None:
        return ["entry.toml names a target, and the challenge has none."] if said else []
    if said is None:
        return ["entry.toml does not say when the target was reached."]
    problems = []
    # One artifact may score a little differently on two machines.
    if bits_per_byte > target + BITS_PER_BYTE.repeat_tolerance:
        problems.append(f"The artifact scores {bits_per_byte:.4f}; the target is {target:g} bits per byte.")
    if abs(bits_per_byte - said.bits_per_byte) > BITS_PER_BYTE.repeat_tolerance:
        problems.append(f"The target was reached at {said.bits_per_byte:.4f} bits per byte, by entry.toml.")
    if said.questions > challenge.target_questions:
        problems.append(f"{said.questions} questions were asked; {challenge.target_questions} are allowed.")
    if challenge.train_seconds and said.seconds > challenge.train_seconds * CLOCK_SLACK:
        problems.append(f"It took {said.seconds:.1f} s; the clock is {challenge.train_seconds:g} s.")
    return problems
