"""The rule of the training clock: its declaration, and how it judges a seed's papers.

More seconds than the clock may be the machine's fault, so it never fails.
"""

from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding, SeedScore

# Of the clock.
CLOCK_SLACK = 1.01

RULE = Rule(
    number="R18",
    name="training clock",
    asks="Training keeps within its clock.",
    measures=(
        "With --reproduce: the seconds that the same tokens took here; more than the clock leaves it undecided, "
        "since the machine may be slower."
    ),
    required=Required.NEVER,
    limit=lambda challenge: f"{challenge.train_seconds:g} s" if challenge.train_seconds else "no clock",
)


def judge(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    """Judge a seed by how long its second training took."""
    clock = papers.challenge.train_seconds
    limit = RULE.limit_in(papers.challenge)
    reproduction = papers.reproduction_of(seed)
    if reproduction is None or reproduction.trained is None:
        return RULE.undecided("It was not trained again.", "Have it trained again: --reproduce.", limit=limit)
    trained = reproduction.trained
    measured = f"{trained.seconds:.1f} s for {trained.tokens:,} tokens"
    if clock and trained.seconds > clock * CLOCK_SLACK:
        return RULE.undecided(
            "Longer than the clock, but this machine may be slower than the entrant's.",
            "Judge it on the challenge's hardware.",
            limit=limit,
            measured=measured,
        )
    return RULE.passed(measured, limit, "the trainer's clock in the sandbox; compiling is outside of it")
