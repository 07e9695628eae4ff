"""The names, signatures and types that callers may rely on."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api as mypy

import paramgolf

SIGNATURES = {
    "load": "(path, *, trust=False, threads=1)",
    "run": "(recipe=None, challenge='local', *, corpus=None, seed=0, out=None, quiet=False)",
    "verify": (
        "(entry, *, challenge=None, documents=None, corpus=None, fresh=None, quick=False, reproduce=False, quiet=False)"
    ),
    "Model.score": "(self, text)",
    "Model.sample": "(self, prompt, *, tokens=200, temperature=0.8, seed=0)",
    "Model.stream": "(self, prompt, *, tokens=200, temperature=0.8, seed=0)",
    "Model.compress": "(self, text)",
    "Model.decompress": "(self, compressed)",
    "Model.close": "(self)",
}

# Each line fails under --strict where a type is missing or another.
TYPED = """
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

import paramgolf
from paramgolf.errors import EntryError, ParamgolfError


def use(path: Path, error: EntryError) -> ParamgolfError:
    with paramgolf.load(path, trust=True) as model:
        assert_type(model, paramgolf.Model)
        assert_type(model.sample("The", tokens=3), str)
        assert_type(model.sample(b"The"), bytes)
        assert_type(model.decompress(model.compress("text")), bytes)
        assert_type(model.info.parameters, int | None)
        score = model.score(["one", b"two"])
        assert_type(score, paramgolf.TextScore)
        assert_type(score.bits_per_byte, float)
        assert_type(score.documents[0].byte_bits, npt.NDArray[np.float64])
    result = paramgolf.run(challenge="tiny", out=path, quiet=True)
    assert_type(result.artifact, Path)
    assert_type(result.bits_per_byte, float)
    assert_type(result.load(), paramgolf.Model)
    verdict = paramgolf.verify(str(path), documents=["text"], quick=True)
    assert_type(verdict, paramgolf.Verdict)
    return error
"""

# What is heavy and not ours: its types play no part in this.
QUICK_MYPY = """
[mypy]
python_version = 3.11
[mypy-torch.*,scipy.*,numba.*,rich.*,matplotlib.*,pyarrow.*,cyclopts.*]
follow_imports = skip
ignore_missing_imports = True
"""


def test_exported_names_are_these():
    assert sorted(paramgolf.__all__) == paramgolf.__all__
    assert set(paramgolf.__all__) == {
        *("load", "run", "verify"),
        *("Model", "ModelInfo", "TextScore", "DocumentScore", "RunResult", "Verdict"),
        *("errors", "__version__"),
    }
    for name in paramgolf.__all__:
        assert getattr(paramgolf, name) is not None
        assert name in dir(paramgolf)


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(AttributeError, match=r"no attribute 'lode'; it has .*load"):
        paramgolf.lode  # noqa: B018


@pytest.mark.parametrize(("name", "expected"), SIGNATURES.items())
def test_signatures_are_these(name, expected):
    function = paramgolf
    for part in name.split("."):
        function = getattr(function, part)
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert (
        str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)).replace(" = ", "=")
        == expected
    )


@pytest.mark.parametrize(
    "name", [name for name in paramgolf.__all__ if callable(getattr(paramgolf, name, None))]
)
def test_all_that_is_exported_is_explained(name):
    exported = getattr(paramgolf, name)
    assert inspect.getdoc(exported)
    for member, value in vars(exported).items() if inspect.isclass(exported) else ():
        if not member.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{member}"


def test_importing_costs_no_torch_and_no_numpy():
    script = "import sys, paramgolf; sys.exit(bool({'torch', 'numpy', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.slow
def test_types_reach_a_caller_who_is_strict(tmp_path):
    assert (Path(paramgolf.__file__).parent / "py.typed").exists()
    (tmp_path / "mypy.ini").write_text(QUICK_MYPY)
    (tmp_path / "snippet.py").write_text(TYPED)
    output, errors, status = mypy.run(
        [
            "--strict",
            f"--config-file={tmp_path / 'mypy.ini'}",
            f"--cache-dir={tmp_path / 'cache'}",
            f"--python-executable={sys.executable}",
            str(tmp_path / "snippet.py"),
        ]
    )
    assert (status, errors) == (0, ""), output
