"""The rule of causality: its declaration, and how it judges an artifact."""

from paramgolf.judge.audit import DISTANCE, GAP_NATS, MEAN_GAIN_NATS, Audit, power
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R06",
    name="causality",
    asks="A prediction uses only what came before it.",
    measures=(
        "The blind audit: positions drawn by a secret, asked again with the rest withheld, must give "
        "the prediction that was scored."
    ),
    required=Required.ALWAYS,
    limit=f"gain {GAP_NATS} nats and distance {DISTANCE} at a position, {MEAN_GAIN_NATS} nats in the mean",
)
MEND = (
    "A prediction may depend on the tokens before it in its document (and, in the adaptive track, on what was "
    "learned from scored batches), on nothing else: not on the token itself, later tokens, neighbours in the batch, "
    "the length of the text, or what the process was asked before. Where it multiplies in 16 bits, rounding alone can "
    "go past the limit: let predict_next pad the past to the shapes of predict, say to a multiple of 32 tokens."
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    if m.audit is None:
        return RULE.not_reached(m)
    audit = m.audit
    count, bad = len(audit.places), audit.differing
    measured = f"{len(bad)} of {count} positions differ, mean gain {audit.mean_gain:+.1e} nats"
    evidence = (
        f"Drawn by the secret {audit.secret}: who cheats at {power(audit.uniform):.2%} of all positions "
        f"or more is caught with 99 % probability. {_worst(audit)}"
    )
    return (
        RULE.passed(measured, limit, evidence)
        if audit.holds
        else RULE.failed(measured, limit, evidence, MEND)
    )


def _worst(audit: Audit) -> str:
    if not len(audit.gains):
        return ""
    worst = int(audit.distances.argmax())
    document, row = audit.places[worst]
    return (
        f"Largest distance {audit.distances[worst]:.1e} at document {document}, row {row}, "
        f"where seeing more gained {audit.gains[worst]:+.1e} nats."
    )
