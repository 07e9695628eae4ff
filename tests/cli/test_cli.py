"""The command line: help, wrong names and values, lists, JSON."""

import json
import subprocess
import sys

import pytest

from paramgolf.cli.app import main

COMMANDS = [
    *("run", "data", "train", "pack", "score", "prove", "sample", "compress", "decompress", "info"),
    *(
        "recipes",
        "challenges",
        "submit",
        "sandbox-check",
        "check-pr",
        "judge-pr",
        "judge-merged",
        "accept-pr",
    ),
]


def stopped(words, capsys):
    """Status and standard error of a call that stops."""
    with pytest.raises(SystemExit) as stop:
        main(words)
    return stop.value.code, capsys.readouterr().err


def test_help_lists_every_command_with_a_summary(capsys):
    main(["--help"])
    lines = capsys.readouterr().out
    for command in COMMANDS:
        assert f"│ {command} " in lines


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_is_worth_reading(command, capsys):
    main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"Usage: paramgolf {command}")
    if command not in ("recipes", "challenges"):
        assert "writes" in text.lower() or "leaves" in text.lower() or "prints" in text.lower()
        assert f"{text} ".count(f"paramgolf {command} ") > 1, "no example"


def test_help_does_not_wait_for_torch():
    script = (
        "import sys; from paramgolf.cli.app import main; main(['--help']); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["runn"], ["runn", "Did you mean", "run"]),
        (["run", "locl"], ["no recipe named 'locl'", "Did you mean 'local'", "baseline"]),
        (["run", "--challenge", "parametergolf"], ["no challenge named", "Did you mean 'parameter-golf'"]),
        (["data", "--corpus", "embeded"], ["no corpus named", "Did you mean 'embedded'", "fineweb"]),
        (["info", "baselin"], ["Did you mean 'baseline'"]),
        (["run", "--seed", "one"], ["--seed", "one", "int", "paramgolf run --help"]),
        (["run", "--seed", "-1"], ["--seed is -1", "allowed are 0 to"]),
        (["train", "--sead", "1"], ["--sead", "--seed"]),
        (["score"], ["requires an argument", "paramgolf score --help"]),
        (["run", "missing.toml"], ["missing.toml", "cannot be read"]),
        (["run", "baseline", "--challenge", "unlimited"], ["training.tokens"]),
    ],
)
def test_a_wrong_call_says_what_was_got_and_what_is_allowed(words, parts, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, error = stopped(words, capsys)
    assert status == 2
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1
    for part in parts:
        assert part in error
    assert not list(tmp_path.rglob("run.json"))


def test_a_folder_that_cannot_be_written_is_an_error_without_a_traceback(capsys, tmp_path):
    (tmp_path / "text.txt").write_text("words " * 100)
    (tmp_path / "file").touch()
    status, error = stopped(
        ["data", "--corpus", str(tmp_path / "text.txt"), "--out", str(tmp_path / "file" / "out")], capsys
    )
    assert status in (1, 2)
    assert error.startswith("error: ")


def test_recipes_and_challenges_are_listed_with_their_titles(capsys):
    main(["recipes"])
    main(["challenges"])
    text = capsys.readouterr().out
    assert "baseline " in text
    assert "naive baseline" in text
    assert "parameter-golf " in text
    assert "16,000,000 bytes" in text


def test_info_prints_json_alone(capsys):
    main(["info", "baseline", "--challenge", "parameter-golf", "--json"])
    info = json.loads(capsys.readouterr().out)
    assert info["parameters"] == 17_059_912


@pytest.mark.parametrize("recipe", ["local", "recurrent"])  # without skips, and with
def test_info_of_a_recipe_shows_groups_and_the_limit(capsys, recipe):
    main(["info", recipe])
    text = capsys.readouterr().out
    for part in ("embedding", "matrices", "500,000 bytes allowed", f"Next: paramgolf run {recipe}"):
        assert part in text


def test_data_prepares_a_corpus_of_ones_own(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "train.txt").write_text("It was the best of times. " * 200)
    (tmp_path / "texts" / "validation.txt").write_text("It was the worst of times.")
    main(["data", "--corpus", "texts", "--out", "mine"])
    out = capsys.readouterr().out
    assert (
        "mine/data is ready. Next: paramgolf train local --challenge local --corpus texts --seed 0 --out mine"
        in out
    )
    assert {"manifest.json", "tokenizer.bin", "train_000000.bin", "validation.jsonl"} <= {
        path.name for path in (tmp_path / "mine" / "data").iterdir()
    }


def test_python_m_paramgolf_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "paramgolf", "--version"], capture_output=True, text=True)
    assert done.stdout.strip() == "0.1.0"


@pytest.mark.parametrize("words", [["recipes", "show", "local", "--all"], ["recipes"], ["challenges"]])
def test_a_reader_that_has_had_enough_hears_no_complaint(words):
    command = [sys.executable, "-u", "-m", "paramgolf", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == ("", 1)


@pytest.mark.parametrize(("platform", "system"), [("darwin", "macOS"), ("win32", "Windows"), ("aix", "aix")])
@pytest.mark.parametrize("words", [["run"], ["score", "model.pyz"], ["board", "init"], ["no-such-command"]])
def test_a_system_other_than_linux_is_told_what_works_and_what_to_do(
    words, platform, system, capsys, monkeypatch
):
    monkeypatch.setattr(sys, "platform", platform)
    status, error = stopped(words, capsys)
    assert status == 1
    assert len(error.splitlines()) == 1
    for part in (f"this is {system}", "python model.pyz", "WSL2", "docker run", "make run"):
        assert part in error


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["--version"], ["challenges"]])
def test_what_is_said_to_work_on_any_system_needs_no_module_of_unix(words):
    script = (
        "import sys; sys.modules.update(fcntl=None, resource=None, pwd=None, grp=None, termios=None); import os\n"
        "del os.sched_getaffinity, os.memfd_create\n"
        f"from paramgolf.cli.app import main; main({words})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
