"""Documents from the public game's token shards.

A document is the token BOS (1) and then its own tokens; it may begin in one shard and end in a later one.
What the tokens mean lies beside the shards: a SentencePiece model (*.model in the same folder, or the one
that the export's manifest.json names). Without one the shards are taken for byte260, where a token is a byte
value + 4 and the tokens below 4 mean no byte.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paramgolf.corpus.readers.limits import check_size, check_utf8
from paramgolf.corpus.token_shards import HEADER_BYTES, Tokens, open_token_shard
from paramgolf.errors import CorpusError, UsageError

BEGIN_OF_DOCUMENT = 1
SPECIAL_TOKENS = 4
TOKENS_AT_ONCE = 2**20
LARGEST_MANIFEST = 2**20


def read_shard(path: Path) -> Iterator[bytes]:
    """The documents of one shard, which must begin with a document.

    Raises:
        CorpusError: as read_shards.
    """
    return read_shards([path])


def read_shards(paths: Sequence[Path]) -> Iterator[bytes]:
    """The documents of a run of shards: one stream of tokens that must begin with a document.

    Raises:
        CorpusError: a damaged shard, a first token that is not BOS, or tokens unknown to the tokenizer.
        UsageError: the shards need a SentencePiece model and the package sentencepiece is not installed.
    """
    decode = _decoder(paths[0])
    for where, tokens in _token_documents(paths):
        yield decode(tokens, where)


class _Where(NamedTuple):
    """The place at which a document begins: a shard and the byte in it."""

    path: Path
    offset: int


_Decoder = Callable[[Tokens, _Where], bytes]


def _token_documents(paths: Sequence[Path]) -> Iterator[tuple[_Where, Tokens]]:
    """Each document's tokens, without BOS, and where it begins."""
    where: _Where | None = None
    parts: list[Tokens] = []
    for path in paths:
        shard = open_token_shard(path)
        if where is None and shard[0] != BEGIN_OF_DOCUMENT:
            raise CorpusError(
                f"{path}: byte {HEADER_BYTES:,}: got token {shard[0]}, a document begins with "
                f"{BEGIN_OF_DOCUMENT}. Read the folder, with the shards before this one."
            )
        for start in range(0, len(shard), TOKENS_AT_ONCE):
            chunk = np.array(shard[start : start + TOKENS_AT_ONCE])
            begins = np.flatnonzero(chunk == BEGIN_OF_DOCUMENT)
            head, *pieces = np.split(chunk, begins)
            parts.append(head)
            for begin, piece in zip(begins, pieces, strict=True):
                if where is not None:
                    yield where, np.concatenate(parts)
                where, parts = _Where(path, HEADER_BYTES + 2 * (start + int(begin))), [piece[1:]]
            if where is not None:
                check_size(sum(map(len, parts)), where.path, f"byte {where.offset:,}")
    if where is not None:
        yield where, np.concatenate(parts)


def _decoder(shard: Path) -> _Decoder:
    model = _model_beside(shard)
    return _decode_byte260 if model is None else _sentencepiece_decoder(model)


def _decode_byte260(tokens: Tokens, where: _Where) -> bytes:
    unknown = np.flatnonzero(tokens >= SPECIAL_TOKENS + 256)
    if len(unknown):
        raise CorpusError(
            f"{where.path}: byte {where.offset:,}: token {tokens[unknown[0]]} in the document that begins "
            "here is not one of byte260 (0 to 259). Put the SentencePiece model (*.model) beside the shards."
        )
    document = (tokens[tokens >= SPECIAL_TOKENS] - SPECIAL_TOKENS).astype(np.uint8).tobytes()
    check_utf8(document, where.path, f"document at byte {where.offset:,}, its ")
    return document


def _sentencepiece_decoder(model: Path) -> _Decoder:
    try:
        import sentencepiece
    except ImportError:
        raise UsageError(
            f"The shards of {model} need sentencepiece to be read. Install it: pip install sentencepiece"
        ) from None
    try:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    except (OSError, RuntimeError) as error:
        raise CorpusError(
            f"{model}: byte 0: this is no SentencePiece model: {error}. Get it again."
        ) from None
    vocab_size = processor.vocab_size()

    def decode(tokens: Tokens, where: _Where) -> bytes:
        if len(tokens) and tokens.max() >= vocab_size:
            raise CorpusError(
                f"{where.path}: byte {where.offset:,}: token {tokens.max()} in the document that begins "
                f"here, but {model} has {vocab_size:,} tokens. Put the model of these shards beside them."
            )
        document: bytes = processor.decode(tokens.tolist()).encode()
        check_size(len(document), where.path, f"byte {where.offset:,}")
        return document

    return decode


def _model_beside(shard: Path) -> Path | None:
    """The SentencePiece model of a shard: beside it, or named by the manifest.json of its export."""
    models = sorted(shard.parent.glob("*.model"))
    if len(models) > 1:
        names = ", ".join(model.name for model in models)
        raise UsageError(
            f"{shard.parent}: got {len(models)} models ({names}), expected one. Leave the right one there."
        )
    if models:
        return models[0]
    root = shard.absolute().parent.parent.parent
    manifest = root / "manifest.json"
    return _model_of_export(manifest, shard.absolute().parent.name) if manifest.is_file() else None


def _model_of_export(manifest: Path, dataset: str) -> Path | None:
    try:
        with manifest.open("rb") as handle:
            table = json.loads(handle.read(LARGEST_MANIFEST))
        tokenizers = {entry["name"]: entry for entry in table["tokenizers"]}
        names = {entry["name"]: entry["tokenizer_name"] for entry in table["datasets"]}
        relative = tokenizers[names[dataset]].get("model_path") if dataset in names else None
        model = None if relative is None else (manifest.parent / relative).resolve()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorpusError(
            f"{manifest}: expected the public game's lists of datasets and tokenizers: {error!r}. Get it "
            "again, or put the SentencePiece model beside the shards."
        ) from None
    if model is not None and not (model.is_relative_to(manifest.parent.resolve()) and model.is_file()):
        raise CorpusError(
            f"{manifest}: names the model {relative!r}, which is not in {manifest.parent}. Get it as well."
        )
    return model
