"""Which verdicts can earn a row: whole ones, of the very files that were handed in, in the game that they entered."""

from paramgolf.board.ledger.events import Judged, Submitted
from paramgolf.board.ledger.store import Store
from paramgolf.challenge import Challenge, parse_challenge_json
from paramgolf.errors import UsageError
from paramgolf.judge.verdict import Validity, Verdict, parse_verdict

WHOLE = "full"


def refuse_unfounded(body: Judged, submission: Submitted, store: Store) -> None:
    """Read the verdict and the challenge that `body` names, and hold them against what was handed in.

    Raises:
        UsageError: the verdict is no verdict, is of other files or another game, is not a whole one, or `body` says
            otherwise than it does.
        LedgerError: the store does not give it.
    """
    verdict = verdict_of(store, body.verdict_sha256)
    challenge = challenge_of(store, body.challenge_sha256)
    pairs = {
        "entry": (verdict.entry, submission.entry),
        "challenge": (verdict.challenge, submission.challenge),
        "track": (verdict.track, submission.track),
        "record": (verdict.record, submission.record),
        "depth": (verdict.depth, WHOLE),
        "standing": (verdict.standing, body.standing),
        "rules": ((challenge.name, challenge.rules_version), (verdict.challenge, verdict.rules_version)),
    }
    for what, (got, expected) in pairs.items():
        if got != expected:
            raise UsageError(
                f"The verdict on {submission.entry!r} earns no row: {what} is {got!r}, expected {expected!r}. "
                f"Make one with: paramgolf board judge {submission.entry}"
            )
    held = {file.sha256 for file in submission.files}
    for score in verdict.scores:
        if score.artifact_sha256 not in held:
            raise UsageError(
                f"The verdict on {submission.entry!r} is of other files: the artifact {score.artifact_sha256} of seed "
                f"{score.seed} was not handed in. Make one with: paramgolf board judge {submission.entry}"
            )
    if verdict.standing is Validity.VALID and not verdict.scores:
        raise UsageError(
            f"The verdict on {submission.entry!r} calls it valid and has no score. Judge it again."
        )


def verdict_of(store: Store, sha256: str) -> Verdict:
    """A stored verdict.

    Raises:
        UsageError: it is no verdict.
        LedgerError: the store does not give it.
    """
    return parse_verdict(store.get(sha256))


def challenge_of(store: Store, sha256: str) -> Challenge:
    """A stored challenge, as it was when something was judged under it.

    Raises:
        UsageError: it is no challenge.
        LedgerError: the store does not give it.
    """
    return parse_challenge_json(store.get(sha256))
