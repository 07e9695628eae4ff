"""The judge on the collection of cheats and honest near-misses: who is caught by what, who passes, how long it takes.

    python benchmarks/collection.py [--only NAME ...] [--processes 2] [--collection FOLDER]

Prints a table in Markdown and exits 1 if a cheat was missed, caught by another rule only, or an honest entry failed.
Another collection of the same layout (collection.py beside cheats/ and honest/) can be given.
"""

import argparse
import importlib
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from paramgolf.challenge import Challenge, load_challenge
from paramgolf.judge.measure import FULL
from paramgolf.judge.verdict import Outcome
from paramgolf.judge.verify import Terms, verify


def judged(collection: Any, case: Any, challenge: Challenge) -> dict[str, str]:
    """What fails, by rule, with measurement and evidence. R12 counts only where the case claims something."""
    with tempfile.TemporaryDirectory() as folder:
        terms = Terms(
            challenge=challenge,
            documents=collection.TEXTS,
            depth=FULL,
            threads=1,
            fresh=collection.FRESH,
        )
        verdict = verify(collection.as_entry(case, Path(folder), challenge.name), terms)
    failed = [f for f in verdict.findings if f.outcome is Outcome.FAIL and (f.rule != "R12" or case.claims)]
    return {f.rule: f"{f.measured}: {f.evidence}" for f in failed}


def _judge_named(folder: str, kind: str, name: str) -> tuple[str, str, list[str], dict[str, str], float]:
    sys.path.insert(0, folder)
    collection = importlib.import_module("collection")
    case = next(case for case in getattr(collection, kind)() if case.name == name)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(collection.CHALLENGE_TOML)
        file.flush()
        challenge = load_challenge(file.name)
    start = time.monotonic()
    failed = judged(collection, case, challenge)
    return kind, name, sorted(case.rules), failed, time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--collection", default=str(Path(__file__).parents[1] / "tests" / "judge"))
    parser.add_argument("--why", action="store_true", help="print the evidence of each failure")
    options = parser.parse_args()
    sys.path.insert(0, options.collection)
    collection = importlib.import_module("collection")
    jobs = [
        (options.collection, kind, case.name)
        for kind in ("cheats", "harmless", "honest")
        for case in getattr(collection, kind)()
        if not options.only or case.name in options.only
    ]
    wrong = 0
    print("| entry | kind | should fail | failed | as it should | s |\n|---|---|---|---|---|--:|")
    with ProcessPoolExecutor(options.processes) as pool:
        for kind, name, rules, failed, seconds in pool.map(_judge_named, *zip(*jobs, strict=True)):
            right = bool(set(rules) & set(failed)) if kind == "cheats" else not failed
            wrong += not right
            shown = ", ".join(sorted(failed)) or "none"
            expected = ", ".join(rules) or "none"
            print(
                f"| {name} | {kind} | {expected} | {shown} | {'yes' if right else '**NO**'} | {seconds:.1f} |",
                flush=True,
            )
            if options.why or not right:
                for rule, why in failed.items():
                    print(f"    {rule}: {why[:400]}", flush=True)
    print(f"\n{len(jobs)} entries, {wrong} judged wrongly")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
