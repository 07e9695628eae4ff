"""The benchmarks follow what the package has become: each is read here, and one is run on a whole run."""

import importlib.util
import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """Reads a benchmark by its name, under one that no module of Python has."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def read(name):
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return read


@pytest.mark.parametrize("name", sorted(path.stem for path in BENCHMARKS.glob("*.py")))
def test_each_can_be_read(benchmark, name):
    assert benchmark(name).__doc__


def test_entropy_of_a_run_whose_model_has_a_tensor_without_elements(benchmark, finished):
    """`skips`, where depths are not mirrored."""
    out = io.StringIO()
    Console(file=out, width=110).print(benchmark("entropy").trained(finished.folder))
    assert "embedding" in out.getvalue()
    assert "skips" not in out.getvalue()
