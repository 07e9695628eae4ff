"""Feed mutated bytes to every reader of untrusted input; only errors of the project's own tree may come back.

    python benchmarks/fuzz.py [--frames 1000000] [--artifacts 200000] [--others 20000] [--seconds N]
    python benchmarks/fuzz.py --atheris --seconds 30      # guided by coverage; needs the extra `fuzz`

Input number i of a target follows from the seed, so that a crash, a hang over 5 s or an error outside the tree is
written to --out whatever became of the process, and the exit status is 1. Each process may take 2 GiB of addresses
more than it starts with; descriptors and memory are compared between the end and the first fiftieth.
"""

import argparse
import gc
import importlib
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz_inputs import Target, mutate, run
from fuzz_targets import TARGETS

SLOWEST = 5.0
ADDRESSES = 2 << 30
LEAKED_BYTES = 64 << 20
GUIDED = ("paramgolf", "zipfile", "tomllib", "fuzz_inputs", "fuzz_targets")
GUIDED += ("fuzz_artifacts", "fuzz_board", "fuzz_entries", "fuzz_files", "fuzz_public")
_FORK = multiprocessing.get_context("fork")


@dataclass(kw_only=True)
class Report:
    """What one process saw. Times in seconds; descriptors and bytes after the warm-up and at the end."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    slowest: float = 0.0
    descriptors: tuple[int, int] = (0, 0)
    resident: tuple[int, int] = (0, 0)
    problem: str = ""
    index: int = -1


def main() -> None:
    """Parse, fuzz each target, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--artifacts", type=int, default=200_000)
    parser.add_argument("--others", type=int, default=20_000, help="inputs for each of the other targets")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="at most this long for each target"
    )
    parser.add_argument("--only", choices=TARGETS, action="append", help="this target; may be repeated")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"))
    options = parser.parse_args()
    failed = False
    if not options.atheris:
        print(
            "| target | inputs | a second | slowest ms | outcomes | descriptors | MiB |\n|---|--:|--:|--:|---|---|---|"
        )
    names = options.only or [name for name in TARGETS if TARGETS[name].guided or not options.atheris]
    for name in names:
        with tempfile.TemporaryDirectory(dir=_memory_backed()) as folder:
            fuzz = fuzz_guided if options.atheris else fuzz_target
            failed |= fuzz(name, options, Path(folder))
    sys.exit(1 if failed else 0)


def _memory_backed() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def fuzz_target(name: str, options: argparse.Namespace, folder: Path) -> bool:
    """All inputs of one target, in processes of their own; whether any of them showed a defect."""
    target = TARGETS[name]
    count = getattr(options, target.group)
    current = _FORK.RawArray("q", options.workers)
    processes: list[tuple[Any, Connection]] = []
    for worker in range(options.workers):
        (folder / str(worker)).mkdir()
        here, there = _FORK.Pipe(duplex=False)
        indices = range(worker, count, options.workers)
        process = _FORK.Process(
            target=_work, args=(name, indices, options, folder / str(worker), current, worker, there)
        )
        process.start()
        there.close()
        processes.append((process, here))
    reports = [_follow(process, pipe, current, i) for i, (process, pipe) in enumerate(processes)]
    _print(name, reports)
    for report in reports:
        if report.problem:
            _keep(name, report, options)
    return any(report.problem for report in reports)


def _input(name: str, target: Target, seeds: Any, seed: int, index: int) -> bytes:
    return mutate(random.Random(f"{seed}/{name}/{index}"), seeds, target.words)


