"""The rules in words: what each asks, how it is measured and what it allows, from the modules that judge by them."""

import inspect
from dataclasses import dataclass

from paramgolf.challenge import Challenge
from paramgolf.judge import papers, training_data
from paramgolf.judge.rule import Rule
from paramgolf.judge.rules import MODULES, REQUIRED

_PAPERS = (
    (
        papers.ENTRY,
        "The folder holds what an entry needs.",
        "entry.toml by its schema; every file that is named.",
    ),
    (
        papers.CLAIMS,
        "The claimed score is the measured one.",
        "The claim against the judge's score, the artifact by its SHA-256.",
    ),
    (
        training_data.TRAINING,
        "The validation documents were kept out of training.",
        "Trained again from its recipe with training data alone; without that, its manifest is the entrant's word.",
    ),
    (
        training_data.CLOCK,
        "Training keeps within its clock.",
        "What the same tokens take here; more may be the machine's fault, so this never fails.",
    ),
    (
        papers.EVIDENCE,
        "The run's papers do not contradict it.",
        "Log and result against the artifact and the clock.",
    ),
    (
        papers.SEEDS,
        "Every seed is a sample of its own.",
        "Seed numbers, artifacts and logs compared, by number and by bytes.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class RuleInWords:
    """A rule as a reader meets it. `required`: an entry is valid only where this one was decided."""

    number: str
    name: str
    asks: str
    measured: str
    required: bool
    rule: Rule

    def limit(self, challenge: Challenge) -> str:
        """What the rule allows in that challenge."""
        return self.rule.limit(challenge)


def rulebook() -> tuple[RuleInWords, ...]:
    """Every rule, in the order of their numbers."""
    found = [_in_words(module.RULE, _asks(module.__doc__), _text(module.judge.__doc__)) for module in MODULES]
    found += [_in_words(rule, asks, measured) for rule, asks, measured in _PAPERS]
    return tuple(sorted(found, key=lambda rule: rule.number))


def _in_words(rule: Rule, asks: str, measured: str) -> RuleInWords:
    return RuleInWords(
        number=rule.number,
        name=rule.name,
        asks=asks,
        measured=measured,
        required=rule.number in REQUIRED,
        rule=rule,
    )


def _asks(docstring: str | None) -> str:
    """A rule's module begins with its number and what it asks."""
    text = _text(docstring).partition(": ")[2]
    return text[:1].upper() + text[1:]


def _text(docstring: str | None) -> str:
    """The first paragraph on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())
