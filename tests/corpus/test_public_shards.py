import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from paramgolf.corpus import read_documents, read_files, write_token_shards
from paramgolf.errors import CorpusError, UsageError

TEXTS = ["The first document, 1234.", "Ein zweites: ä€𝄞!", "", "x" * 50]


def byte260(text: str) -> np.ndarray:
    return np.array([1, *(byte + 4 for byte in text.encode())])


def put_shards(folder: Path, documents: list[np.ndarray], size: int = 1000) -> list[Path]:
    return write_token_shards(documents, folder, prefix="fineweb_train", shard_tokens=size)


def refusal(paths: list[Path]) -> str:
    with pytest.raises(CorpusError) as caught:
        list(read_files(paths))
    assert str(paths[0]) in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def model() -> bytes:
    """A SentencePiece model of the public game's kind, trained on a few lines."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(
            ["The first document was a text.", "A second text, and a third one, follows it."] * 5
        ),
        model_writer=out,
        vocab_size=300,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        add_dummy_prefix=False,
        normalization_rule_name="nmt_nfkc",
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        num_threads=1,
        minloglevel=2,
    )
    return out.getvalue()


def sentencepiece_tokens(model: bytes, text: str) -> np.ndarray:
    return np.array([1, *sentencepiece.SentencePieceProcessor(model_proto=model).encode(text)])


def test_byte260_shards_give_their_documents(tmp_path):
    [path] = put_shards(tmp_path, [byte260(text) for text in TEXTS])
    assert list(read_documents(path)) == [text.encode() for text in TEXTS]


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_documents_that_span_shards_are_whole(tmp_path, size):
    paths = put_shards(tmp_path, [byte260(text) for text in TEXTS], size)
    assert list(read_files(paths)) == [text.encode() for text in TEXTS]


def test_special_tokens_mean_no_bytes(tmp_path):
    [path] = put_shards(tmp_path, [np.array([1, 69, 0, 2, 3, 70])])
    assert list(read_documents(path)) == [b"AB"]


def test_a_model_beside_the_shards_decodes_them(tmp_path, model):
    (tmp_path / "fineweb_300_bpe.model").write_bytes(model)
    [path] = put_shards(tmp_path, [sentencepiece_tokens(model, text) for text in TEXTS])
    assert list(read_documents(path)) == [text.encode() for text in TEXTS]


def export(root: Path, model_path: str) -> Path:
    folder = root / "datasets" / "fineweb10B_sp300"
    manifest = {
        "datasets": [{"name": folder.name, "tokenizer_name": "sp_bpe_300", "stats": {"files_train": 1}}],
        "tokenizers": [{"name": "sp_bpe_300", "model_path": model_path}],
    }
    folder.mkdir(parents=True)
    (root / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_manifest_of_the_export_names_the_model(tmp_path, model):
    folder = export(tmp_path, "tokenizers/300.model")
    (tmp_path / "tokenizers").mkdir()
    (tmp_path / "tokenizers" / "300.model").write_bytes(model)
    [path] = put_shards(folder, [sentencepiece_tokens(model, TEXTS[0])])
    assert list(read_documents(path)) == [TEXTS[0].encode()]


@pytest.mark.parametrize("model_path", ["../outside.model", "tokenizers/missing.model"])
def test_a_manifest_names_models_of_its_own_folder_only(tmp_path, model, model_path):
    (tmp_path / "outside.model").write_bytes(model)
    folder = export(tmp_path / "root", model_path)
    [path] = put_shards(folder, [byte260("x")])
    with pytest.raises(CorpusError, match=r"manifest\.json: names the model .*, which is not in .*Get it"):
        list(read_documents(path))


def test_a_manifest_of_another_kind_is_refused(tmp_path):
    folder = export(tmp_path, "a.model")
    (tmp_path / "manifest.json").write_text('{"datasets": 3}')
    [path] = put_shards(folder, [byte260("x")])
    with pytest.raises(CorpusError, match=r"manifest\.json: expected the public game's lists"):
        list(read_documents(path))


def test_two_models_beside_the_shards_are_refused(tmp_path):
    (tmp_path / "a.model").touch()
    (tmp_path / "b.model").touch()
    [path] = put_shards(tmp_path, [byte260("x")])
    with pytest.raises(UsageError, match=r"got 2 models \(a\.model, b\.model\), expected one"):
        list(read_documents(path))


def test_a_broken_model_is_refused(tmp_path):
    (tmp_path / "a.model").write_bytes(b"junk")
    [path] = put_shards(tmp_path, [byte260("x")])
    with pytest.raises(CorpusError, match=r"a\.model: byte 0: this is no SentencePiece model"):
        list(read_documents(path))


def test_shards_of_a_model_that_is_not_there_are_refused(tmp_path):
    paths = put_shards(tmp_path, [byte260("ab"), np.array([1, 700])])
    assert "byte 1,030: token 700" in refusal(paths)


def test_a_token_beyond_the_model_is_refused(tmp_path, model):
    (tmp_path / "a.model").write_bytes(model)
    assert "token 300 in the document that begins here" in refusal(put_shards(tmp_path, [np.array([1, 300])]))


def test_a_run_of_shards_that_begins_inside_a_document_is_refused(tmp_path):
    paths = put_shards(tmp_path, [byte260("a long document")], 5)
    assert "byte 1,024: got token 114, a document begins with 1" in refusal(paths[1:])


def test_bytes_that_are_not_utf8_are_refused(tmp_path):
    assert "0xff is not valid UTF-8" in refusal(put_shards(tmp_path, [np.array([1, 4 + 0xFF])]))


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    (tmp_path / "a.model").touch()
    [path] = put_shards(tmp_path, [byte260("x")])
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(UsageError, match="pip install sentencepiece"):
        list(read_documents(path))
