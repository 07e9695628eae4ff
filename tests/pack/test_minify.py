"""Minified modules do what the readable ones do, in fewer bytes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from paramgolf.pack.entropy import encode_weights
from paramgolf.pack.minify import minify_modules
from paramgolf.pack.modules import runtime_sources
from paramgolf.quantise.grids import QuantisationScheme, dequantise, quantise

DECODE = """
import sys
from pathlib import Path
import numpy as np
from runtime.weights import decode_weights
np.save("weights.npy", decode_weights(Path("weights.bin").read_bytes(), {"w": (20, 30)})["w"])
"""


def test_minified_decoder_gives_the_same_weights(tmp_path):
    quantised = quantise(torch.randn(20, 30), QuantisationScheme(rule="rms", limit=7, step=0.6))
    (tmp_path / "weights.bin").write_bytes(encode_weights({"w": quantised}).blob)
    (tmp_path / "runtime").mkdir()
    source = minify_modules({"weights": runtime_sources()["weights"]}, keep=["decode_weights"])["weights"]
    (tmp_path / "runtime" / "weights.py").write_text(source)
    subprocess.run([sys.executable, "-c", DECODE], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "weights.npy"), dequantise(quantised).numpy())


@pytest.mark.slow
def test_every_runtime_module_is_smaller_and_still_compiles():
    sources = runtime_sources()
    minified = minify_modules(sources, keep=["load_from", "main", "decode_weights", "read_artifact"])
    assert list(minified) == list(sources)
    for name, source in minified.items():
        compile(source, name, "exec")
        # A package has nothing but its docstring.
        assert len(source) < 0.6 * len(sources[name]), name
        assert bool(source) == ("\nimport" in sources[name] or "\nfrom" in sources[name]), name


def test_names_that_other_modules_use_are_kept_and_others_shortened():
    sources = {
        "a": "SHARED_LIMIT = 3\nPRIVATE_LIMIT = 4\ndef shared():\n    return SHARED_LIMIT + PRIVATE_LIMIT\n",
        "b": "from . import a\nfrom .a import shared\nprint(shared(), a.SHARED_LIMIT)\n",
    }
    minified = minify_modules(sources)["a"]
    assert "SHARED_LIMIT" in minified
    assert "def shared" in minified
    assert "PRIVATE_LIMIT" not in minified


def test_what_is_used_nowhere_goes_with_all_that_it_alone_used():
    sources = {
        "a": "LIMIT = 3\nKinds = list\ndef idle(x):\n    return x + LIMIT\ndef shared(x: Kinds):\n    return x\n",
        "b": "from .a import idle, shared\ndef also_idle():\n    return idle(2)\nprint(shared(1))\n",
        "c": "first, second = 1, 2\nTEXT: int = 3\nprint(second)\n",
    }
    minified = minify_modules(sources)
    assert "idle" not in minified["a"] + minified["b"]
    assert "3" not in minified["a"]
    assert "list" not in minified["a"]
    assert "shared" in minified["a"]
    assert "1" in minified["c"]  # one of the two is used


def test_what_is_used_from_outside_stays():
    assert "def main" in minify_modules({"a": "def main():\n    return 1\n"}, keep=["main"])["a"]
    assert minify_modules({"a": "def main():\n    return 1\n"})["a"] == ""


def test_imports_that_only_annotations_need_are_dropped():
    source = "from collections.abc import Mapping\nimport os\ndef load(x: Mapping) -> None:\n    os.stat(x)\n"
    minified = minify_modules({"a": source}, keep=["load"])["a"]
    assert "Mapping" not in minified
    assert "os" in minified


def test_a_local_name_keeps_no_import_and_no_definition_of_the_same_name():
    sources = {
        "a": "from .b import rows, zeros\ndef load(rows):\n    zeros = [rows for rows in rows]\n    return zeros\n",
        "b": "def rows():\n    return 1\ndef zeros():\n    return rows()\n",
    }
    minified = minify_modules(sources, keep=["load"])
    assert "import" not in minified["a"]
    assert minified["b"] == ""


def test_a_name_of_the_module_is_found_in_every_kind_of_scope():
    source = (
        "import os\nA = 1\nB = 2\nC = 3\nD = 4\nE = 5\nF = 6\nF += 1\nG = 8\n"
        "class K:\n    A = A\n    def f(self, x=B):\n        return [C for _ in range(x)], lambda: D\n"
        "def load():\n    global G\n    G += E\n    return K.A, K().f()[0], K().f()[1](), G\n"
    )
    scope = {"__name__": "scope"}
    exec(minify_modules({"a": source}, keep=["load"])["a"], scope)
    assert scope["load"]() == (1, [3, 3], 4, 13)


def test_annotations_of_attributes_go_but_those_that_make_a_tuple_stay():
    source = (
        "import typing\nfrom typing import NamedTuple\nfrom torch import Tensor\n"
        "class C:\n    base: Tensor\n    size: int = 3\n"
        "    def __init__(self):\n        self.scale: Tensor\n        self.size: int = 4\n"
        "class N(NamedTuple):\n    first: bytes\nclass M(typing.NamedTuple):\n    first: bytes\n"
        "def load():\n    return C.size, C().size, N(b'a').first, M(b'b').first\n"
    )
    scope = {"__name__": "scope"}
    minified = minify_modules({"a": source}, keep=["load"])["a"]
    exec(minified, scope)
    assert scope["load"]() == (3, 4, b"a", b"b")
    assert not [word for word in ("Tensor", "int", "base", "scale") if word in minified]


def test_fields_of_dataclasses_are_fields_without_their_annotations():
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    width: int = 3\n    text: str = 'a'\n"
    )
    source += "def load():\n    return C(4)\n"
    scope = {"__name__": "scope"}
    minified = minify_modules({"a": source}, keep=["load"])["a"]
    exec(minified, scope)
    assert (scope["load"]().width, scope["load"]().text) == (4, "a")
    assert "int" not in minified


def test_what_explains_a_field_costs_no_byte():
    source = (
        "{}from dataclasses import dataclass\n@dataclass\nclass C:\n    width: {} = 3\nprint(C().width)\n"
    )
    bare = minify_modules({"a": source.format("", "int")})["a"]
    explained = source.format("from typing import Annotated\n", "Annotated[int, 'Channels of the stream.']")
    assert minify_modules({"a": explained})["a"] == bare
