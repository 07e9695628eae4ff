"""The rule of clocks: its declaration, and how it judges an artifact."""

from paramgolf.challenge import Challenge
from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding


def _limit(challenge: Challenge) -> str:
    limits = {"score": challenge.eval_seconds, "proof": challenge.prove_seconds}
    return ", ".join(
        f"{phase} {seconds:g} s" if seconds else f"{phase} none" for phase, seconds in limits.items()
    )


RULE = Rule(
    number="R09",
    name="clocks",
    asks="Scoring and proving keep within their clocks.",
    measures=(
        "The harness's wall clock of scoring and proof, start of the processes included; an entry that "
        "stalls when asked again fails too."
    ),
    required=Required.ALWAYS,
    limit=_limit,
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if broken := broken_here(m, RULE.number):
        phase, error = broken
        return RULE.failed(
            f"{phase} stopped after {m.seconds[phase]:.1f} s",
            limit,
            first_line(error),
            "Make it faster: fewer or smaller layers, larger batches of documents, shorter windows.",
        )
    if m.score is None:
        return RULE.not_reached(m)
    proof = f", proof {m.proof.seconds:.1f} s" if m.proof else ""
    return RULE.passed(
        f"score {m.score.seconds:.1f} s{proof}",
        limit,
        f"{m.threads} thread{'s' * (m.threads > 1)}; start of the sandboxes, encoding, prediction, learning and "
        "softmax included",
    )
