"""What a ledger of many entries costs: filling it, settling one verdict more, checking, and what git grows by.

    python benchmarks/ledger.py [--entries 2000] [--rounds 5] [--folder FOLDER]

Every entry has an artifact a seed (a few bytes, since only their number matters), a write-up of 4 kB and a whole
verdict of 3 seeds and 17 rules. Each is handed in, then judged; every second one is a record entry near the standing
record. One verdict more is settled with what the ranking before kept, and without it, in turns; the seconds are those
of `paramgolf board judge` after the verdict: open, settle, and place the entry. What git grows by is the size of the
new objects, loose and compressed as one push brings them, and of all objects before and after `git gc`.
"""

import argparse
import hashlib
import random
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paramgolf.board.check import check
from paramgolf.board.intake.intake import add_verdict
from paramgolf.board.ledger.entry_papers import Curve, EntryPapers, papers_json
from paramgolf.board.ledger.events import StoredFile, Submitted
from paramgolf.board.ledger.ledger import RANKING_CACHE, Ledger, now
from paramgolf.board.ledger.store import Store
from paramgolf.board.ranking.ranking import read_places, read_standings, settle
from paramgolf.challenge import load_challenge
from paramgolf.judge.verdict import Finding, Outcome, SeedScore, Validity, Verdict

CHALLENGE = load_challenge("local")
RULES = 17
SEEDS = 3
WRITE_UP = "What is new, what it gains, and how that was measured. " * 80


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5, help="How often one verdict more is settled.")
    parser.add_argument("--folder", type=Path, help="Where the ledger is made; a temporary one by default.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "board"
        ledger = Ledger(path, create=True)
        with timed(f"handed in and judged, {options.entries} entries, {2 * options.entries} events"):
            fill(ledger, options.entries)
        with timed("settled for the first time"):
            settle(ledger)
        with timed("opened"):
            ledger = Ledger(path)
        with timed("ranked with verdicts and papers, as for the site"):
            read_standings(ledger)
        settle_more(path, options.entries, options.rounds)
        with timed("checked"):
            assert not check(path).problems
        print_growth(path, options.entries + 2 * options.rounds)


def settle_more(path: Path, entries: int, rounds: int) -> None:
    """Settle one verdict more, in turns with what the ranking before kept and without it."""
    seconds: dict[str, list[float]] = {"from scratch": [], "with what was kept": []}
    for number in range(2 * rounds):
        hand_in(Ledger(path), entries + number, random.Random(number))
        how = list(seconds)[number % 2]
        if how == "from scratch":
            (path / RANKING_CACHE).unlink(missing_ok=True)
        started = time.perf_counter()
        ledger = Ledger(path)
        settle(ledger)
        read_places(ledger)
        seconds[how].append(time.perf_counter() - started)
    for how, took in seconds.items():
        print(f"one verdict more, {how}: median {statistics.median(took):.2f} s of {sorted(took)}")


def print_growth(path: Path, number: int) -> None:
    """What a repository grows by when one entry more is handed in, judged, settled and committed."""

    def git(*words: str) -> str:
        settings = ("-c", "user.name=board", "-c", "user.email=board@example.org", "-c", "gc.auto=0")
        command = ["git", "-C", str(path), *settings, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def commit() -> None:
        git("add", "-A")
        git("commit", "-qm", "Board")

    def size() -> int:
        listed = git("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectsize:disk)")
        return sum(map(int, listed.split()))

    git("init", "-q")
    commit()
    git("gc", "-q", "--prune=now")
    packed = size()
    ledger = Ledger(path)
    hand_in(ledger, number, random.Random(number))
    settle(ledger)
    commit()
    objects = [line.partition(" ") for line in git("rev-list", "--objects", "HEAD", "^HEAD~1").splitlines()]
    loose: Counter[str] = Counter()
    for name, _, file in objects:
        bytes_of = (path / ".git" / "objects" / name[:2] / name[2:]).stat().st_size
        loose[file.split("/")[0] or "commit and root"] += bytes_of
    git("gc", "-q", "--prune=now")
    parts = ", ".join(f"{part} {count:,}" for part, count in loose.items())
    print(f"git grows by {sum(loose.values()):,} bytes ({parts}), by {size() - packed:,} after gc")


def fill(ledger: Ledger, entries: int) -> None:
    rng = random.Random(0)
    for number in range(entries):
        hand_in(ledger, number, rng)


def hand_in(ledger: Ledger, number: int, rng: random.Random) -> None:
    name = f"entry-{number:05}"
    level = 1.25 - 0.0001 * number + rng.uniform(-0.004, 0.004)
    scores = {seed: level + rng.gauss(0, 0.0004) for seed in range(SEEDS)}
    ledger.append(submission(ledger.store, name, number), who="Ada", why="handed in")
    add_verdict(ledger, verdict(name, number, scores), CHALLENGE, who="the judge")


def submission(store: Store, name: str, number: int) -> Submitted:
    held = {f"seeds/{seed}/model.pyz": artifact(name, seed) for seed in range(SEEDS)}
    held["README.md"] = f"# {name}\n\n{WRITE_UP}\n".encode()
    points = tuple((n * 1.0, round(3 + 2 / (n + number % 7 + 1), 5)) for n in range(300))
    curves = tuple(
        Curve(label=f"seed {seed}", x_unit="seconds", y_unit="nats per token", points=points)
        for seed in range(SEEDS)
    )
    return Submitted(
        entry=name,
        title=name,
        authors=("Ada",),
        challenge=CHALLENGE.name,
        track="fixed",
        record=number % 2 == 0,
        parents=(f"entry-{number // 2:05}",),
        files=tuple(
            StoredFile(path=path, sha256=store.put(data), size=len(data)) for path, data in held.items()
        ),
        shown_sha256=store.put(
            papers_json(EntryPapers(curves=curves, byte_ledger=(("weights", 470_000),))).encode()
        ),
        handed_in_at=now(),
    )


def artifact(name: str, seed: int) -> bytes:
    return f"the artifact of {name}, seed {seed}".encode()


def verdict(name: str, number: int, scores: dict[int, float]) -> Verdict:

    return Verdict(
        entry=name,
        title=name,
        challenge=CHALLENGE.name,
        rules_version=CHALLENGE.rules_version,
        track="fixed",
        record=number % 2 == 0,
        standing=Validity.VALID,
        depth="full",
        findings=tuple(
            Finding(
                rule=f"R{rule:02}",
                name="a rule",
                outcome=Outcome.PASS,
                measured="0 of 400 positions differ",
                limit="0.02 nats at a position, 0.0008 in the mean",
                evidence="400 positions drawn by a secret that was made after the entry was handed in",
                seed=seed,
            )
            for seed in scores
            for rule in range(1, RULES + 1)
        ),
        scores=tuple(
            SeedScore(
                seed=seed,
                artifact_sha256=hashlib.sha256(artifact(name, seed)).hexdigest(),
                artifact_bytes=499_000,
                bits_per_byte=score,
                bits=score * 1e6,
                text_bytes=1_000_000,
                score_seconds=9.0,
            )
            for seed, score in scores.items()
        ),
        documents_sha256="d" * 64,
        environment={},
        judged_at=now(),
        seconds=60.0,
    )


@contextmanager
def timed(what: str) -> Iterator[None]:
    started, used = time.perf_counter(), time.process_time()
    yield
    wall, processor = time.perf_counter() - started, time.process_time() - used
    print(f"{what}: {wall:.2f} s, {processor:.2f} s of them on the processor", flush=True)


if __name__ == "__main__":
    main()
