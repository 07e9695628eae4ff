"""Whole verdicts in the real sandbox, on a few of the collection; benchmarks/collection.py judges all of it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collection import CHALLENGE_TOML, FRESH, TEXTS, as_entry, build, cheats, harmless, honest
from paramgolf.challenge import load_challenge
from paramgolf.errors import SandboxError
from paramgolf.judge.measure import FULL, QUICK
from paramgolf.judge.verdict import Outcome, Validity
from paramgolf.judge.verify import Terms, verify

pytestmark = pytest.mark.slow

CASES = {case.name: case for case in [*cheats(), *harmless(), *honest()]}
CHEATS = [
    "folds_case",
    "not_a_number",
    "smear_over_the_next_token",
    "whole_document_statistics",
    "small_gain_everywhere",
    "updates_before_scoring",
    "state_between_documents",
    "isolated_that_learns",
    "unseeded_dropout",
    "compress_looks_ahead",
    "remembers_eight_enciphered",
    "claims_sums_to_277",
    "kills_itself",
]
HONEST = [
    "order_1",
    "adaptive_counts",
    "case_transform",
    "padding_is_nan",
    "reused_buffer",
    "kills_its_parent",
]


@pytest.fixture(scope="session")
def challenge(tmp_path_factory):
    path = tmp_path_factory.mktemp("game") / "game.toml"
    path.write_text(CHALLENGE_TOML)
    return load_challenge(str(path))


@pytest.fixture
def judge(challenge):
    def run(path, depth=FULL):
        return verify(path, Terms(challenge=challenge, documents=TEXTS, depth=depth, threads=1, fresh=FRESH))

    return run


@pytest.fixture
def entry(tmp_path, challenge):
    """A case as an entry's folder; its artifact may be replaced by `spoil` before it is judged."""

    def make(name, spoil=None):
        folder = as_entry(CASES[name], tmp_path / "entry", challenge.name)
        if spoil:
            spoil(folder / "seeds" / "0" / "model.pyz")
        return folder

    return make


def failed(verdict) -> set[str]:
    return {f.rule for f in verdict.failed}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_caught_by_the_rule_that_should(judge, entry, name):
    verdict = judge(entry(name))
    assert verdict.standing is Validity.INVALID
    assert failed(verdict) & CASES[name].rules
    assert all(f.mend for f in verdict.failed)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_entry_keeps_every_rule(judge, entry, name):
    verdict = judge(entry(name))
    assert failed(verdict) <= {"R12"}, [f for f in verdict.failed if f.rule != "R12"]
    (score,) = verdict.scores
    claims = next(f for f in verdict.findings if f.rule == "R12")
    assert f"{score.bits_per_byte:.4f} measured" in claims.measured


def test_an_artifact_alone_is_judged_by_what_can_be_measured(judge, tmp_path):
    verdict = judge(build(CASES["order_1"], tmp_path))
    assert verdict.standing is Validity.VALID
    assert "R12" not in {f.rule for f in verdict.findings}


def test_a_quick_look_finds_a_cheat_and_leaves_the_proof_open(judge, tmp_path):
    verdict = judge(build(CASES["next_token"], tmp_path), QUICK)
    assert "R06" in failed(verdict)
    outcomes = {f.rule: f.outcome for f in verdict.findings}
    assert outcomes["R11"] is outcomes["R04"] is Outcome.UNDECIDED


def test_the_quick_look_can_be_valid(judge, tmp_path):
    assert judge(build(CASES["order_1"], tmp_path), QUICK).standing is Validity.VALID


SPOILS = {
    "missing": lambda path: path.unlink(),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a link out": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "huge": lambda path: os.truncate(path, 1 << 40),
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(5000)),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_whatever_lies_in_the_artifacts_place_is_a_failed_rule(judge, entry, spoil):
    verdict = judge(entry("order_1", SPOILS[spoil]))
    assert "R02" in failed(verdict)
    assert verdict.scores == ()


def test_a_folder_without_an_entry_is_a_failed_rule(judge, tmp_path):
    assert failed(judge(tmp_path)) == {"R01"}


def test_without_bubblewrap_nothing_is_judged(judge, tmp_path, monkeypatch):
    artifact = build(CASES["order_1"], tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        judge(artifact)


KILLED = """
import sys
from pathlib import Path
from collection import TEXTS
from paramgolf.challenge import load_challenge
from paramgolf.judge.measure import FULL
from paramgolf.judge.verify import Terms, verify
terms = Terms(challenge=load_challenge("local"), documents=TEXTS, depth=FULL, threads=1)
print("judging", flush=True)
verify(Path(sys.argv[1]), terms)
"""


def test_a_judge_that_is_killed_leaves_nothing_behind(tmp_path):
    held = tmp_path / "tmp"
    held.mkdir()
    artifact = build(CASES["sleeps_in_predict"], tmp_path / "a")
    environment = os.environ | {"TMPDIR": str(held), "PYTHONPATH": str(Path(__file__).parent)}
    judge = subprocess.Popen(
        [sys.executable, "-c", KILLED, artifact], env=environment, stdout=subprocess.PIPE
    )
    _until(lambda: str(held) in _processes() and "bwrap" in _processes())
    judge.kill()
    judge.wait()
    _until(lambda: str(held) not in _processes() and not list(held.iterdir()))


def _processes() -> str:
    return subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True).stdout


def _until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_left_behind(judge, tmp_path, monkeypatch):
    held = tmp_path / "tmp"
    held.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(held))
    judge(build(CASES["leaves_a_daemon"], tmp_path / "a"))
    assert list(held.iterdir()) == []
    assert str(held) not in _processes()
