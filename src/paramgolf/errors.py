"""Every error that paramgolf raises on purpose.

ParamgolfError                 the message says what was got, what was expected, and what to do
├── UsageError                 the person asked for something that cannot be (also a ValueError)
│   ├── UnknownNameError       no such recipe, challenge, corpus ...; lists near matches
│   └── ConfigError            a recipe or challenge file holds a wrong key or value
├── CorpusError                a data file is truncated, empty, mis-encoded or of the wrong kind; names file and offset
├── TrainingError              training cannot go on: the loss is NaN, a checkpoint does not fit
├── PackError                  the model cannot be packed
│   └── ArtifactTooLargeError  the packed artifact is over the cap; says by how much and which groups are largest
├── SandboxError               the sandbox is missing or broke: harness failure, not the entry's fault
├── EntryError                 the entry broke: it died, hung, flooded or answered nonsense
│   ├── EntryTimeoutError      ... because it ran past its time limit
│   ├── LossyEntryError        ... because its tokens do not give the text back
│   ├── NonFiniteError         ... because a logit is NaN or infinite
│   └── UnforeseenError        ... or the harness did, in a way that was not thought of: nothing follows about the entry
├── PullError                  a repository, a fetch or a push is not what the pull-request road needs
│   └── RefusedPullError       ... because the pull request is more, or other, than one entry
├── ProofError                 decompressed documents differ from the originals, or the sizes do not match the score
└── LedgerError                the leaderboard's ledger or a file of its store is missing, damaged, or too new
"""


class ParamgolfError(Exception):
    """Base of all errors that paramgolf raises on purpose."""


class UsageError(ParamgolfError, ValueError):
    """The person asked for something that cannot be."""


class UnknownNameError(UsageError):
    """No such name in a registry."""


class ConfigError(UsageError):
    """A recipe or challenge file holds a wrong key or value."""


class CorpusError(ParamgolfError):
    """A data file cannot be read as what it claims to be."""


class TrainingError(ParamgolfError):
    """Training cannot go on."""


class PackError(ParamgolfError):
    """The model cannot be packed."""


class ArtifactTooLargeError(PackError):
    """The packed artifact is over the byte cap."""


class SandboxError(ParamgolfError):
    """The sandbox is missing or broke: a harness failure, not the entry's fault."""


class EntryError(ParamgolfError):
    """The entry broke: it died, hung, flooded or answered nonsense."""


class EntryTimeoutError(EntryError):
    """The entry ran past its time limit."""


class LossyEntryError(EntryError):
    """The entry's tokens do not give the document back."""


class NonFiniteError(EntryError):
    """A logit of the entry is NaN or infinite."""


class UnforeseenError(EntryError):
    """The harness broke over an entry in a way that was not thought of; whose fault that is, nobody knows yet."""


class PullError(ParamgolfError):
    """A repository, a fetch or a push is not what the pull-request road needs."""


class RefusedPullError(PullError):
    """The pull request is more, or other, than one entry."""


class ProofError(ParamgolfError):
    """The proof by decompression failed."""


class LedgerError(ParamgolfError):
    """The leaderboard's ledger, or a file of its store, is missing, damaged, or written by a newer version."""
