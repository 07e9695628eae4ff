"""The file: every byte accounted for, the same each time, never over its limit, never left over."""

import subprocess
import sys
import zipfile

import pytest

from paramgolf.errors import ArtifactTooLargeError
from paramgolf.pack.artifact import assemble, build_artifact
from paramgolf.pack.modules import shipped_modules
from paramgolf.runtime.tokenizer.bpe import BytePairs

pytestmark = pytest.mark.slow

PARTS = {
    "config": {"model": {"width": 64}, "predict": {"window": 128}},
    "tokenizer": BytePairs([(116, 104), (257, 101)]).to_bytes(),
    "weights": bytes(range(256)) * 4,
}


def test_ledger_sums_to_the_size_of_the_file(tmp_path):
    path = tmp_path / "model.pyz"
    ledger = build_artifact(path, **PARTS, groups={"embedding": 1000, "mlp": 14}, coder_tables=10)
    assert ledger.total == path.stat().st_size
    assert sum(size for _, size in ledger.rows()) == ledger.total
    assert ledger.to_dict()["total"] == ledger.total
    assert ledger.weights == len(PARTS["weights"])


def test_same_parts_make_the_same_file(tmp_path):
    for name in ("a.pyz", "b.pyz"):
        build_artifact(tmp_path / name, **PARTS)
    assert (tmp_path / "a.pyz").read_bytes() == (tmp_path / "b.pyz").read_bytes()


def test_parts_come_back_from_the_zip(tmp_path):
    path = tmp_path / "model.pyz"
    build_artifact(path, **PARTS)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("config.json") == b'{"model":{"width":64},"predict":{"window":128}}'
        assert archive.read("tokenizer.bin") == PARTS["tokenizer"]
        assert archive.read("weights.bin") == PARTS["weights"]
        assert set(archive.namelist()) == {
            "__main__.py",
            "entry.py",
            "code",
            "config.json",
            "tokenizer.bin",
            "weights.bin",
        }


def test_weights_add_exactly_their_own_bytes():
    empty, _ = assemble(**PARTS | {"weights": b""})
    full, _ = assemble(**PARTS)
    assert len(full) == len(empty) + len(PARTS["weights"])


def test_the_modules_that_ship_are_in_it_by_their_names(tmp_path):
    path = tmp_path / "model.pyz"
    build_artifact(path, **PARTS)
    names = [sys.executable, "-c", "import entry; print(*sorted(entry.C))"]
    found = subprocess.run(names, env={"PYTHONPATH": path}, cwd=tmp_path, check=True, capture_output=True)
    shipped = shipped_modules(PARTS["config"], PARTS["tokenizer"])
    assert found.stdout.decode().split() == [f"runtime.{name}".rstrip(".") for name in shipped]
    assert {"", "transformer", "transformer.model", "tokenizer.bpe"} <= set(shipped)


def test_modules_of_the_artifact_are_imported_and_nothing_else_is_shadowed(tmp_path):
    path = tmp_path / "model.pyz"
    build_artifact(path, **PARTS)
    code = (
        "import entry, runtime.weights as w, runtime.artifact as a; "
        "print(w.decode_weights.__name__, a.read('tokenizer.bin').hex())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == f"decode_weights {PARTS['tokenizer'].hex()}\n"


def test_a_module_of_the_same_name_elsewhere_is_not_taken_for_the_artifacts(tmp_path):
    path = tmp_path / "model.pyz"
    build_artifact(path, **PARTS)
    (tmp_path / "runtime.py").write_text("raise SystemExit('this is another one')\n")
    ran = subprocess.run(
        [sys.executable, "model.pyz", "info"],
        env={"PYTHONPATH": "."},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "model.width: 64" in ran.stdout


def test_a_file_of_exactly_the_limit_passes(tmp_path):
    path = tmp_path / "model.pyz"
    data, _ = assemble(**PARTS)
    assert build_artifact(path, **PARTS, limit=len(data)).total == len(data)


def test_over_the_limit_says_by_how_much_and_what_is_largest_and_leaves_no_file(tmp_path):
    path = tmp_path / "model.pyz"
    path.write_bytes(b"an older artifact")
    data, _ = assemble(**PARTS)
    message = r"1 over the limit of .*largest: .*weights: mlp 900.* more coarsely"
    with pytest.raises(ArtifactTooLargeError, match=message):
        build_artifact(path, **PARTS, limit=len(data) - 1, groups={"embedding": 124, "mlp": 900})
    assert list(tmp_path.iterdir()) == []
