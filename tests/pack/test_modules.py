"""An artifact carries the code that its model and its tokenizer run, and no more."""

import ast
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from paramgolf.pack.minify import bare
from paramgolf.pack.modules import (
    PACKAGE,
    changed_fields,
    imported_modules,
    reachable,
    runtime_sources,
    shipped_modules,
)
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.runtime.tokenizer.bpe import BytePairs
from paramgolf.runtime.tokenizer.case import CaseFolding
from paramgolf.runtime.tokenizer.unigram import Unigram
from paramgolf.runtime.transformer.config import ModelConfig

SMALL = ModelConfig(vocab_size=257, width=16, layers=2, heads=2, kv_heads=1)
BYTES, BPE, UNIGRAM = Tokenizer(), BytePairs([(116, 104)]), Unigram([b"the"], [9] * 257)
OPTIONAL = {
    "transformer.factored",
    "transformer.linear_attention",
    "tokenizer.bpe",
    "tokenizer.unigram",
    "tokenizer.case",
    "test_time_training",
    "low_rank_repair",
}


def shipped(config=SMALL, tokenizer=BYTES, repaired=False, **sections) -> set[str]:
    whole = {"model": changed_fields(config), **(sections or {"predict": {}})}
    return set(shipped_modules(whole, tokenizer.to_bytes(), repaired=repaired))


@pytest.mark.parametrize(
    ("config", "needed"),
    [
        (SMALL, set()),
        (replace(SMALL, mixers=("attention", "linear")), {"transformer.linear_attention"}),
        (replace(SMALL, mlp_matrices="random"), {"transformer.factored"}),
        (replace(SMALL, attention_matrices="smooth", degree=1), {"transformer.factored"}),
    ],
)
def test_only_the_modules_of_parts_that_a_model_has_ship(config, needed):
    assert shipped(config) & OPTIONAL == needed
    assert {"", "transformer", "transformer.model", "predictor", "weights", "codec", "cli"} <= shipped(config)


@pytest.mark.parametrize(
    ("tokenizer", "needed"),
    [
        (BYTES, set()),
        (BPE, {"tokenizer.bpe"}),
        (UNIGRAM, {"tokenizer.unigram"}),
        (CaseFolding(BYTES), {"tokenizer.case"}),
        (CaseFolding(BPE), {"tokenizer.bpe", "tokenizer.case"}),
        (CaseFolding(UNIGRAM), {"tokenizer.unigram", "tokenizer.case"}),
    ],
)
def test_modules_follow_the_kind_of_tokenizer(tokenizer, needed):
    assert shipped(tokenizer=tokenizer) & OPTIONAL == needed


@pytest.mark.parametrize("kind", ["dense", "low_rank", "random", "smooth"])
def test_roles_of_parameters_stay_out(kind):
    config = replace(SMALL, attention_matrices=kind, degree=1, mixers=("attention", "linear"))
    assert "transformer.roles" in runtime_sources()
    assert "transformer.roles" not in shipped(config)


def test_what_learns_from_scored_text_ships_only_where_it_does():
    assert shipped(predict={}, learn={}) - shipped() == {"test_time_training"}


def test_a_mixer_ships_its_compiled_model_in_the_place_of_torchs():
    found = shipped(adapt={})
    assert {"mixer", "mixer.predictor", "mixer.compiled_transformer", "weights"} <= found
    assert not {name for name in found if name.startswith("transformer")} | {"predictor", "codec"} & found


@pytest.mark.parametrize("sections", [{"predict": {}}, {"predict": {}, "learn": {}}, {"adapt": {}}])
def test_what_reads_weights_is_one_entry(sections):
    """The repair reads the stream by the usual reader, so that both ship."""
    assert shipped(repaired=True, **sections) - shipped(**sections) == {"low_rank_repair"}


def test_imports_are_found_as_python_resolves_them():
    source = "from .. import weights\nfrom ..tokenizer.base import header\nfrom .model import x\n"
    source += "from . import attention\nif TYPE_CHECKING:\n    from ..cli import main\n\n"
    source += "def f():\n    from ..codec import y\n"
    found = ["weights", "tokenizer.base", "transformer.model", "transformer.attention"]
    assert imported_modules("transformer.stepping", source) == found
    assert imported_modules("cli", "from .artifact import read\nimport json\n") == ["artifact"]


ASK_PYTHON = """
import importlib, json, sys
package, *names = sys.argv[1:]
seen = {}
for name in names:
    for imported in [m for m in sys.modules if m.startswith(package)]:
        del sys.modules[imported]
    importlib.import_module(f"{package}.{name}")
    seen[name] = [m.removeprefix(package).lstrip(".") for m in sys.modules if m.startswith(package)]
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_modules_import_just_what_is_said_to_be_reachable():
    names = [name for name in runtime_sources() if name]
    command = [sys.executable, "-c", ASK_PYTHON, PACKAGE, *names]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for name in names:
        assert sorted(seen[name]) == reachable([name], runtime_sources().__getitem__), name


@pytest.mark.parametrize("name", sorted(set(runtime_sources()) - {"transformer.roles"}))
def test_what_packing_takes_for_granted_of_the_runtimes_code(name):
    """No name `role` but that of a parameter's role, which goes; imports stand at the top; packages have no code."""
    source = runtime_sources()[name]
    tree = ast.parse(source)
    left = ast.walk(ast.parse(bare(source)))
    assert "role" not in {getattr(node, field, None) for node in left for field in ("id", "arg", "attr")}
    guarded = [node for node in tree.body if isinstance(node, ast.Try | ast.If)]
    assert not [n for node in guarded for n in ast.walk(node) if isinstance(n, ast.ImportFrom) and n.level]
    is_package = any(other.startswith(f"{name}.") for other in runtime_sources()) or not name
    assert (len(tree.body) == 1) == is_package, "a package is a docstring, and nothing else is"


def test_fields_that_are_as_in_the_code_are_left_out():
    assert changed_fields(replace(SMALL, heads=8, kv_heads=4)) == {
        "vocab_size": 257,
        "width": 16,
        "layers": 2,
    }
    assert changed_fields(ModelConfig()) == {}
