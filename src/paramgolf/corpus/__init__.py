"""Documents in: readers, canonical forms, splits, manifests with hashes, token shards."""

from paramgolf.corpus.corpus import CORPORA, Corpus, open_corpus
from paramgolf.corpus.manifest import (
    Manifest,
    Split,
    Splits,
    documents_sha256,
    read_manifest,
    write_documents,
    write_manifest,
)
from paramgolf.corpus.prepare import Prepared, prepare_documents
from paramgolf.corpus.readers import READERS, read_documents, read_files
from paramgolf.corpus.source import site_of
from paramgolf.corpus.token_shards import open_token_shard, write_token_shards

__all__ = [
    "CORPORA",
    "READERS",
    "Corpus",
    "Manifest",
    "Prepared",
    "Split",
    "Splits",
    "documents_sha256",
    "open_corpus",
    "open_token_shard",
    "prepare_documents",
    "read_documents",
    "read_files",
    "read_manifest",
    "site_of",
    "write_documents",
    "write_manifest",
    "write_token_shards",
]
