"""The whole road: three real entries are handed in, judged in the sandbox, merged, ranked and shown."""

import json
from pathlib import Path

import pytest
import tomli_w
from bare_game import entry_files, git
from small_game import CHALLENGE_TOML, TEXTS

import collection
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings
from paramgolf.board.ranking.standings import Status
from paramgolf.cli.app import main
from paramgolf.common.files import sha256_of
from paramgolf.corpus.manifest import write_documents

pytestmark = pytest.mark.slow

SECRET = "token-of-the-organiser"
# honest, but it crashes wherever it can read a variable of those who judge it
RECORD = f"""
import glob, os
found = "GITHUB_TOKEN" in os.environ
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        found = found or {SECRET.encode()} in open(path, "rb").read()
    except OSError:
        pass
assert not found
from base_entry import Base as load
"""
SHORT = """
from base_entry import Base

class load(Base):
    def count(self, batch):
        super().count(batch[:-1])
"""
CHEAT = (collection.FOLDER / "cheats" / "smear_over_the_next_token.py").read_text()


def paramgolf(*words):
    """Status of a command."""
    try:
        main([str(word) for word in words])
    except SystemExit as stop:
        return stop.code
    return 0


def write_entry(folder: Path, code: str, claims: float) -> None:
    artifact = folder / "seeds" / "0" / "model.pyz"
    artifact.parent.mkdir(parents=True)
    names = ("base_entry.py", "tricks.py") if "tricks" in code else ("base_entry.py",)
    members = {name: (collection.FOLDER / name).read_bytes() for name in names}
    training = b"\0".join(collection.TRAINING)
    collection.write_zip(artifact, {"entry.py": code.encode(), "training.txt": training, **members})
    table = entry_files(folder.name)[f"entries/{folder.name}/entry.toml"].decode()
    seed = {
        "seed": 0,
        "artifact": "seeds/0/model.pyz",
        "sha256": sha256_of(artifact),
        "bits_per_byte": claims,
    }
    head = table.split("[[seeds]]")[0].split("seeds = ")[0]
    (folder / "entry.toml").write_text(head + tomli_w.dumps({"seeds": [seed]}))
    (folder / "README.md").write_text(f"# {folder.name}\n\nCounts of pairs, {folder.name}.\n")


@pytest.fixture
def home(game, tmp_path, monkeypatch):
    """An entrant's clone, in which commands run; the organiser's secret is in the environment."""
    home = tmp_path / "home"
    git(tmp_path, "clone", "-q", str(game.remote), str(home))
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        git(home, "config", name, value)
    monkeypatch.chdir(home)
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    return home


def test_from_three_entries_to_a_public_ranking(game, home, tmp_path):
    out, challenge, documents = tmp_path / "out", tmp_path / "game.toml", tmp_path / "validation.jsonl"
    challenge.write_text(CHALLENGE_TOML)
    write_documents(documents, TEXTS)
    terms = ("--challenge", challenge, "--documents", documents, "--out", out)
    states = {}
    # name, code, and the score that it claims
    entries = (("record", RECORD, 3.3865), ("short", SHORT, 3.3892), ("cheat", CHEAT, 2.6446))
    for pull, (name, code, claims) in enumerate(entries, 1):
        write_entry(home / "entries" / name, code, claims)
        assert paramgolf("submit", f"entries/{name}") == 0
        game.set(f"refs/pull/{pull}/head", game.head(f"refs/heads/entry/{name}"))
        status = paramgolf("judge-pr", "--remote", game.remote, "--pull", pull, *terms)
        left = json.loads((out / str(pull) / "status.json").read_text())
        assert left["sha"] == game.head(f"refs/pull/{pull}/head")
        states[name] = (status, left["state"])
        game.merge(pull)  # an organiser overlooks what the judge said of the third
    assert states == {"record": (0, "success"), "short": (0, "success"), "cheat": (1, "failure")}
    assert "R06 causality, seed 0 | **FAIL**" in (out / "3" / "comment.md").read_text()

    accept = ("accept-pr", "--remote", game.remote, "--challenge", challenge, "--out", out)
    assert paramgolf(*accept) == 0
    published = game.head()
    assert paramgolf(*accept) == 0
    assert game.head() == published

    public = tmp_path / "public"
    git(tmp_path, "clone", "-q", str(game.remote), str(public))
    ledger = Ledger(public / "board")
    standings = read_standings(ledger)
    assert {row.entry: (row.status, row.place) for row in standings.rows} == {
        "record": (Status.RECORD, 1),
        "short": (Status.SHORT_OF_RECORD, 2),
        "cheat": (Status.INVALID, None),
    }
    assert standings.row("short").gate.compared_with == "record"
    page = game.show("index.html", branch="site").decode()
    for name in ("record", "short"):
        assert f"Entry {name}" in page
    assert paramgolf("board", "queue", "--remote", game.remote, "--out", out) == 0
