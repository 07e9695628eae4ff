"""A corpus to what training and scoring read, once."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from paramgolf.common.files import write_atomic
from paramgolf.corpus import prepare_documents
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.settings import RunSettings
from paramgolf.train.data.tokens import TokenisedText, open_tokens, tokenise

MADE_FROM = "made_from.json"


def prepare_data(settings: RunSettings, folder: RunFolder, say: Callable[[str], None]) -> TokenisedText:
    """Fill `folder`.data, unless the same settings filled it before.

    Raises:
        UsageError, CorpusError: the corpus is missing, damaged or too small to split.
    """
    marker = folder.data / MADE_FROM
    key = _key(settings)
    if marker.exists() and json.loads(marker.read_text()) == key:
        return open_tokens(folder.data)
    marker.unlink(missing_ok=True)
    prepared = prepare_documents(settings.corpus, settings.challenge, folder.data, say)
    text = tokenise(prepared.train, settings.recipe.tokenizer, folder.data, say)
    write_atomic(marker, json.dumps(key, indent=2) + "\n")
    return text


def _key(settings: RunSettings) -> dict[str, Any]:
    """Everything that the files depend on."""
    return {
        "corpus": settings.corpus,
        "canonical_form": settings.challenge.canonical_form,
        "validation_bytes": settings.challenge.validation_bytes,
        "tokenizer": asdict(settings.recipe.tokenizer),
    }
