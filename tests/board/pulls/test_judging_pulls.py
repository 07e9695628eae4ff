"""A pull request is one entry or it is refused; the verdict belongs to the head that was judged."""

import contextlib
import io
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from bare_game import entry_files, git, verdict_by_hand
from small_game import CHALLENGE_TOML

from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.judging import PullJob, judge_pull
from paramgolf.board.pulls.pull_state import PullFolder, State
from paramgolf.board.pulls.verify_subprocess import JudgingTerms
from paramgolf.cli.app import main
from paramgolf.errors import PullError
from paramgolf.judge.verdict import Validity

pytestmark = pytest.mark.slow


@pytest.fixture
def judge(game, tmp_path):
    """Judge pull request 1 by `verdict(folder)`; the folder of what it left."""

    def run(verdict=lambda folder: verdict_by_hand(folder.name), pull=1, **options):
        out = tmp_path / "out" / str(pull)
        job = PullJob(clone=game.clone(tmp_path / "out"), pull=pull, out=out, judge=verdict, **options)
        return judge_pull(job)

    return run


def refusal(judge):
    def never(folder):
        raise AssertionError("it must not be judged")

    status = judge(never)
    assert status.state is State.FAILURE
    return status.description


def test_an_entry_is_judged_from_plain_files_of_its_head(game, judge, tmp_path):
    head = game.pull(1, entry_files("mine"))
    seen = {}

    def look(folder):
        seen.update({str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
        return verdict_by_hand(folder.name)

    status = judge(look)
    assert (status.state, status.sha, status.entry) == (State.SUCCESS, head, "mine")
    assert {f"entries/mine/{path}": data for path, data in seen.items()} == entry_files("mine")
    left = PullFolder(folder=tmp_path / "out" / "1")
    assert left.read_verdict() == verdict_by_hand("mine")
    assert "1.0000 bits per byte" in left.comment.read_text()


def test_the_same_head_is_judged_once(game, judge):
    game.pull(1, entry_files("mine"))
    calls = []

    def count(folder):
        calls.append(folder)
        return verdict_by_hand(folder.name)

    assert judge(count) == judge(count)
    assert len(calls) == 1
    judge(count, again=True)
    assert len(calls) == 2


@pytest.mark.parametrize("squash", [False, True])
def test_main_may_move_on_meanwhile(game, judge, squash):
    game.pull(1, entry_files("mine"))
    game.pull(2, entry_files("other"))
    game.merge(2, squash=squash)
    assert judge().state is State.SUCCESS


@pytest.mark.parametrize("squash", [False, True])
def test_a_verdict_stays_when_its_pull_request_is_merged(game, judge, squash):
    game.pull(1, entry_files("mine"))
    status = judge()
    game.merge(1, squash=squash)
    assert judge() == status


def test_a_head_that_was_judged_is_judged_again_where_a_reproduction_is_asked_for_and_was_not_made(
    game, judge
):
    game.pull(1, entry_files("mine"))
    calls = []

    def reproduced(folder):
        calls.append(folder)
        return replace(verdict_by_hand(folder.name), trained_again=0)

    judge()
    assert judge(reproduced, reproduce=True) == judge(reproduced, reproduce=True) == judge(reproduced)
    assert len(calls) == 1


def test_the_terms_are_handed_to_the_judge_apart(tmp_path):
    assert JudgingTerms().options() == []
    terms = JudgingTerms(challenge="local", fresh=tmp_path / "f.jsonl", reproduce=True)
    assert terms.options() == ["--challenge", "local", "--fresh", str(tmp_path / "f.jsonl"), "--reproduce"]


def test_an_invalid_entry_fails_and_an_undecided_one_waits_for_a_person(game, judge):
    game.pull(1, entry_files("mine"))
    assert judge(lambda f: verdict_by_hand(f.name, standing=Validity.INVALID)).state is State.FAILURE
    status = judge(lambda f: verdict_by_hand(f.name, standing=Validity.UNDECIDED), again=True)
    assert status.state is State.ERROR


@pytest.mark.parametrize(
    ("files", "options", "named"),
    [
        ({"src/code.py": b"evil\n"}, {}, "'src/code.py'"),
        ({".github/workflows/judge.yml": b"on: push\n"}, {}, "'.github/'"),
        ({"entries/README.md": b"hello\n"}, {}, "'entries/README.md'"),
        ({}, {"gone": ["README.md"]}, "'README.md'"),
        (entry_files("second"), {}, "'entries/mine/', 'entries/second/'"),
        ({"entries": "file"}, {}, "'README.md', 'entries'"),
    ],
)
def test_whatever_else_is_touched_is_named(game, judge, tmp_path, files, options, named):
    files = {path: game.blob(b"x") if data == "file" else data for path, data in files.items()}
    gone = ["README.md"] if "entries" in files else options.get("gone", ())
    mine = {} if "entries" in files else entry_files("mine")
    game.pull(1, mine | files, gone=gone)
    assert f"Refused: It touches {named}" in refusal(judge)
    assert named in (tmp_path / "out/1/comment.md").read_text()


@pytest.mark.parametrize(
    ("path", "mode", "why"),
    [
        ("link", "120000", "is a symbolic link"),
        ("module", "160000", "is a submodule"),
        (".gitattributes", "100644", "is no name of an entry's file"),
        ("seeds/.gitmodules", "100644", "is no name of an entry's file"),
        ("-rf", "100644", "is no name of an entry's file"),
        ("a/b/c/d/e/f/g/h/i/j", "100644", "is deeper than 8 folders"),
        ("readme.MD", "100644", "differs in case alone"),
    ],
)
def test_what_no_entry_may_hold_is_refused(game, judge, path, mode, why):
    content = "1" * 40 if mode == "160000" else b"/etc/passwd"
    game.pull(
        1, entry_files("mine") | {f"entries/mine/{path}": content}, modes={f"entries/mine/{path}": mode}
    )
    assert why in refusal(judge)


def test_too_many_files_are_refused_before_any_is_read(game, judge):
    blob = game.blob(b"")
    many = {f"entries/mine/f{i}": blob for i in range(501)}
    game.pull(1, entry_files("mine") | many)
    assert "more than 500 files" in refusal(judge)


def test_a_few_trees_that_nest_to_very_many_folders_are_refused(game, judge):
    tree = git(game.remote, "hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    for _ in range(6):
        lines = "".join(f"040000 tree {tree}\tf{i}\0" for i in range(100))
        tree = git(game.remote, "mktree", "-z", stdin=lines.encode())
    entries = git(game.remote, "mktree", stdin=f"040000 tree {tree}\tmine\n".encode())
    root = git(game.remote, "ls-tree", "refs/heads/main") + f"\n040000 tree {entries}\tentries\n"
    tree = git(game.remote, "mktree", stdin=root.encode())
    head = git(game.remote, "commit-tree", tree, "-p", "refs/heads/main", "-m", "a bomb")
    game.set("refs/pull/1/head", head)
    assert "more than 500 files and folders" in refusal(judge)


def test_a_huge_file_is_refused_before_it_is_written(game, judge, monkeypatch):
    monkeypatch.setattr("paramgolf.board.pulls.scope.LARGEST_FILE", 1000)
    game.pull(1, entry_files("mine", artifact=bytes(1001)))
    assert "has 1,001 bytes" in refusal(judge)


def test_a_fetch_that_is_too_large_is_stopped(game, judge, monkeypatch):
    monkeypatch.setattr("paramgolf.board.pulls.clone.LARGEST_FETCH", 100_000)
    game.pull(1, entry_files("mine", artifact=os.urandom(200_000)))
    assert "brings more than 100,000 bytes" in refusal(judge)


def test_a_tree_with_one_name_twice_is_refused(game, judge):
    """git shows the one and checks out the other."""
    blobs = [bytes.fromhex(game.blob(data)) for data in (b"shown", b"hidden")]
    raw = b"".join(b"100644 entry.toml\0" + blob for blob in blobs)
    tree = git(game.remote, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw)
    entries = git(game.remote, "mktree", stdin=f"040000 tree {tree}\tmine\n".encode())
    root = git(game.remote, "ls-tree", "refs/heads/main") + f"\n040000 tree {entries}\tentries\n"
    tree = git(game.remote, "mktree", stdin=root.encode())
    game.set("refs/pull/1/head", git(game.remote, "commit-tree", tree, "-p", "refs/heads/main", "-m", "two"))
    assert "is there twice" in refusal(judge)


def test_a_name_that_is_on_main_is_refused_in_any_case_of_letters(game, judge):
    game.pull(1, entry_files("Mine"))
    game.push(entry_files("mine"))
    assert "entries/mine is on the main branch already" in refusal(judge)


def test_an_entry_of_main_is_changed_by_its_author_alone(game, judge):
    game.push(entry_files("mine", github="ada"))
    game.pull(1, entry_files("mine", artifact=b"better", github="eve"))
    assert "is none of its authors (ada)" in refusal(judge)
    assert judge(author="eve").state is State.FAILURE
    assert judge(author="Ada").state is State.SUCCESS


def test_a_branch_of_another_history_is_refused(game, judge):
    empty = git(game.remote, "hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    game.set("refs/heads/elsewhere", git(game.remote, "commit-tree", empty, "-m", "another beginning"))
    game.pull(1, entry_files("mine"), parent="refs/heads/elsewhere")
    assert "shares no commit with the main branch" in refusal(judge)


def test_a_force_push_while_it_is_judged_is_judged_again(game, judge):
    game.pull(1, entry_files("mine"))
    seen = []

    def slow(folder):
        seen.append((folder / "seeds/0/model.pyz").read_bytes())
        if len(seen) == 1:
            game.pull(1, entry_files("mine", artifact=b"pushed meanwhile"))
        return verdict_by_hand(folder.name, scores=(1.0 + len(seen),))

    status = judge(slow)
    assert seen == [b"an artifact", b"pushed meanwhile"]
    assert status.sha == game.head("refs/pull/1/head")
    assert "3.0000" in status.description


def test_a_branch_that_never_rests_gets_no_verdict(game, judge, tmp_path):
    count = iter(range(100))

    def restless(folder):
        game.pull(1, entry_files("mine", artifact=b"%d" % next(count)))
        return verdict_by_hand(folder.name)

    restless(tmp_path / "mine")
    assert judge(restless).state is State.PENDING
    assert PullFolder(folder=tmp_path / "out/1").read_verdict() is None


def test_one_pull_request_is_judged_by_one_process_at_a_time(game, judge):
    game.pull(1, entry_files("mine"))
    game.pull(2, entry_files("other"))

    def meanwhile(folder):
        with pytest.raises(PullError, match="being judged by process"):
            judge()
        assert judge(pull=2).state is State.SUCCESS
        return verdict_by_hand(folder.name)

    assert judge(meanwhile).state is State.SUCCESS


def test_a_pull_request_that_is_not_there_is_said(judge):
    with pytest.raises(PullError, match="has no pull request 1"):
        judge()


def test_killed_half_way_it_leaves_nothing_whole_and_then_finishes(game, judge, tmp_path):
    """The real command, with the entry in the sandbox; what it had judged before is an older head."""
    slow = io.BytesIO()
    with zipfile.ZipFile(slow, "w") as archive:
        archive.writestr("entry.py", "import time\ntime.sleep(600)\n")
    (tmp_path / "game.toml").write_text(CHALLENGE_TOML)
    (tmp_path / "text.txt").write_text("a text\n")
    game.pull(1, entry_files("mine"))
    judge()
    head = game.pull(1, entry_files("mine", artifact=slow.getvalue()))
    words = [sys.executable, "-m", "paramgolf", "judge-pr", "--remote", game.remote, "--pull", "1"]
    words += [
        "--challenge",
        tmp_path / "game.toml",
        "--documents",
        tmp_path / "text.txt",
        "--out",
        tmp_path / "out",
    ]
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True) as judging:
        assert any(line.startswith("seed 0") for line in judging.stdout)
        judging.kill()
    left = PullFolder(folder=tmp_path / "out" / "1")
    status = left.read()
    assert status is not None
    assert (status.state, status.sha) == (State.PENDING, head)
    assert left.read_verdict() is None
    assert not left.comment.exists()
    who, alive = left.worker()
    assert who is not None
    assert not alive
    assert nobody_is_left(str(tmp_path))
    assert judge().state is State.SUCCESS
    assert left.worker() == (None, False)


def nobody_is_left(word):
    """Whether every process with `word` on its command line ends within seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                lines.append(path.read_bytes())
        if not any(word.encode() in line for line in lines):
            return True
        time.sleep(0.1)
    return False


def test_what_a_killed_fetch_left_is_no_hindrance(game, judge, tmp_path):
    game.pull(1, entry_files("mine"))
    judge()
    repository = tmp_path / "out" / "repository.git"
    (repository / "refs/pulls/1.lock").touch()
    (repository / "refs/remote/main.lock").touch()
    (repository / "config.lock").touch()
    game.pull(1, entry_files("mine", artifact=b"newer"))
    game.push({"README.md": b"# Newer\n"})
    assert judge().state is State.SUCCESS


def test_a_clone_is_of_one_remote(game, judge, tmp_path):
    game.pull(1, entry_files("mine"))
    judge()
    game.remote.rename(tmp_path / "other.git")
    game.remote = tmp_path / "other.git"
    with pytest.raises(PullError, match="is the clone of"):
        judge()


def test_check_pr_says_whether_it_is_one_entry_of_that_head(game, tmp_path, capsys):
    words = ["check-pr", "--remote", str(game.remote), "--pull", "1", "--out", str(tmp_path / "out")]
    head = game.pull(1, entry_files("mine"))
    main([*words, "--head", head])
    assert capsys.readouterr().out == "mine\n"
    with pytest.raises(SystemExit):
        main([*words, "--head", game.head()])
    assert not (tmp_path / "out" / "1").exists()
    game.pull(1, entry_files("mine") | {"src/code.py": b"evil\n"})
    with pytest.raises(SystemExit):
        main(words)
    status = PullFolder(folder=tmp_path / "out" / "1").read()
    assert status is not None
    assert status.state is State.FAILURE
    assert "'src/code.py'" in (tmp_path / "out" / "1" / "comment.md").read_text()


def test_a_remote_that_runs_a_command_is_refused(tmp_path):
    with pytest.raises(PullError, match="not allowed"):
        Clone.open(tmp_path / "c.git", f"ext::touch {tmp_path}/ran").fetch_main()
    with pytest.raises(PullError, match="is no remote"):
        Clone.open(tmp_path / "d.git", f"--upload-pack=touch {tmp_path}/ran")
    assert not (tmp_path / "ran").exists()
