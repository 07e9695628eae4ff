"""The rule of training data: its declaration, and how it judges a seed's papers.

Papers are the entrant's word: they can break the rule. Only training it again bears it out.
"""

from collections.abc import Sequence
from typing import Any

from paramgolf.corpus import documents_sha256
from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.papers import Papers
from paramgolf.judge.reproduction import Reproduction
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.verdict import REPRODUCTION_RULE, Finding, SeedScore

# Of the score. The same seed and tokens trained on another machine: sums round differently, and where the clock was
# the entry's budget its learning rate followed the clock. Measured pairs stand in docs/judge.md.
TOLERANCE = 0.01
WITHOUT = "trained without the validation documents"

RULE = Rule(
    number=REPRODUCTION_RULE,
    name="training data",
    asks="The validation documents were kept out of training.",
    measures="A manifest that kept other documents out fails; only training it again makes it pass (--reproduce).",
    required=Required.NEVER,
    limit=f"{WITHOUT}: at most {TOLERANCE:.0%} better than its recipe makes it again",
)


def judge(papers: Papers, seed: EnteredSeed, score: SeedScore | None) -> Finding:
    """Judge a seed by its manifest, and by its second training where there was one."""
    manifest = papers.read_json(seed.manifest)
    if failed := _by_manifest(manifest, papers.documents, papers.whole_text):
        return failed
    reproduction = papers.reproduction_of(seed)
    if reproduction is None:
        said = "By its manifest the validation documents were kept out; that is the entrant's word."
        none = "There is no manifest of the training data."
        return RULE.undecided(
            said if manifest else none, "Have it trained again: --reproduce.", limit=WITHOUT
        )
    if score is None or reproduction.bits_per_byte is None:
        return _not_reproduced(reproduction)
    return _compared(score.bits_per_byte, reproduction)


def _by_manifest(manifest: dict[str, Any], documents: Sequence[bytes], whole_text: bool) -> Finding | None:
    if not manifest:
        return None
    validation = _at(manifest, "splits", "validation", "sha256")
    canonical = documents_sha256(documents)
    if whole_text and validation != canonical:
        return RULE.failed(
            f"validation split {ascii(str(validation))[1:17]}...",
            f"validation split {canonical[:16]}...",
            "The manifest of the training data kept other documents out than those that are scored.",
            "Train with the challenge's own split: paramgolf data.",
        )
    if _at(manifest, "splits", "train", "sha256") == validation:
        return RULE.failed("train equals validation", WITHOUT, "by the manifest", "Train with training data.")
    return None


def _not_reproduced(reproduction: Reproduction) -> Finding:
    error = reproduction.error or EntryError("The artifact itself has no score to compare with.")
    mend = "Enter the recipe that was trained, with every file that it needs."
    if isinstance(error, EntryTimeoutError) or reproduction.error is None:
        return RULE.undecided(first_line(error), mend, limit=WITHOUT)
    return RULE.failed("the recipe does not make an artifact", WITHOUT, first_line(error), mend)


def _compared(scored: float, reproduction: Reproduction) -> Finding:
    again = reproduction.bits_per_byte
    assert again is not None
    assert reproduction.trained is not None
    measured = f"{scored:.4f} entered, {again:.4f} trained again"
    limit = f"at most {TOLERANCE:.0%} better than its recipe makes it with training data alone"
    evidence = f"seed {reproduction.seed}, {reproduction.trained.tokens:,} tokens, in a sandbox without validation text"
    if again - scored <= TOLERANCE * scored:
        return RULE.passed(measured, limit, evidence)
    if not reproduction.same_tokens:
        return RULE.undecided(
            f"{measured}, by the clock of this machine: there is no log that says how many tokens it saw.",
            "Enter log.jsonl of the run.",
            limit=limit,
        )
    return RULE.failed(
        measured,
        limit,
        evidence,
        "Enter the recipe and the seed that made this artifact, and train on training data.",
    )


def _at(table: Any, *keys: str) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
