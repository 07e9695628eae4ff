"""Whatever an entry leads the harness into becomes part of the verdict: nothing is lost, and it is not called valid."""

import zipfile

import pytest

from paramgolf.challenge import load_challenge
from paramgolf.errors import EntryError, SandboxError
from paramgolf.judge import measure
from paramgolf.judge.archive import Archive
from paramgolf.judge.measure import FULL, QUICK, Measurements, measure_artifact
from paramgolf.judge.rules.registry import judge_measurements, required
from paramgolf.judge.verdict import Outcome, Validity, standing_of


@pytest.fixture
def measured() -> Measurements:
    archive = Archive(problems=(), bytes=1000, unpacked_bytes=1000, members=2)
    return Measurements(
        challenge=load_challenge("local"),
        depth=FULL,
        documents=(b"text",),
        declared_track="fixed",
        declared_isolated=False,
        threads=1,
        archive=archive,
    )


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("division by zero"), MemoryError("124 GiB"), RuntimeError("\x1b[2J"), OSError(5, "x")],
)
def test_an_error_that_was_not_thought_of_leaves_rules_undecided_and_says_so(measured, error):
    with measured.phase("score"):
        raise error
    findings = judge_measurements(measured)
    assert not [finding for finding in findings if finding.outcome is Outcome.FAIL]
    assert standing_of(findings, required=required(quick=False)) is Validity.UNDECIDED
    said = " ".join(finding.evidence for finding in findings)
    assert f"broke over this entry in the phase 'score' ({type(error).__name__}" in said
    assert "\x1b" not in said


def test_what_the_entry_did_is_still_its_own(measured):
    with measured.phase("score"):
        raise EntryError("it died")
    failed = [finding.rule for finding in judge_measurements(measured) if finding.outcome is Outcome.FAIL]
    assert failed == ["R17"]


def test_a_sandbox_that_is_missing_says_nothing_about_an_entry(measured):
    with pytest.raises(SandboxError), measured.phase("score"):
        raise SandboxError("no bubblewrap")


@pytest.mark.parametrize("step", ["inspect_archive", "find_stored_text", "patience"])
def test_every_step_is_part_of_a_phase(step, monkeypatch, tmp_path):
    entry = """
import numpy as np
class Uniform:
    vocab_size, end_of_document, batch_documents = 257, 256, 1
    def encode(self, document): return np.frombuffer(document, np.uint8).astype(np.int32)
    def decode(self, tokens): return tokens.astype(np.uint8).tobytes()
    def predict(self, batch): yield np.zeros((len(batch), 1 + max(map(len, batch)), 257), np.float32)
load = Uniform
"""
    path = tmp_path / "model.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("entry.py", entry)

    def breaks(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(measure, step, breaks)
    measured = measure_artifact(path, [b"some text"], load_challenge("tiny"), QUICK, threads=1)
    findings = judge_measurements(measured)
    assert not [finding for finding in findings if finding.outcome is Outcome.FAIL]
    assert standing_of(findings, required=required(quick=True)) is Validity.UNDECIDED
