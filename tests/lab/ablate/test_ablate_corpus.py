"""What is held back: whole sites, chosen by a hash, never validation text."""

import json
from dataclasses import replace

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.corpus import read_documents, site_of
from paramgolf.errors import CorpusError, UsageError
from paramgolf.lab.ablate.corpus import hold_back

PRACTICE = load_challenge("practice")


def write(path, documents, sites=None):
    lines = [{"text": text} for text in documents]
    for line, site in zip(lines, sites or [], strict=False):
        line["url"] = f"https://{site}/page"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def corpus(tmp_path):
    """400 documents of 80 sites, 5 each, and validation."""
    folder = tmp_path / "texts"
    folder.mkdir()
    texts = [f"text {i} of site {i % 80} " * 4 for i in range(400)]
    write(folder / "train.jsonl", texts, [f"site{i % 80}.org" for i in range(400)])
    write(folder / "validation.jsonl", ["text 7 of site 7 " * 4, "never seen"])
    return folder


def held(corpus, tmp_path, name="out"):
    kept = hold_back(str(corpus), PRACTICE, tmp_path / name, lambda line: None)
    train, back = (
        list(read_documents(tmp_path / name / f"{part}.jsonl")) for part in ("train", "validation")
    )
    return kept, train, back


def site(document):
    return document.decode().split("of site ")[1].split()[0]


def test_whole_sites_are_held_back_about_a_tenth(corpus, tmp_path):
    kept, train, back = held(corpus, tmp_path)
    assert kept.by_site
    assert not set(map(site, train)) & set(map(site, back))
    assert len(back) == kept.documents
    assert 0.1 <= kept.bytes / sum(map(len, train + back)) < 0.1 + 0.025


def test_validation_text_is_in_neither_part(corpus, tmp_path):
    _, train, back = held(corpus, tmp_path)
    assert len(train) + len(back) == 399
    assert b"never seen" not in train + back


def test_the_order_of_the_text_does_not_change_the_choice(corpus, tmp_path):
    _, _, before = held(corpus, tmp_path)
    lines = (corpus / "train.jsonl").read_text().splitlines(keepends=True)
    (corpus / "train.jsonl").write_text("".join(reversed(lines)))
    _, _, after = held(corpus, tmp_path, "other")
    assert sorted(after) == sorted(before)


def test_without_sites_documents_are_held_back(corpus, tmp_path):
    write(corpus / "train.jsonl", [f"text {i} of site {i % 80} " * 4 for i in range(400)])
    kept, train, back = held(corpus, tmp_path)
    assert not kept.by_site
    assert set(map(site, train)) & set(map(site, back))


def test_a_site_too_large_for_the_slice_stays_in_training(corpus, tmp_path):
    texts = [f"text {i} of site {'big' if i < 350 else i} " * 4 for i in range(400)]
    write(corpus / "train.jsonl", texts, ["big.org" if i < 350 else f"site{i}.org" for i in range(400)])
    _, _, back = held(corpus, tmp_path)
    assert back
    assert "big" not in map(site, back)


def test_it_is_done_once_and_another_corpus_is_refused(corpus, tmp_path):
    first, *_ = held(corpus, tmp_path)
    said = []
    assert hold_back(str(corpus), PRACTICE, tmp_path / "out", said.append) == first
    assert not said
    with pytest.raises(UsageError, match="holds another corpus"):
        hold_back("embedded", PRACTICE, tmp_path / "out", said.append)


def test_texts_too_few_to_hold_any_back_are_refused(corpus, tmp_path):
    write(corpus / "train.jsonl", ["one text", "another one"])
    with pytest.raises(CorpusError, match="2 training texts of 19 bytes are too few"):
        held(corpus, tmp_path)


def test_a_document_keeps_its_site_through_a_canonical_form(corpus):
    from paramgolf.corpus import open_corpus

    normal = replace(PRACTICE, canonical_form="nmt_nfkc")
    assert {site_of(d) for d in open_corpus(str(corpus), normal).train()} == {
        f"site{i}.org" for i in range(80)
    }


def test_parquet_tells_sites_too(tmp_path):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({"url": ["http://a.org/1", None], "text": ["one", "two"]})
    pyarrow.parquet.write_table(table, tmp_path / "texts.parquet")
    assert [site_of(d) for d in read_documents(tmp_path / "texts.parquet")] == ["a.org", None]
