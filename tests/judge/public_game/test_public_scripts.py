"""Programs are unpacked as text, within limits, and the files that they need are found. Nothing is run."""

import base64
import gzip
import lzma
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.judge.public_game.scripts import LARGEST_SOURCE, needed_files, read_script

SOURCE = 'import ngram_tilt\nraise SystemExit("this was run")\n'
RAW = [{"id": lzma.FILTER_LZMA2}]


def packed(data: bytes, kind: str = "85") -> bytes:
    text = base64.b85encode(data) if kind == "85" else base64.b64encode(data)
    head = b'import lzma as L,base64 as B\nexec(L.decompress(B.b%sdecode("' % kind.encode()
    return head + text + b'"),format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA2}]))'


def raw(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_RAW, filters=RAW)


@pytest.mark.parametrize("compress", [raw, lzma.compress, zlib.compress, gzip.compress])
@pytest.mark.parametrize("kind", ["85", "64"])
def test_packed_programs_are_unpacked_and_not_run(compress, kind):
    data = packed(compress(SOURCE.encode()), kind)
    script = read_script("train_gpt.py", data)
    assert (script.size, script.layers, script.source, script.problem) == (len(data), 1, SOURCE, "")


def test_packed_twice():
    script = read_script("train_gpt.py", packed(raw(packed(raw(SOURCE.encode())))))
    assert (script.layers, script.source) == (2, SOURCE)


def test_a_bomb_is_stopped_at_the_limit():
    script = read_script("train_gpt.py", packed(raw(bytes(2 * LARGEST_SOURCE))))
    assert "unpacks to more than" in script.problem


BROKEN = [
    (packed(b"no compressed bytes at all, for sure"), "neither LZMA nor zlib"),
    (b'exec(x(b85decode("\\\\ \\\\")))', "no base85"),
    (b"import zlib\nexec(zlib.decompress(open('blob','rb').read()))", "in a way that is not read"),
    (packed(raw(packed(raw(packed(raw(packed(raw(b"x")))))))), "packed more than 3 times"),
]


@pytest.mark.parametrize(("data", "problem"), BROKEN)
def test_what_cannot_be_unpacked_is_said(data, problem):
    assert problem in read_script("train_gpt.py", data).problem


def test_the_files_that_a_program_needs_are_found_also_through_each_other_and_when_packed():
    main = read_script(
        "train_gpt.py", packed(raw(b"from ngram_tilt import x\n# ngram.py would be another\n"))
    )
    helper = read_script("ngram_tilt.py", b"load('ngram/kernel.cpp')\n")
    files = ["README.md", "kernel.py", "ngram.py", "ngram/kernel.cpp", "ngram_tilt.py", "train_gpt.py"]
    assert needed_files(main, {"ngram_tilt.py": helper}, files) == ["ngram/kernel.cpp", "ngram_tilt.py"]
    stub = read_script("train_gpt.py", b"exec(open('train_gpt_decode.py').read())")
    assert needed_files(stub, {}, ["train_gpt_decode.py", "train_gpt_human.py"]) == ["train_gpt_decode.py"]


@given(st.binary(max_size=300), st.sampled_from(["85", "64"]))
def test_any_bytes_are_read_packed_or_not(data, kind):
    assert read_script("a.py", data).size == len(data)
    assert read_script("a.py", packed(data, kind)).layers in (0, 1, 2, 3)
