"""The rule of proof: its declaration, and how it judges an artifact."""

from paramgolf.judge.broken_phase import broken_here
from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import Finding
from paramgolf.score.proof import CONTAINER_BYTES, TOLERANCE

RULE = Rule(
    number="R11",
    name="proof",
    asks="The score is a compressed size: compressed in one sandbox, decompressed in another, identical.",
    measures=(
        "Compressed in one sandbox, decompressed in another: identical, and the size agrees with the score to "
        f"{TOLERANCE:.1%} + {CONTAINER_BYTES} bytes."
    ),
    required=Required.WHOLE_TEXT,
    limit=f"identical, and within {TOLERANCE:.1%} and {CONTAINER_BYTES} bytes of the score",
)


def judge(m: Measurements) -> Finding:
    """Judge one artifact by what was measured of it."""
    limit = RULE.limit_in(m.challenge)
    mend = "compress and decompress must step through exactly the predictions that `predict` gives."
    if broken := broken_here(m, RULE.number):
        return RULE.failed("the codec broke", limit, first_line(broken[1]), mend)
    if m.proof is None and not m.depth.prove and m.score is not None:
        return RULE.undecided("The quick look proves nothing.", "Leave --quick away.", limit=limit)
    if m.proof is None:
        return RULE.not_reached(m)
    measured = f"{m.proof.compressed_bytes:,} bytes, {m.proof.bits_per_byte:.4f} bits per byte"
    if m.proof.failure:
        return RULE.failed(measured, limit, m.proof.failure, mend)
    return RULE.passed(
        measured,
        limit,
        f"{m.proof.documents:,} of {len(m.documents):,} documents, {m.proof.text_bytes:,} bytes, came back identical "
        f"in {m.proof.seconds:.1f} s",
    )
