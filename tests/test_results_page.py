"""docs/results.md holds what its command writes."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tables_are_those_of_the_measured_results():
    text = (ROOT / "docs" / "results.md").read_text()
    assert runpy.run_path(str(ROOT / "benchmarks" / "results.py"))["page"](text) == text, (
        "run: python benchmarks/results.py"
    )
