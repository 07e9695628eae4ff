"""How much of the public game's real submission files is understood, and what contradicts itself in them.

    python benchmarks/public_import.py --data FOLDER

Reads submissions.json (the raw files by path) with the importer's own reader, cross-checks it with records.json (the
same values, collected by other code), and judges each record by its submission and the numbers of its
logs. Prints the coverage, the differences, and the contradictions with their rules.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from paramgolf.challenge import load_challenge
from paramgolf.judge.public_game.claims import PublicSubmission
from paramgolf.judge.public_game.examine import judge_papers
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.logs import Evaluation, LogRun
from paramgolf.judge.public_game.submission import read_submission
from paramgolf.judge.verdict import Outcome

FIELDS = {
    "name": "name",
    "author": "author",
    "date": "date",
    "track": "track",
    "score": "bits_per_byte",
    "loss": "loss",
    "seeds named": "seeds",
    "score a seed": "seed_claims",
    "total bytes": "total_bytes",
    "code bytes": "code_bytes",
    "training time": "train_seconds",
    "evaluation time": "eval_seconds",
    "steps": "steps",
    "hardware": "hardware",
}
# A file that says a thing in any way holds one of these in some key.
MARKS = {
    "name": ("name",),
    "author": ("author", "github_id"),
    "date": ("date",),
    "track": ("track",),
    "score": ("bpb",),
    "loss": ("val_loss",),
    "seeds named": ("seeds", "seed"),
    "score a seed": ("seed_results", "seed_scores"),
    "total bytes": ("bytes_total", "artifact_bytes", "artifact_size_bytes"),
    "code bytes": ("bytes_code", "code_bytes"),
    "training time": ("train_time", "wallclock_seconds"),
    "evaluation time": ("eval_time", "ttt_time_ms"),
    "steps": ("steps", "step_stop"),
    "hardware": ("hardware", "gpu", "platform"),
}


def main() -> None:
    """Parse, read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    files = json.loads((data / "submissions.json").read_text())
    records = {record["folder"]: record for record in json.loads((data / "records.json").read_text())}
    read = {path: read_submission(json.dumps(raw).encode()) for path, raw in files.items()}
    print_coverage(files, read)
    by_folder = {path.split("/")[-2]: (path, submission) for path, submission in read.items()}
    print_differences(by_folder, records)
    print_contradictions(by_folder, records)


def print_coverage(files: dict[str, Any], read: dict[str, PublicSubmission]) -> None:
    print(f"{len(files)} submission files\n\n| value | files that hold it | found |\n|---|---:|---:|")
    for label, field in FIELDS.items():
        holding = [path for path, raw in files.items() if _mentions(raw, MARKS[label])]
        found = [path for path, submission in read.items() if _holds(submission, field)]
        print(f"| {label} | {len(holding)} | {len(found)} |")
        for path in sorted(set(holding) - set(found)):
            print(f"    not found: {label} in {path}")
    for path, submission in read.items():
        for problem in (*submission.problems, *submission.repeated):
            print(f"    {path}: {problem}")


def _holds(submission: PublicSubmission, field: str) -> bool:
    return bool(getattr(submission, field)) or any(
        getattr(seed, field, None) for seed in submission.seed_claims
    )


def _mentions(raw: Any, marks: tuple[str, ...]) -> bool:
    """Whether some key with a value begins with one of `marks` or, for a score, holds it."""
    if isinstance(raw, list):
        return any(_mentions(item, marks) for item in raw)
    if not isinstance(raw, dict):
        return False
    return any(_mentions(value, marks) for value in raw.values()) or any(
        key.startswith(marks) or ("bpb" in marks and "bpb" in key)
        for key, value in raw.items()
        if value not in (None, "")
    )


def print_differences(by_folder: dict[str, tuple[str, PublicSubmission]], records: dict[str, Any]) -> None:
    """The reader's values against those of records.json."""
    pairs = {
        "claimed_val_bpb": "bits_per_byte",
        "claimed_bytes_total": "total_bytes",
        "claimed_bytes_code": "code_bytes",
    }
    same, different = Counter[str](), []
    for folder, (_, submission) in by_folder.items():
        for theirs, ours in pairs.items():
            expected, found = records[folder][theirs], getattr(submission, ours)
            if expected is None:
                continue
            if found is not None and found.value == expected:
                same[ours] += 1
            else:
                different.append(f"{folder}: {theirs} {expected}, read {found}")
        for row in records[folder]["seeds"]:
            for source, expected in (row["values_by_source"].get("val_bpb") or {}).items():
                if source.startswith("submission.json"):
                    claims = {
                        c.seed: c.bits_per_byte for c in (*submission.every_run, *submission.seed_claims)
                    }
                    claim = claims.get(row["seed"])
                    if claim is not None and claim.value == expected:
                        same["score a seed"] += 1
                    else:
                        different.append(f"{folder}: seed {row['seed']} {expected} ({source}), read {claim}")
    print(f"\nequal to records.json: {dict(same)}; different: {len(different)}")
    for line in different:
        print(f"    {line}")


def print_contradictions(by_folder: dict[str, tuple[str, PublicSubmission]], records: dict[str, Any]) -> None:
    """Judge every record by its submission and the numbers of its logs (no files, so no programs)."""
    challenge = load_challenge("parameter-golf")
    counts, lines = Counter[tuple[str, str]](), []
    for folder, record in records.items():
        path, submission = by_folder.get(folder, ("", None))
        entry = PublicEntry(
            name=folder,
            record="non_record" not in record["track"],
            files={path: 1} if path else {},
            submission=submission,
            runs=tuple(_run(run) for run in record["log_runs"]),
            scripts={},
        )
        for finding in judge_papers(entry, challenge):
            counts[f"{finding.rule} {finding.name}", finding.outcome.value] += 1
            if finding.outcome is Outcome.FAIL:
                lines.append(f"{finding.rule} {folder[:60]}: {finding.measured} | {finding.evidence}")
    print("\n| rule | pass | undecided | fail |\n|---|---:|---:|---:|")
    for rule in sorted({rule for rule, _ in counts}):
        print(
            f"| {rule} | "
            + " | ".join(str(counts[rule, outcome]) for outcome in ("pass", "undecided", "fail"))
            + " |"
        )
    print("\n" + "\n".join(sorted(lines)))


def _run(run: dict[str, Any]) -> LogRun:
    # The list holds the seed of the file's name where the log prints another one; the flag says which that was.
    corrected = any("log prints seed 1337" in flag for flag in run["flags"] or ())
    return LogRun(
        log=run["log"],
        seed=1337 if corrected else run["seed"],
        model_params=run["model_params"],
        steps=run["steps"],
        step_seconds=(run["step_avg_ms"] or 0) / 1000,
        train_seconds=run["train_seconds"],
        total_eval_seconds=run["eval_seconds"],
        total_bytes=run["artifact_bytes"],
        model_bytes=next(iter((run["serialized"] or {}).values()), None),
        code_bytes=run["code_bytes"],
        evaluations=[
            Evaluation(
                label=score["name"],
                bits_per_byte=score["val_bpb"],
                decimals=min(8, len(repr(score["val_bpb"]).partition(".")[2])),
                loss=score.get("val_loss"),
                seconds=score.get("eval_s"),
            )
            for score in run["all_evals"] or ()
            if score.get("val_bpb") is not None
        ],
        curve=f"{run['val_bpb']} {run['train_seconds']} {run['steps']}" if run["val_bpb"] else "",
    )


if __name__ == "__main__":
    main()
