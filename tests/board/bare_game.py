"""A game on a real bare repository: main with a few files, and pull requests as a host keeps them."""

import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from paramgolf.board.pulls.clone import Clone
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict

SETTINGS = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0")


def git(folder, *words, stdin=None, check=True):
    """Standard output of real git in a folder."""
    done = subprocess.run(
        ["git", "-C", str(folder), *SETTINGS, *words], input=stdin, capture_output=True, check=False
    )
    assert not check or done.returncode == 0, (words, done.stderr)
    return done.stdout.decode().strip()


@dataclass
class Game:
    """`remote` is the bare repository; commits are made by plumbing, so that hostile trees can be."""

    remote: Path

    def head(self, ref="refs/heads/main"):
        return git(self.remote, "rev-parse", ref)

    def blob(self, data):
        return git(self.remote, "hash-object", "-w", "--stdin", stdin=data)

    def commit(self, files, parent="refs/heads/main", *, modes=None, gone=(), message="a change"):
        """A commit on `parent` with these files (path -> bytes, or an object's name) besides."""
        parent = git(self.remote, "rev-parse", parent)
        lines = [f"0 {'0' * 40}\t{path}\0" for path in gone]
        for path, data in files.items():
            name = data if isinstance(data, str) else self.blob(data)
            lines.append(f"{(modes or {}).get(path, '100644')} {name}\t{path}\0")
        with tempfile.TemporaryDirectory() as private:
            index = {"GIT_INDEX_FILE": f"{private}/index", "PATH": "/usr/bin:/bin"}

            def run(*words, stdin=None):
                words = ["git", "-C", str(self.remote), *words]
                return subprocess.run(words, input=stdin, capture_output=True, check=True, env=index).stdout

            run("read-tree", parent)
            run("update-index", "-z", "--index-info", stdin="".join(lines).encode())
            tree = run("write-tree", "--missing-ok").decode().strip()
        return git(self.remote, "commit-tree", tree, "-p", parent, "-m", message)

    def set(self, ref, commit):
        git(self.remote, "update-ref", ref, commit)
        return commit

    def push(self, files, **options):
        """On main itself, as an organiser does."""
        return self.set("refs/heads/main", self.commit(files, **options))

    def pull(self, number, files, **options):
        """Open pull request `number`, or push to it."""
        return self.set(f"refs/pull/{number}/head", self.commit(files, **options))

    def merge(self, number, *, squash=False):
        """As the host's button does."""
        main, head = self.head(), self.head(f"refs/pull/{number}/head")
        tree = git(self.remote, "merge-tree", "--write-tree", main, head).splitlines()[0]
        parents = ["-p", main] if squash else ["-p", main, "-p", head]
        merged = git(self.remote, "commit-tree", tree, *parents, "-m", f"Merge pull request #{number}")
        return self.set("refs/heads/main", merged)

    def show(self, path, *, branch="main"):
        """A file of a branch, as bytes."""
        words = ["git", "-C", str(self.remote), "cat-file", "blob", f"refs/heads/{branch}:{path}"]
        return subprocess.run(words, capture_output=True, check=True).stdout

    def clone(self, folder):
        """A private clone, as the board makes one."""
        return Clone.open(folder / "repository.git", str(self.remote))


def new_game(folder):
    remote = folder / "game.git"
    git(folder, "init", "-q", "--bare", "-b", "main", str(remote))
    git(remote, "config", "uploadpack.allowFilter", "true")
    empty = git(remote, "hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    first = git(remote, "commit-tree", empty, "-m", "the game")
    game = Game(remote)
    game.set("refs/heads/main", first)
    game.push({"README.md": b"# A game\n", "src/code.py": b"pass\n"})
    return game


def entry_files(name, *, artifact=b"an artifact", github="ada", seed=0, record=True, challenge="small-game"):
    """The files of an entry that reads well, below entries/NAME."""
    table = {
        "title": f"Entry {name}",
        "authors": [{"name": "Ada", "github": github}],
        "challenge": challenge,
        "track": "fixed",
        "record": record,
        "document_isolation": True,
        "parents": [],
        "hardware": "none",
        "licence": "MIT",
        "seeds": [
            {
                "seed": seed,
                "artifact": f"seeds/{seed}/model.pyz",
                "sha256": hashlib.sha256(artifact).hexdigest(),
                "bits_per_byte": 1.0,
            }
        ],
    }
    return {
        f"entries/{name}/entry.toml": tomli_w.dumps(table).encode(),
        f"entries/{name}/README.md": f"# {name}\n".encode(),
        f"entries/{name}/seeds/{seed}/model.pyz": artifact,
    }


def verdict_by_hand(name, *, scores=(1.0,), standing=Validity.VALID, artifact=b"an artifact", **changes):
    """A verdict as the judge gives it, without its work."""
    outcome = Outcome.FAIL if standing is Validity.INVALID else Outcome.PASS
    values = {
        "entry": name,
        "title": f"Entry {name}",
        "challenge": "small-game",
        "rules_version": 1,
        "track": "fixed",
        "record": True,
        "standing": standing,
        "depth": "full",
        "findings": (
            Finding(
                rule="R02",
                name="size",
                outcome=outcome,
                measured="11 bytes",
                limit="60,000 bytes",
                evidence="counted",
            ),
        ),
        "scores": tuple(
            SeedScore(
                seed=seed,
                artifact_sha256=hashlib.sha256(artifact + bytes(seed)).hexdigest(),
                artifact_bytes=len(artifact),
                bits_per_byte=score,
                bits=score * 1000,
                text_bytes=1000,
                score_seconds=1.0,
            )
            for seed, score in enumerate(scores)
        ),
        "documents_sha256": "0" * 64,
        "environment": {},
        "judged_at": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
    }
    return Verdict(**(values | changes))
