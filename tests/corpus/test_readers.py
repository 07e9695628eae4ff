import gzip
import json
import lzma
import os
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramgolf.corpus import READERS, read_documents, write_documents
from paramgolf.corpus.readers import limits, parquet
from paramgolf.corpus.readers.parquet_apart import documents_from
from paramgolf.errors import CorpusError, UsageError

TEXTS = ["The first.\n", "Zweites: ä€𝄞", "third\twith\u2028separators\r\n", ""]
COMPRESS = {
    ".jsonl": bytes,
    ".jsonl.gz": gzip.compress,
    ".jsonl.xz": lzma.compress,
    ".jsonl.zst": zstandard.compress,
}


def jsonl(texts: list[str]) -> bytes:
    return b"".join(json.dumps({"id": 1, "text": text}).encode() + b"\n" for text in texts)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def put_parquet(folder: Path, texts: list[str | None], **options: object) -> Path:
    path = folder / "documents.parquet"
    table = pyarrow.table({"id": list(range(len(texts))), "text": pyarrow.array(texts, pyarrow.string())})
    pyarrow.parquet.write_table(table, path, **options)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        list(read_documents(path))
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_text_file_is_one_document_byte_for_byte(tmp_path):
    data = "\ufeffone\r\ntwo\x00 ä\n".encode()
    assert list(read_documents(put(tmp_path, "a.txt", data))) == [data]


@pytest.mark.parametrize("suffix", COMPRESS)
def test_jsonl_gives_the_text_of_each_line(tmp_path, suffix):
    path = put(tmp_path, "a" + suffix, COMPRESS[suffix](jsonl(TEXTS)))
    assert list(read_documents(path)) == [text.encode() for text in TEXTS]


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.xz", ".jsonl.zst"])
def test_concatenated_compressed_streams_are_read_to_the_end(tmp_path, suffix):
    path = put(tmp_path, "a" + suffix, COMPRESS[suffix](jsonl(["one"])) + COMPRESS[suffix](jsonl(["two"])))
    assert list(read_documents(path)) == [b"one", b"two"]


def test_lines_of_white_space_are_passed_over(tmp_path):
    assert list(read_documents(put(tmp_path, "a.jsonl", b'\n{"text": "x"}\r\n \n'))) == [b"x"]


def test_the_last_line_needs_no_newline(tmp_path):
    assert list(read_documents(put(tmp_path, "a.jsonl", b'{"text": "x"}'))) == [b"x"]


def test_suffixes_are_known_in_capitals_too(tmp_path):
    assert list(read_documents(put(tmp_path, "A.TXT", b"x"))) == [b"x"]


def test_parquet_gives_the_text_column_across_row_groups(tmp_path):
    texts = [f"document {number} ä" for number in range(1000)]
    path = put_parquet(tmp_path, list(texts), row_group_size=300)
    assert list(read_documents(path)) == [text.encode() for text in texts]


def test_a_null_in_parquet_is_an_empty_document(tmp_path):
    assert list(read_documents(put_parquet(tmp_path, ["x", None]))) == [b"x", b""]


def test_reading_streams(tmp_path):
    path = put(tmp_path, "a.jsonl", jsonl(["good"]) + b"broken")
    assert next(read_documents(path)) == b"good"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_written_documents_are_read_back_byte_for_byte(tmp_path, texts):
    documents = [text.encode() for text in texts]
    write_documents(tmp_path / "a.jsonl", documents)
    assert list(read_documents(tmp_path / "a.jsonl")) == documents


