import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paramgolf.challenge import load_challenge
from paramgolf.corpus import (
    documents_sha256,
    open_corpus,
    prepare_documents,
    read_documents,
    read_manifest,
    write_token_shards,
)
from paramgolf.errors import CorpusError, UnknownNameError, UsageError

LOCAL = load_challenge("local")
SMALL = replace(LOCAL, validation_bytes=300)
DOCUMENTS = [f"This is document number {number}.\n" for number in range(100)]


def put_jsonl(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def split(corpus) -> tuple[list[str], list[str]]:
    return [d.decode() for d in corpus.train()], [d.decode() for d in corpus.validation()]


def test_the_embedded_corpus_splits_into_about_a_million_bytes_of_validation():
    corpus = open_corpus("embedded", LOCAL)
    train, validation = split(corpus)
    assert len(train) + len(validation) >= 249
    assert 20 <= len(validation) <= 25
    assert 800_000 < sum(len(text.encode()) for text in validation) <= 1_000_000
    assert not set(train) & set(validation)


def test_every_document_lands_on_one_side_in_the_order_of_the_corpus(tmp_path):
    train, validation = split(open_corpus(str(put_jsonl(tmp_path / "a.jsonl", DOCUMENTS)), SMALL))
    assert sorted(train + validation) == sorted(DOCUMENTS)
    assert [text for text in DOCUMENTS if text in train] == train
    assert [text for text in DOCUMENTS if text in validation] == validation
    assert validation


def test_copies_of_a_document_land_on_one_side(tmp_path):
    corpus = open_corpus(str(put_jsonl(tmp_path / "a.jsonl", DOCUMENTS + DOCUMENTS[::-1])), SMALL)
    train, validation = split(corpus)
    assert not set(train) & set(validation)
    assert len(validation) == 2 * len(set(validation))


def test_the_split_does_not_depend_on_the_order_of_the_documents(tmp_path):
    forward = open_corpus(str(put_jsonl(tmp_path / "a.jsonl", DOCUMENTS)), SMALL)
    backward = open_corpus(str(put_jsonl(tmp_path / "b.jsonl", DOCUMENTS[::-1])), SMALL)
    assert set(forward.validation()) == set(backward.validation())


def test_a_folder_is_all_its_readable_files_in_sorted_order(tmp_path):
    put_jsonl(tmp_path / "b.jsonl", DOCUMENTS[:50])
    put_jsonl(tmp_path / "c.jsonl", DOCUMENTS[50:])
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "notes.md").write_text("not read")
    (tmp_path / ".hidden.txt").write_text("not read")
    corpus = open_corpus(str(tmp_path), SMALL)
    assert [d.decode() for _, d in corpus.training_documents()] == ["first", *DOCUMENTS]


def test_train_and_validation_files_are_a_ready_split(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["one", "two"])
    (tmp_path / "validation.txt").write_text("three")
    (tmp_path / "other.txt").write_text("not part of the split")
    assert split(open_corpus(str(tmp_path), LOCAL)) == (["one", "two"], ["three"])


def test_several_train_files_are_read_in_sorted_order(tmp_path):
    put_jsonl(tmp_path / "train_001.jsonl", ["two"])
    put_jsonl(tmp_path / "train_000.jsonl", ["one"])
    put_jsonl(tmp_path / "validation_000.jsonl", ["three"])
    assert split(open_corpus(str(tmp_path), LOCAL)) == (["one", "two"], ["three"])


def test_the_public_shards_are_a_ready_split(tmp_path):
    for prefix, texts in (("fineweb_train", ["one", "two"]), ("fineweb_val", ["three"])):
        tokens = [np.array([1, *(byte + 4 for byte in text.encode())]) for text in texts]
        write_token_shards(tokens, tmp_path, prefix=prefix, shard_tokens=3)
    assert split(open_corpus(str(tmp_path), LOCAL)) == (["one", "two"], ["three"])


def test_training_documents_that_are_in_validation_are_dropped_and_counted(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["one", "held out", "two", "held out"])
    put_jsonl(tmp_path / "validation.jsonl", ["held out", "three"])
    prepared = prepare_documents(str(tmp_path), LOCAL, tmp_path / "out")
    assert list(prepared.train()) == [b"one", b"two"]
    assert prepared.manifest.dropped_from_training == 2


