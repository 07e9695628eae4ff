"""What numba compiled is there for the next process, unless anything that it depends on has changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba import config, njit

from paramgolf.train.mixer.compiled_cache import keep_compiled

pytestmark = pytest.mark.slow

SCRIPT = """
import sys
import numpy as np
from numba import njit
from paramgolf import runtime
from paramgolf.runtime.mixer.state import record
from paramgolf.train.mixer.compiled_cache import keep_compiled

@njit
def total(records):
    return records[0].values.sum()

runtime.__file__ = sys.argv[1]
records = record(values=np.arange(int(sys.argv[2])))
keep_compiled(total, records)
assert total(records) == np.arange(int(sys.argv[2])).sum()
print(sum(total.stats.cache_hits.values()))
"""


@pytest.fixture
def hits(tmp_path):
    """Calls a function in a new process; how often its code came from the cache."""
    script, source = tmp_path / "script.py", tmp_path / "runtime" / "__init__.py"
    script.write_text(SCRIPT)
    source.parent.mkdir()

    def call(source_text: str = "", *, size: int = 3, cache: Path = tmp_path / "cache") -> int:
        source.write_text(source_text)
        done = subprocess.run(
            [sys.executable, script, source, str(size)],
            env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    return call


def test_the_next_process_finds_what_this_one_compiled(hits):
    assert [hits(), hits()] == [0, 1]


def test_another_source_or_another_layout_is_compiled_anew(hits):
    hits()
    assert [hits("changed = True"), hits(size=4), hits()] == [0, 0, 1]


def test_without_a_folder_to_write_to_nothing_is_kept(hits, tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    assert [hits(cache=tmp_path / "taken"), hits(cache=tmp_path / "taken")] == [0, 0]


def test_where_nobody_has_a_home_nothing_is_kept(monkeypatch):
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", home)
    monkeypatch.setattr(config, "CACHE_DIR", "")
    function = njit(lambda x: x + 1)
    keep_compiled(function)
    assert function(1) == 2
    assert function.stats.cache_path is None
