"""Options that every command which judges an entry has, said once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

ChallengeOf = Annotated[
    str | None, Parameter(help="The game: a name, or a .toml file. Default: the entry's own.")
]
ValidationText = Annotated[Path | None, Parameter(help="The validation text. Default: that of the corpus.")]
CorpusOf = Annotated[
    str | None, Parameter(help="Where the validation text is split from. Default: the challenge's own.")
]
FreshText = Annotated[
    Path | None,
    Parameter(help="Text of the same source that nobody had: for the rule on memorisation."),
]
Reproduce = Annotated[
    bool,
    Parameter(
        negative=(),
        help="Also train one seed again, drawn by lot, from the entry's recipe, with training data only.",
    ),
]


def training_corpus(corpus: str) -> str:
    """Where a second training takes its documents from. A path is made absolute: it has another working folder."""
    return str(Path(corpus).resolve()) if Path(corpus).exists() else corpus