def _work(
    name: str, indices: range, options: Any, folder: Path, current: Any, worker: int, pipe: Connection
) -> None:
    target, report = TARGETS[name], Report()
    seeds = target.seeds()
    resource.setrlimit(resource.RLIMIT_AS, (_addresses() + ADDRESSES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warm, before = max(1, len(indices) // 50), (0, 0)
    started = time.perf_counter()
    for done, index in enumerate(indices):
        if done == warm:
            before = _held()
        data = _input(name, target, seeds, options.seed, index)
        current[worker] = index + 1
        begun = time.perf_counter()
        try:
            report.outcomes[run(target, folder, data)] += 1
        except BaseException:
            report.problem, report.index = traceback.format_exc(), index
            break
        now = time.perf_counter()
        report.slowest = max(report.slowest, now - begun)
        if now - started > options.seconds:
            break
    report.seconds = time.perf_counter() - started
    gc.collect()
    report.descriptors, report.resident = zip(before, _held(), strict=True)
    if before != (0, 0) and not report.problem:
        report.problem = _leak(report)
    pipe.send(report)


def _leak(report: Report) -> str:
    (first, last), (small, large) = report.descriptors, report.resident
    if last > first:
        return f"{last - first} descriptors were left open"
    return f"{large - small:,} bytes were kept" if large - small > LEAKED_BYTES else ""


def _held() -> tuple[int, int]:
    """Open descriptors and resident bytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(os.listdir("/proc/self/fd")), pages * resource.getpagesize()


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _follow(process: Any, pipe: Connection, current: Any, worker: int) -> Report:
    """Wait for a process; one that dies or stays at an input too long is a finding of its own."""
    last, since = current[worker], time.monotonic()
    while not pipe.poll(0.1):
        if current[worker] != last or not last:
            last, since = current[worker], time.monotonic()
        elif not process.is_alive() and not pipe.poll(0):
            break
        elif time.monotonic() - since > SLOWEST:
            process.kill()
            return Report(problem=f"one input took more than {SLOWEST:g} s", index=current[worker] - 1)
    try:
        report: Report = pipe.recv()
        if report.slowest > SLOWEST and not report.problem:
            report.problem = f"one input took {report.slowest:.1f} s"
    except EOFError:
        process.join()
        report = Report(problem=f"the process died: {process.exitcode}", index=current[worker] - 1)
    process.join()
    return report


def _print(name: str, reports: list[Report]) -> None:
    outcomes = sum((report.outcomes for report in reports), Counter[str]())
    rate = sum(sum(report.outcomes.values()) / report.seconds for report in reports if report.seconds)
    descriptors = "; ".join(f"{a} to {b}" for a, b in (report.descriptors for report in reports))
    resident = "; ".join(f"{a >> 20} to {b >> 20}" for a, b in (report.resident for report in reports))
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in outcomes.most_common())
    slowest = 1000 * max(report.slowest for report in reports)
    cells = (name, f"{outcomes.total():,}", f"{rate:,.0f}", f"{slowest:.0f}", kinds, descriptors, resident)
    print(f"| {' | '.join(cells)} |", flush=True)


def _keep(name: str, report: Report, options: argparse.Namespace) -> None:
    """Write the input that showed a defect, and say what it was."""
    print(f"{name}: {report.problem}", file=sys.stderr)
    if report.index < 0:
        return
    target = TARGETS[name]
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{name.replace(' ', '_')}-{options.seed}-{report.index}"
    path.write_bytes(_input(name, target, target.seeds(), options.seed, report.index))
    print(f"{name}: the input is in {path}", file=sys.stderr)


def fuzz_guided(name: str, options: argparse.Namespace, folder: Path) -> bool:
    """Coverage-guided: libFuzzer ends its process, so each target has one; whether it showed a defect."""
    process = _FORK.Process(target=_guided, args=(name, options, folder))
    process.start()
    process.join()
    print(f"{name}: exit status {process.exitcode}", flush=True)
    return process.exitcode != 0


def _guided(name: str, options: argparse.Namespace, folder: Path) -> None:
    import atheris

    # Imported once more, so that their branches are seen; all that is loaded would take minutes.
    for module in [module for module in sys.modules if module.partition(".")[0] in GUIDED]:
        del sys.modules[module]
    with atheris.instrument_imports(include=list(GUIDED)):
        target = importlib.import_module("fuzz_targets").TARGETS[name]
        feed = importlib.import_module("fuzz_inputs").run
    corpus, work = folder / "corpus", folder / "work"
    corpus.mkdir()
    work.mkdir()
    for i, data in enumerate(target.seeds()):
        (corpus / str(i)).write_bytes(data)
    options.out.mkdir(parents=True, exist_ok=True)
    limits = [f"-timeout={SLOWEST:.0f}", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1"]
    if options.seconds < float("inf"):
        limits.append(f"-max_total_time={options.seconds:.0f}")
    else:
        limits.append(f"-runs={getattr(options, target.group)}")
    atheris.Setup(
        [
            "fuzz",
            *limits,
            f"-seed={options.seed}",
            f"-artifact_prefix={options.out}/{name.replace(' ', '_')}-",
            str(corpus),
        ],
        lambda data: feed(target, work, data) and None,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