def test_documents_are_compared_in_canonical_form(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["one", "held\n\nout", "  \n"])
    put_jsonl(tmp_path / "validation.jsonl", ["\uff48eld out "])
    corpus = open_corpus(str(tmp_path), replace(LOCAL, canonical_form="nmt_nfkc"))
    assert split(corpus) == (["one"], ["held out"])


def test_empty_documents_are_passed_over(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["", "one"])
    put_jsonl(tmp_path / "validation.jsonl", ["two", ""])
    assert split(open_corpus(str(tmp_path), LOCAL)) == (["one"], ["two"])


def test_what_is_prepared_agrees_with_its_manifest(tmp_path):
    lines: list[str] = []
    source = put_jsonl(tmp_path / "a.jsonl", DOCUMENTS)
    prepared = prepare_documents(str(source), SMALL, tmp_path / "out", lines.append)
    manifest = read_manifest(tmp_path / "out" / "manifest.json")
    assert manifest == prepared.manifest
    assert (manifest.source, manifest.canonical_form, manifest.dropped_from_training) == ("a.jsonl", "raw", 0)
    assert prepared.validation == tmp_path / "out" / "validation.jsonl"
    train, validation = list(prepared.train()), list(read_documents(prepared.validation))
    for summary, documents in ((manifest.splits.train, train), (manifest.splits.validation, validation)):
        assert summary.documents == len(documents)
        assert summary.bytes == sum(map(len, documents))
        assert summary.sha256 == documents_sha256(documents)
    assert list(prepared.train()) == train
    assert any(f"training: {len(train)} documents" in line for line in lines)


def test_preparing_again_gives_the_same_files(tmp_path):
    source = str(put_jsonl(tmp_path / "a.jsonl", DOCUMENTS))
    files = []
    for _ in range(2):
        prepare_documents(source, SMALL, tmp_path / "out")
        files.append({path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
    assert files[0] == files[1]
    assert set(files[0]) == {"manifest.json", "validation.jsonl"}


def test_a_damaged_file_is_an_error_wherever_it_lies(tmp_path):
    put_jsonl(tmp_path / "a.jsonl", DOCUMENTS)
    (tmp_path / "b.txt").write_bytes(b"\xff")
    with pytest.raises(CorpusError, match=r"b\.txt: byte 0"):
        prepare_documents(str(tmp_path), SMALL, tmp_path / "out")


def test_no_training_text_outside_validation_is_an_error(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["same"])
    put_jsonl(tmp_path / "validation.jsonl", ["same"])
    with pytest.raises(CorpusError, match=r"no training text outside validation\. Give"):
        prepare_documents(str(tmp_path), LOCAL, tmp_path / "out")


def test_a_validation_split_without_text_is_an_error(tmp_path):
    put_jsonl(tmp_path / "train.jsonl", ["one"])
    put_jsonl(tmp_path / "validation.jsonl", [""])
    with pytest.raises(CorpusError, match=r"the validation split holds no text\. Give"):
        open_corpus(str(tmp_path), LOCAL)


def test_validation_files_without_train_files_are_an_error(tmp_path):
    put_jsonl(tmp_path / "validation.jsonl", ["one"])
    with pytest.raises(UsageError, match=r"got validation\.jsonl but no train\.\* file. Add one"):
        open_corpus(str(tmp_path), LOCAL)


def test_a_folder_without_readable_files_lists_the_suffixes_read(tmp_path):
    (tmp_path / "notes.md").touch()
    with pytest.raises(UsageError, match=r"nothing here can be read. Those read are \.txt, \.jsonl"):
        open_corpus(str(tmp_path), LOCAL)


def test_an_unknown_name_lists_near_matches():
    with pytest.raises(UnknownNameError, match=r"no corpus named 'embeded'. Did you mean 'embedded'"):
        open_corpus("embeded", LOCAL)


@pytest.mark.parametrize("path", ["no/such/folder", "gone.jsonl.xz"])
def test_a_missing_path_is_named(path):
    with pytest.raises(
        UsageError, match=rf"{path}: there is no such file or folder. Give a path, or one of emb"
    ):
        open_corpus(path, LOCAL)
