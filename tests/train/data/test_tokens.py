"""Shards hold each document behind the end of another, as the tokenizer beside them has it."""

import itertools
import json

import numpy as np
import pytest

from paramgolf.corpus import open_token_shard
from paramgolf.errors import CorpusError
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.tokenizer.case import CaseFolding
from paramgolf.train.data.learn_tokenizer import train_tokenizer
from paramgolf.train.data.tokens import open_tokens, tokenise
from paramgolf.train.recipe.recipe import TokenizerRecipe

RECIPE = TokenizerRecipe(vocab_size=260)
DOCUMENTS = [b"the cat sat on the mat", b"", b"the hat \xff\x00", "thé end".encode()]


@pytest.fixture
def folder(tmp_path):
    tokenise(lambda: DOCUMENTS, RECIPE, tmp_path, lambda line: None)
    return tmp_path


def test_shards_hold_every_document_behind_an_end_of_document(folder):
    text = open_tokens(folder)
    tokens = np.concatenate([open_token_shard(path) for path in text.shards]).tolist()
    assert tokens[0] == END_OF_DOCUMENT
    ends = [i for i, token in enumerate(tokens) if token == END_OF_DOCUMENT] + [len(tokens)]
    read = [text.tokenizer.decode(tokens[a + 1 : b]) for a, b in itertools.pairwise(ends)]
    assert read == DOCUMENTS


def test_the_tokenizer_is_the_one_learnt_from_these_documents(folder):
    assert open_tokens(folder).tokenizer.merges == train_tokenizer(DOCUMENTS, 260).merges


def test_counts_are_those_of_text_and_shards(folder):
    text = open_tokens(folder)
    assert text.bytes == sum(map(len, DOCUMENTS))
    assert text.tokens == sum(len(open_token_shard(path)) for path in text.shards)
    assert text.bytes_per_token == text.bytes / text.tokens


def test_the_same_documents_give_the_same_files(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    tokenise(lambda: DOCUMENTS, RECIPE, other, lambda line: None)
    for path in folder.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_shards_hold_the_tokens_that_the_packed_tokenizer_gives(kind, tmp_path):
    recipe = TokenizerRecipe(kind=kind, vocab_size=270, case=True)
    text = tokenise(lambda: DOCUMENTS, recipe, tmp_path, lambda line: None)
    tokens = np.concatenate([open_token_shard(path) for path in text.shards]).tolist()
    assert tokens == [t for d in DOCUMENTS for t in (END_OF_DOCUMENT, *text.tokenizer.encode(d))]
    assert type(text.tokenizer) is CaseFolding


def test_what_is_done_is_said(tmp_path):
    said: list[str] = []
    tokenise(lambda: DOCUMENTS, RECIPE, tmp_path, said.append)
    assert said[0] == "tokenizer: learning 260 ids (bpe)"
    assert "training tokens" in said[1]


@pytest.mark.parametrize("missing", ["tokens.json", "tokenizer.bin"])
def test_a_folder_without_tokens_says_how_to_make_them(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(CorpusError, match=r"no tokenised text here .*Make it with: paramgolf data"):
        open_tokens(folder)


@pytest.mark.parametrize("summary", ["", "[]", "{}", '{"shards": 3, "tokens": 1, "bytes": 1}'])
def test_a_damaged_summary_is_refused(folder, summary):
    (folder / "tokens.json").write_text(summary)
    with pytest.raises(CorpusError, match="no tokenised text here"):
        open_tokens(folder)


def test_a_shard_cannot_be_named_out_of_its_folder(folder):
    summary = json.loads((folder / "tokens.json").read_text())
    (folder / "tokens.json").write_text(json.dumps(summary | {"shards": ["../../secret.bin"]}))
    assert open_tokens(folder).shards == [folder / "secret.bin"]
