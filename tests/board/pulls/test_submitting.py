"""Handing in an entry: one folder on a branch, and nothing of the person's touched."""

import json
from pathlib import Path

import pytest
from bare_game import entry_files, git, verdict_by_hand

from paramgolf.board.pulls.judging import check_pull
from paramgolf.board.pulls.submitting import check_entry, push_entry
from paramgolf.errors import PullError, UsageError
from paramgolf.judge.verdict import Validity, write_verdict


@pytest.fixture
def mine(game, tmp_path):
    """A person's clone in the middle of other work, with an entry in it."""
    home = tmp_path / "home"
    git(tmp_path, "clone", "-q", str(game.remote), str(home))
    (home / "README.md").write_text("half-way through something\n")
    (home / "staged.txt").write_text("staged\n")
    git(home, "add", "staged.txt")
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git(home, "config", name, value)
    write(home, entry_files("mine"))
    return home / "entries" / "mine"


def write(home, files):
    for path, data in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(data)


def hand_in(entry, **options):
    return push_entry(entry, entry.parents[1], remote="origin", **options)


def test_the_branch_has_the_folder_and_nothing_else(game, mine, tmp_path):
    done = hand_in(mine)
    assert done.branch == "entry/mine"
    game.set("refs/pull/1/head", game.head("refs/heads/entry/mine"))
    change = check_pull(game.clone(tmp_path / "out"), 1)
    assert change.name == "mine"
    assert {f"entries/mine/{file.path}" for file in change.files} == set(entry_files("mine"))
    assert git(game.remote, "show", "-s", "--format=%P %an", "refs/heads/entry/mine") == f"{game.head()} Ada"


def test_nothing_of_the_person_is_touched(mine):
    home = mine.parents[1]

    def seen():
        refs = git(home, "for-each-ref", "refs/heads")
        return (
            git(home, "status", "--porcelain"),
            git(home, "ls-files", "-s"),
            refs,
            git(home, "rev-parse", "HEAD"),
        )

    before = seen()
    hand_in(mine)
    assert seen() == before


def test_again_it_updates_the_branch_and_then_has_nothing_to_do(game, mine):
    first = hand_in(mine)
    assert not hand_in(mine).changed
    (mine / "README.md").write_text("# Better said\n")
    (mine / "extra.txt").write_text("more")
    second = hand_in(mine)
    (mine / "extra.txt").unlink()
    third = hand_in(mine)
    assert (first.changed, second.changed, third.changed) == (True, True, True)
    assert git(game.remote, "show", "refs/heads/entry/mine:entries/mine/README.md") == "# Better said"
    assert "extra.txt" not in git(game.remote, "ls-tree", "-r", "refs/heads/entry/mine")


def test_attributes_and_ignored_names_change_no_bytes(game, mine):
    home = mine.parents[1]
    (home / ".gitattributes").write_text("*.md text eol=lf ident\n*.pyz filter=lfs\n")
    (home / ".gitignore").write_text("*.pyz\n")
    (mine / "README.md").write_bytes(b"# mine\r\n$Id$\r\n")
    hand_in(mine)
    for path in ("README.md", "seeds/0/model.pyz"):
        shown = f"refs/heads/entry/mine:entries/mine/{path}"
        assert git(game.remote, "cat-file", "-s", shown) == str((mine / path).stat().st_size)


def test_a_name_that_is_anothers_on_main_is_refused(game, mine):
    game.push(entry_files("mine", github="eve"))
    with pytest.raises(PullError, match="name mine is taken on main, by eve"):
        hand_in(mine)


def test_ones_own_entry_of_main_can_be_changed_and_is_refused_as_it_is(game, mine):
    game.push(entry_files("mine"))
    with pytest.raises(PullError, match="just as it is here"):
        hand_in(mine)
    (mine / "README.md").write_text("# Better said\n")
    assert hand_in(mine).changed


def test_a_branch_with_other_work_is_left_alone(game, mine):
    game.set("refs/heads/entry/mine", game.commit({"src/code.py": b"other work\n"}))
    with pytest.raises(PullError, match=r"changes 'src/code.py' too"):
        hand_in(mine)
    assert hand_in(mine, branch="another").changed


def spoil_hash(entry):
    (entry / "seeds/0/model.pyz").write_bytes(b"another")


def spoil_paper(entry):
    (entry / "README.md").unlink()


def spoil_link(entry):
    (entry / "passwd").symlink_to("/etc/passwd")


def spoil_name(entry):
    (entry / ".hidden").write_text("x")


def spoil_toml(entry):
    (entry / "entry.toml").write_text("title = 1\n")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (spoil_hash, "entry.toml says"),
        (spoil_paper, "README.md is missing"),
        (spoil_link, "is a symbolic link"),
        (spoil_name, "'.hidden': names have letters"),
        (spoil_toml, "entry.toml: title"),
    ],
)
def test_what_is_not_whole_is_not_handed_in(mine, spoil, why):
    spoil(mine)
    with pytest.raises(UsageError, match=why):
        hand_in(mine)


def test_what_an_organiser_will_ask_about_is_said(tmp_path):
    write(tmp_path, entry_files("mine"))
    mine = tmp_path / "entries" / "mine"

    def warnings():
        return " ".join(check_entry(mine)[2])

    assert "has no verdict.json" in warnings()
    write_verdict(mine / "verdict.json", verdict_by_hand("mine", standing=Validity.INVALID, depth="quick"))
    assert "verdict is invalid (R02 size)" in warnings()
    assert "of a quick look" in warnings()
    write_verdict(mine / "verdict.json", verdict_by_hand("mine", scores=(1.0, 1.1)))
    assert "of other artifacts" in warnings()
    (mine / "verdict.json").write_text(json.dumps({"standing": "valid"}))
    assert "is no verdict" in warnings()
    write_verdict(mine / "verdict.json", verdict_by_hand("mine"))
    assert warnings() == ""


@pytest.mark.parametrize(
    "url",
    ["https://github.com/owner/game.git", "https://github.com/owner/game", "git@github.com:owner/game.git"],
)
def test_the_next_step_is_an_address_on_github(mine, game, url):
    home = mine.parents[1]
    git(home, "config", f"url.{game.remote}.insteadOf", url)
    git(home, "remote", "set-url", "origin", url)
    assert hand_in(mine).next_step.endswith("https://github.com/owner/game/pull/new/entry/mine")


def test_outside_a_repository_it_says_so(tmp_path):
    write(tmp_path, entry_files("mine"))
    with pytest.raises(UsageError, match="no git repository"):
        push_entry(tmp_path / "entries" / "mine", Path("/"), remote="origin")
