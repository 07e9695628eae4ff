"""Minified modules do what the readable ones do, in fewer bytes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from paramgolf.errors import PackError
from paramgolf.pack.entropy import encode_weights
from paramgolf.pack.minify import minify_modules, runtime_sources
from paramgolf.train.quantise import QuantisationScheme, dequantise, quantise

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
    sources = runtime_sources(["weights"])
    for name, source in minify_modules(sources | {"user": "from .weights import decode_weights"}).items():
        (tmp_path / "runtime" / f"{name}.py").write_text(source)
    subprocess.run([sys.executable, "-c", DECODE], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "weights.npy"), dequantise(quantised).numpy())


def test_every_runtime_module_is_smaller_and_still_compiles():
    sources = runtime_sources()
    minified = minify_modules(sources)
    assert list(minified) == list(sources)
    for name, source in minified.items():
        compile(source, name, "exec")
        assert len(source) < 0.6 * len(sources[name])


def test_names_that_other_modules_use_are_kept_and_others_shortened():
    sources = {
        "a": "SHARED_LIMIT = 3\nPRIVATE_LIMIT = 4\ndef shared():\n    return SHARED_LIMIT + PRIVATE_LIMIT\n",
        "b": "from . import a\nfrom .a import shared\nprint(shared(), a.SHARED_LIMIT)\n",
    }
    minified = minify_modules(sources)["a"]
    assert "SHARED_LIMIT" in minified
    assert "def shared" in minified
    assert "PRIVATE_LIMIT" not in minified


def test_imports_that_only_annotations_need_are_dropped():
    source = "from collections.abc import Mapping\nimport os\ndef load(x: Mapping) -> None:\n    os.stat(x)\n"
    minified = minify_modules({"a": source})["a"]
    assert "Mapping" not in minified
    assert "os" in minified


def test_fields_of_dataclasses_keep_their_annotations():
    source = "from dataclasses import dataclass\n@dataclass\nclass C:\n    width: int = 3\n"
    source += "def load():\n    return C(width=4)\n"
    scope = {"__name__": "scope"}
    exec(minify_modules({"a": source})["a"], scope)
    assert scope["load"]().width == 4


def test_unknown_module_is_refused_with_those_there_are():
    with pytest.raises(PackError, match=r"no module wieghts; it has .*weights"):
        runtime_sources(["wieghts"])
