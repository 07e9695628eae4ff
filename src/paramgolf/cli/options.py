"""Options that several commands have, said once."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

RecipeName = Annotated[
    str, Parameter(help="A recipe's name (see: paramgolf recipes) or the path of a .toml file.")
]
ChallengeName = Annotated[
    str, Parameter(help="A challenge's name (see: paramgolf challenges) or the path of a .toml file.")
]
RecipeOfChallenge = Annotated[
    str | None,
    Parameter(
        help="A recipe's name (see: paramgolf recipes) or the path of a .toml file. Default: the challenge's own."
    ),
]
CorpusName = Annotated[
    str | None,
    Parameter(
        help="embedded, fineweb, parameter-golf, or a file or folder: train.* and validation.*, or one set of "
        "documents to be split. Default: the challenge's own."
    ),
]
AsJson = Annotated[
    bool,
    Parameter(name="--json", negative=(), show_default=False, help="Print JSON alone on standard output."),
]
ChallengeOf = Annotated[
    str | None, Parameter(help="The game: a name, or a .toml file. Default: the entry's own.")
]
ValidationText = Annotated[Path | None, Parameter(help="The validation text. Default: that of the corpus.")]
CorpusOf = Annotated[
    str | None, Parameter(help="Where the validation text is split from. Default: the challenge's own.")
]
FreshText = Annotated[
    Path | None,
    Parameter(help="Text of the same source that no entrant could have: for the rule on memorisation."),
]
Reproduce = Annotated[
    bool,
    Parameter(
        negative=(),
        help="Also train one seed again, drawn by lot, from the entry's recipe, with training data only.",
    ),
]
