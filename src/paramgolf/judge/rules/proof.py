"""R11: the score is a compressed size: compressed in one sandbox, decompressed in another, identical."""

from paramgolf.judge.measure import Measurements
from paramgolf.judge.rule import Rule, first_line
from paramgolf.judge.rules.answer import broken_here
from paramgolf.judge.verdict import Finding
from paramgolf.score.proof import CONTAINER_BYTES, TOLERANCE

RULE = Rule("R11", "proof", f"identical, and within {TOLERANCE:.1%} and {CONTAINER_BYTES} bytes of the score")


def judge(m: Measurements) -> Finding:
    """The documents come back, and the compressed size agrees with the score."""
    limit = RULE.limit(m.challenge)
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