def test_an_unknown_suffix_lists_those_known(tmp_path):
    with pytest.raises(UsageError, match=r"a\.csv: no reader.*\.txt, \.jsonl.*\.parquet, \.bin.*convert"):
        read_documents(put(tmp_path, "a.csv", b"x"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.txt: there is no such file. Give"):
        read_documents(tmp_path / "gone.txt")


def test_an_empty_text_file_is_refused(tmp_path):
    assert "empty at byte 0" in refusal(put(tmp_path, "a.txt", b""))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.xz", ".jsonl.zst"])
def test_a_jsonl_file_without_documents_is_refused(tmp_path, suffix):
    assert "holds no document" in refusal(put(tmp_path, "a" + suffix, COMPRESS[suffix](b"")))


def test_a_parquet_file_without_rows_is_refused(tmp_path):
    assert "holds no document" in refusal(put_parquet(tmp_path, []))


def test_text_that_is_not_utf8_is_named_with_its_byte(tmp_path):
    message = refusal(put(tmp_path, "a.txt", b"good \xff"))
    assert "byte 5: 0xff is not valid UTF-8" in message
    assert "Convert" in message


@pytest.mark.parametrize("suffix", COMPRESS)
def test_jsonl_that_is_not_utf8_is_named_with_line_and_byte(tmp_path, suffix):
    good = jsonl(["x"])
    path = put(tmp_path, "a" + suffix, COMPRESS[suffix](good + b'{"text": "\xc3("}\n'))
    assert f"line 2, byte {len(good) + 10}: 0xc3 is not valid UTF-8" in refusal(path)


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.xz", ".jsonl.zst"])
def test_a_truncated_compressed_file_is_refused_after_its_whole_lines(tmp_path, suffix):
    whole = COMPRESS[suffix](jsonl([f"document {number**5}" for number in range(5000)]))
    message = refusal(put(tmp_path, "a" + suffix, whole[: len(whole) // 2]))
    assert "cannot be decompressed after line" in message
    assert "get it again" in message


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.xz", ".jsonl.zst"])
def test_a_wrong_magic_is_refused(tmp_path, suffix):
    assert "after line 0, byte 0" in refusal(put(tmp_path, "a" + suffix, jsonl(["not compressed"])))


def test_a_truncated_line_is_named_with_its_byte(tmp_path):
    message = refusal(put(tmp_path, "a.jsonl", b'{"text": "x"}\n{"text": "y'))
    assert "line 2, byte 23: not a whole JSON value: Unterminated string" in message


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff x", r"\udc00\ud800"])
def test_a_lone_surrogate_is_refused(tmp_path, escape):
    message = refusal(put(tmp_path, "a.jsonl", f'{{"text": "ab{escape}"}}\n'.encode()))
    assert "line 1, byte 0: character 2 of the text is a lone surrogate" in message


def test_a_surrogate_pair_is_one_character(tmp_path):
    assert list(read_documents(put(tmp_path, "a.jsonl", rb'{"text": "\ud834\udd1e"}'))) == ["𝄞".encode()]


@pytest.mark.parametrize(
    ("line", "got"),
    [("[1]", "got list"), ('{"content": "x"}', "['content']"), ('{"text": 3}', "['text']"), ("3", "got int")],
)
def test_a_line_without_text_says_what_it_holds(tmp_path, line, got):
    message = refusal(put(tmp_path, "a.jsonl", line.encode()))
    assert got in message
    assert 'expected an object with a string "text"' in message


@pytest.mark.parametrize("line", ["[" * 200_000, '{"text": ' + "1" * 5000 + "}"])
def test_hostile_json_is_refused(tmp_path, line):
    assert "line 1, byte 0: this JSON cannot be read" in refusal(put(tmp_path, "a.jsonl", line.encode()))


@pytest.mark.parametrize("suffix", [".txt", ".jsonl.zst"])
def test_an_oversized_document_is_refused_before_it_is_held(tmp_path, suffix):
    data = b" " * (limits.LARGEST_DOCUMENT + 2)
    message = refusal(put(tmp_path, "a" + suffix, COMPRESS.get(suffix, bytes)(data)))
    assert "at most 67,108,864 are read. Split it" in message


def test_a_truncated_parquet_file_is_named_with_its_end(tmp_path):
    path = put_parquet(tmp_path, ["x"] * 10)
    data = path.read_bytes()[:-20]
    path.write_bytes(data)
    assert f"byte {len(data) - 4:,}: got" in refusal(path)


def test_what_is_not_parquet_is_refused(tmp_path):
    assert "byte 0: got b'text', a Parquet file begins with" in refusal(
        put(tmp_path, "a.parquet", b"text only")
    )


def test_parquet_without_a_text_column_lists_its_columns(tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"content": ["x"], "n": [1]}), path)
    assert 'one column "text" of strings; got columns content (string), n (int64)' in refusal(path)


def test_parquet_text_that_is_not_utf8_is_named_with_its_row(tmp_path):
    path = put_parquet(
        tmp_path, ["aaaa", "bbQQ"], use_dictionary=False, compression="none", write_statistics=False
    )
    path.write_bytes(path.read_bytes().replace(b"bbQQ", b"bb\xff\xff"))
    assert "row 1, byte 2: 0xff is not valid UTF-8" in refusal(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(READERS.keys() - {".parquet"})),
    st.binary(max_size=200),
    st.integers(0, 10_000),
    st.integers(0, 255),
)
def test_damage_is_a_corpus_error_or_harmless_never_another_exception(tmp_path, suffix, junk, place, byte):
    whole = {
        ".bin": lambda: b"\x88\xfa\x34\x01\x01\0\0\0\x02\0\0\0".ljust(1024, b"\0") + b"\x01\0\x45\0",
        ".txt": lambda: b"some text",
    }.get(suffix, lambda: COMPRESS[suffix](jsonl(TEXTS)))()
    damaged = bytearray(whole)
    damaged[place % len(whole)] = byte
    for data in (bytes(damaged), whole[: place % len(whole)], junk):
        path = put(tmp_path, "damaged" + suffix, data)
        try:
            documents = list(read_documents(path))
        except CorpusError:
            continue
        for document in documents:
            document.decode()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(0, 255))
def test_damage_to_parquet_is_a_corpus_error_or_harmless(tmp_path, junk, place, byte):
    whole = put_parquet(tmp_path, ["some text"] * 50).read_bytes()
    damaged = bytearray(whole)
    damaged[place % len(whole)] = byte
    for data in (bytes(damaged), whole[: place % len(whole)], junk):
        try:
            documents = list(parquet.read_parquet(put(tmp_path, "damaged.parquet", data)))
        except CorpusError:
            continue
        for document in documents:
            document.decode()


@pytest.mark.parametrize(
    ("death", "message"),
    [
        ("import os; os.abort()", "crashed on it"),
        ("raise SystemError('inside the library')", "SystemError: inside the library"),
        ("print('not a frame')", "crashed on it"),
    ],
)
def test_a_library_that_dies_names_the_file_and_harms_nobody(tmp_path, death, message):
    path = tmp_path / "a.parquet"
    with pytest.raises(CorpusError, match=r"a\.parquet: the Parquet library crashed") as caught:
        list(documents_from([sys.executable, "-c", death], path))
    assert message in str(caught.value)


def test_who_stops_reading_parquet_leaves_no_process(tmp_path):
    documents = read_documents(put_parquet(tmp_path, ["text " * 100] * 10_000))
    assert next(documents) == b"text " * 100
    documents.close()
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not [child for child in children if b"parquet" in Path(f"/proc/{child}/cmdline").read_bytes()]
