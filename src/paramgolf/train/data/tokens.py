"""Training documents to token shards, with the tokenizer that was learnt from them."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.corpus import write_token_shards
from paramgolf.errors import CorpusError
from paramgolf.runtime.mixer.token_tree import TokenTree, tree_from
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, Tokenizer
from paramgolf.runtime.tokenizer.packed import read_tokenizer
from paramgolf.train.data.learn_tokenizer import train_tokenizer
from paramgolf.train.data.token_tree import token_tree
from paramgolf.train.recipe.recipe import TokenizerRecipe

TOKENIZER = folders.TOKENIZER
TREE = "tree.bin"
SUMMARY = "tokens.json"


@dataclass(frozen=True, kw_only=True)
class TokenisedText:
    """What training reads: shards, their counts, the tokenizer that made them and the tree of its tokens."""

    shards: list[Path]
    tokens: int
    bytes: int
    tokenizer: Tokenizer
    tree: TokenTree

    @property
    def bytes_per_token(self) -> float:
        """Bytes of text for each token of the shards, ends of documents counted."""
        return self.bytes / self.tokens


def tokenise(
    documents: Callable[[], Iterable[bytes]],
    recipe: TokenizerRecipe,
    folder: Path,
    say: Callable[[str], None],
) -> TokenisedText:
    """Learn a tokenizer and write tokenizer.bin, train_*.bin, tree.bin and tokens.json into `folder`.

    `documents` gives the training documents anew at each call.
    """
    case = ", capitals as operators" if recipe.case else ""
    say(f"tokenizer: learning {recipe.vocab_size:,} ids ({recipe.kind}{case})")
    tokenizer = train_tokenizer(documents(), recipe.vocab_size, kind=recipe.kind, case=recipe.case)
    counts = {"tokens": 0, "bytes": 0}

    def encoded() -> Iterator[NDArray[np.int32]]:
        for document in documents():
            tokens = np.concatenate(([END_OF_DOCUMENT], tokenizer.encode(document)))
            counts["tokens"] += len(tokens)
            counts["bytes"] += len(document)
            yield tokens.astype(np.int32)

    shards = write_token_shards(encoded(), folder)
    write_atomic(folder / TOKENIZER, tokenizer.to_bytes())
    write_atomic(folder / TREE, b"".join(token_tree(shards, tokenizer.pieces)))
    summary = {**counts, "tokenizer": asdict(recipe), "shards": [path.name for path in shards]}
    write_atomic(folder / SUMMARY, json.dumps(summary, indent=2) + "\n")
    say(
        f"tokenizer: {counts['tokens']:,} training tokens, {counts['bytes'] / counts['tokens']:.3f} bytes each"
    )
    return open_tokens(folder)


def open_tokens(folder: Path) -> TokenisedText:
    """What `tokenise` left in `folder`. Raises CorpusError where it is not there."""
    try:
        summary = json.loads((folder / SUMMARY).read_text())
        return TokenisedText(
            shards=[folder / Path(name).name for name in summary["shards"]],
            tokens=int(summary["tokens"]),
            bytes=int(summary["bytes"]),
            tokenizer=read_tokenizer((folder / TOKENIZER).read_bytes()),
            tree=tree_from((folder / TREE).read_bytes()),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{folder}: no tokenised text here ({error}). Make it with: paramgolf data"
        ) from None
