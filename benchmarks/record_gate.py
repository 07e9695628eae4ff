"""The public game's quoted p-values beside ours, its history through our gate, and how rare false records are.

    python benchmarks/record_gate.py --data FOLDER

Needs leaderboard.json, records.json and submissions.json of the public game. Takes seconds.
"""

import argparse
import json
import re
import statistics
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from scipy import stats

from paramgolf.challenge import BITS_PER_BYTE, load_challenge
from paramgolf.judge.significance import more_seeds, welch_power, welch_test

GAME = load_challenge("parameter-golf")
MARGIN = BITS_PER_BYTE.margin(GAME)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Seeds, mean and deviation (n - 1) of one entry, and where they are from."""

    source: str
    count: int
    mean: float
    deviation: float
    scores: tuple[float, ...] = ()


# not among the seeds in the data: what the public pull requests state
STATED = {
    1529: Sample(source="stated mean and deviation", count=3, mean=1.07578747, deviation=0.0007),
    1855: Sample(source="3 seeds and 3 reproductions", count=6, mean=1.060755, deviation=0.000933),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    rows, records, submissions = (
        json.loads((folder / f"{name}.json").read_text())
        for name in ("leaderboard", "records", "submissions")
    )
    by_folder = {record["folder"]: record for record in records}
    console = Console(width=150, highlight=False)
    console.print(quoted_in_the_table(rows, by_folder, submissions))
    console.print(quoted_in_submissions(by_folder))
    show_history(rows, by_folder, console)
    show_reruns(by_folder, console)
    console.print(false_records())


def sample_of(source: str, scores: list[float]) -> Sample:
    return Sample(
        source=source,
        count=len(scores),
        mean=statistics.mean(scores),
        deviation=statistics.stdev(scores),
        scores=tuple(scores),
    )


def variants(entry: Sample, record: Sample) -> dict[str, float]:
    """p by each test that someone might have meant."""
    ours, theirs = ((s.mean, s.deviation, s.count) for s in (entry, record))
    shifted = (theirs[0] - MARGIN, *theirs[1:])
    two = stats.ttest_ind_from_stats
    to_one_mean = (theirs[0] - ours[0]) / (ours[1] / ours[2] ** 0.5)
    return {
        "Welch, margin": two(*shifted, *ours, equal_var=False, alternative="greater").pvalue,
        "Welch": two(*theirs, *ours, equal_var=False, alternative="greater").pvalue,
        "Welch, two-sided": two(*theirs, *ours, equal_var=False).pvalue,
        "Student": two(*theirs, *ours, equal_var=True, alternative="greater").pvalue,
        "one-sample": stats.t.sf(to_one_mean, ours[2] - 1),
    }


def quoted_in_the_table(rows: list[Any], by_folder: dict[str, Any], submissions: dict[str, Any]) -> Table:
    table = Table(title="p-values that the public table quotes; * rounds to the quoted one")
    table.add_column("entry")
    table.add_column("against")
    table.add_column("scores of the entry")
    for name in ("quoted", *variants(STATED[1529], STATED[1529])):
        table.add_column(name, justify="right")
    for row in rows:
        for claim in row["p_value_claims"]:
            versus = claim["versus"] or re.search(r"beats (#\d+)", row["summary"])[1]
            record = opponent(versus, rows, by_folder)
            for entry in candidates(row, by_folder, submissions):
                quoted = f"{claim['p']:.3f}"
                p_values = [
                    f"{p:.3g}" + ("*" if f"{p:.3f}" == quoted else "")
                    for p in variants(entry, record).values()
                ]
                name = f"#{row['pr_number']}"
                table.add_row(name, f"{versus} ({record.source})", entry.source, quoted, *p_values)
    return table


def candidates(row: dict[str, Any], by_folder: dict[str, Any], submissions: dict[str, Any]) -> list[Sample]:
    """What may stand for an entry: the seeds that it declares, all that are known, what was stated elsewhere."""
    found = []
    if row["folder"]:
        known = {seed["seed"]: seed["val_bpb"] for seed in by_folder[row["folder"]]["seeds"]}
        found.append(sample_of(f"all {len(known)} seeds known", list(known.values())))
        paper = next(paper for path, paper in submissions.items() if f"/{row['folder']}/" in path)
        declared = {int(seed) for seed in paper["seeds"]} if "seeds" in paper else set(known)
        if declared != set(known):
            chosen = [score for seed, score in known.items() if seed in declared]
            found.append(sample_of(f"the {len(chosen)} declared of {len(known)}", chosen))
    if row["pr_number"] in STATED:
        found.append(STATED[row["pr_number"]])
    return found


def opponent(versus: str, rows: list[Any], by_folder: dict[str, Any]) -> Sample:
    number = int(re.search(r"#(\d+)", versus)[1])
    if "rerun" in versus:
        support = next(
            row["support_folder"]
            for row in rows
            if number in row["prs_mentioned"] and "support_folder" in row
        )
        runs = [run["val_bpb"] for run in by_folder[support]["log_runs"] if "rerun" in run["log"]]
        return sample_of(f"{len(runs)} reruns", runs)
    folder = next(row["folder"] for row in rows if row["pr_number"] == number)
    return sample_of("its seeds", [seed["val_bpb"] for seed in by_folder[folder]["seeds"]])


def quoted_in_submissions(by_folder: dict[str, Any]) -> Table:
    """Three submission files quote a statistic of their own; each is tried against what it may have meant."""
    baseline = by_folder["2026-03-17_NaiveBaseline"]["seeds"][0]["val_loss"]
    table = Table(title="Statistics that submission files quote")
    for name in ("entry", "quoted", "reproduced as", "t", "degrees", "p, one-sided", "p, two-sided"):
        table.add_column(name)
    for folder, quoted in (
        ("2026-03-19_MLP3x_QAT_Int6_SlidingWindow", "t = 313.2, p < 0.001"),
        ("2026-03-19_SlidingWindow_FP16Emb_10L_MuonWD_OvertoneInit", "p = 0.0001"),
    ):
        losses = [seed["val_loss"] for seed in by_folder[folder]["seeds"]]
        for label, against in (("baseline's one run", baseline), ("that, less 0.005", baseline - 0.005)):
            one = stats.ttest_1samp(losses, against, alternative="less")
            both = stats.ttest_1samp(losses, against)
            how = f"one-sample, nats a token, against the {label}"
            table.add_row(
                folder[11:40],
                quoted,
                how,
                f"{-one.statistic:.1f}",
                "2",
                f"{one.pvalue:.2g}",
                f"{both.pvalue:.2g}",
            )
    ours, theirs = (
        [seed["val_loss"] for seed in by_folder[folder]["seeds"]]
        for folder in (
            "2026-03-25_ValCalib_GPTQ_XSA_BigramHash3072",
            "2026-03-23_LeakyReLU_LegalTTT_ParallelMuon",
        )
    )
    for label, margin in (("no margin", 0.0), ("0.005 nats", 0.005)):
        test = welch_test(ours, theirs, margin=margin)
        p, two_sided = f"{test.p_value:.2g}", f"{2 * test.p_value:.2g}"
        how = f"Welch, nats a token, {label}"
        quoted = "t = -11.83, 3.31 degrees"
        table.add_row(
            "#1019 against #549", quoted, how, f"{test.t:.2f}", f"{test.degrees_of_freedom:.2f}", p, two_sided
        )
    return table


def show_history(rows: list[Any], by_folder: dict[str, Any], console: Console) -> None:
    """Each row of the record table against the row below it, where both have at least 3 known seeds."""
    kept = [row for row in rows if row["section"] == "Leaderboard"]
    pairs = passed = significant = loose = above = shared = decidable = decidable_both = 0
    for entry, record in pairwise(kept):
        seeds = [
            {seed["seed"]: seed["val_bpb"] for seed in by_folder[row["folder"]]["seeds"]}
            if row["folder"]
            else {}
            for row in (entry, record)
        ]
        if min(map(len, seeds)) < GAME.minimum_seeds:
            continue
        ours, theirs = (list(side.values()) for side in seeds)
        test, plain = (welch_test(ours, theirs, margin=margin) for margin in (MARGIN, 0.0))
        pairs += 1
        above += test.gain > MARGIN
        is_record = test.gain > MARGIN and test.p_value < GAME.significance_level
        passed += is_record
        significant += plain.p_value < GAME.significance_level
        loose += plain.p_value < 0.25
        shared += bool(seeds[0].keys() & seeds[1].keys())
        if test.gain > MARGIN and not is_record:
            common = {"margin": MARGIN, "significance_level": GAME.significance_level}
            decidable += more_seeds(ours, theirs, **common) is not None
            decidable_both += more_seeds(ours, theirs, both_sides=True, **common) is not None
    console.print(
        f"\n{len(kept)} rows; {pairs} neighbours with {GAME.minimum_seeds} known seeds on both sides\n"
        f"  gain above the margin            {above}\n"
        f"  ... and p < 0.01: our gate       {passed}\n"
        f"  ... else, decidable by seeds of the entry alone {decidable}, of both {decidable_both}\n"
        f"  p < 0.01 without the margin      {significant}\n"
        f"  p < 0.25 without the margin      {loose}\n"
        f"  share a seed number              {shared}\n"
    )


def show_reruns(by_folder: dict[str, Any], console: Console) -> None:
    """One entry whose three seeds were trained twice: how much of the spread is the seed's own?"""
    first: dict[int, float] = {}
    again: dict[int, float] = {}
    for run in by_folder["2026-04-29_SmearGateBOSFix_3Seed_1.06141"]["log_runs"]:
        (again if "rerun" in run["log"] else first)[run["seed"]] = run["val_bpb"]
    seeds = sorted(first)
    within = statistics.fmean((first[seed] - again[seed]) ** 2 / 2 for seed in seeds) ** 0.5
    between = statistics.stdev((first[seed] + again[seed]) / 2 for seed in seeds)
    correlation = statistics.correlation([first[s] for s in seeds], [again[s] for s in seeds])
    console.print(
        f"{len(seeds)} seeds trained twice (#1851, #1868): deviation within a seed {within:.5f}, between seeds "
        f"{between:.5f}, correlation {correlation:.2f}\n"
    )


def false_records() -> Table:
    """How often the gate is passed by an entry whose true gain is just the margin."""
    table = Table(title="False records at the margin, of 100 (1 is the stated level)")
    table.add_column("seeds, entry and record")
    ratios = (0.2, 0.5, 1, 2, 5)
    for ratio in ratios:
        table.add_column(f"noise x {ratio:g}", justify="right")
    for seeds in ((3, 3), (5, 3), (10, 3), (3, 10), (5, 5), (10, 10)):
        rates = (
            welch_power(0.0, deviations=(ratio, 1), seeds=seeds, significance_level=GAME.significance_level)
            for ratio in ratios
        )
        table.add_row(f"{seeds[0]} and {seeds[1]}", *(f"{100 * float(rate):.2f}" for rate in rates))
    table.caption = "noise: the entry's deviation over the record's"
    return table


if __name__ == "__main__":
    main()
