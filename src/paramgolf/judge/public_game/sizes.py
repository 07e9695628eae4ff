"""R02 on paper: bytes declared, bytes logged and bytes of the files against each other and against the cap."""

from paramgolf.challenge import Challenge
from paramgolf.common.printable import quoted
from paramgolf.judge.public_game.answers import listed
from paramgolf.judge.public_game.folder import PublicEntry
from paramgolf.judge.public_game.runs import counted_runs
from paramgolf.judge.public_game.scripts import needed_files
from paramgolf.judge.rules.size import RULE as SIZE
from paramgolf.judge.verdict import Finding, Outcome

MEND = "Make it fit with everything that the evaluation needs, and state the bytes of the files as they are."
# The data and its tokenizer are given by the game; what is only named is no part of the artifact.
NOT_COUNTED = (".log", ".txt", ".md", ".json", ".sh", ".png", ".model", ".vocab", ".tsv", ".csv")


def judge_sizes(entry: PublicEntry, challenge: Challenge) -> list[Finding]:
    """Every total over the cap fails; totals that differ, and are all under it, are stated and left open."""
    cap = challenge.artifact_bytes
    limit = f"{cap:,} bytes, decimal, code included"
    totals = _totals(entry)
    if not totals:
        return [
            SIZE(Outcome.UNDECIDED, "no size", limit, "Neither the submission nor a log states one.", MEND)
        ]
    over = {source: size for source, size in totals.items() if size > cap}
    by_files = [source for source in totals if source.startswith("files")]
    if over and (not by_files or set(by_files) & set(over) or not _packed(entry)):
        return [
            SIZE(
                Outcome.FAIL,
                f"{max(over.values()):,} bytes, {max(over.values()) - cap:,} over",
                limit,
                _listing(totals),
                MEND,
            )
        ]
    findings = [_against_declared(entry, totals, limit), *_code(entry)]
    return [finding for finding in findings if finding] or [
        SIZE(Outcome.PASS, f"{max(totals.values()):,} bytes", limit, _listing(totals))
    ]


def _totals(entry: PublicEntry) -> dict[str, int]:
    """Each total with what states it."""
    totals: dict[str, int] = {}
    if entry.submission and (declared := entry.submission.total_bytes):
        totals[f"declared in {declared.path}"] = int(declared.value)
    for claim in entry.submission.seed_claims if entry.submission else ():
        if claim.total_bytes:
            totals[f"declared in {claim.total_bytes.path}"] = int(claim.total_bytes.value)
    runs = counted_runs(entry)
    for run in runs:
        if run.total_bytes is not None:
            totals[f"logged in {quoted(run.log)}"] = run.total_bytes
    models = [run.model_bytes for run in runs if run.model_bytes is not None and run.total_bytes is not None]
    if models and (code := _code_by_files(entry)) is not None:
        size, names = code
        totals[f"files: the largest logged model, {max(models):,}, and {listed(names)}"] = max(models) + size
    return totals


def _code_by_files(entry: PublicEntry) -> tuple[int, list[str]] | None:
    """Bytes of the program and of the helpers that it names, with their names."""
    main = entry.main_script
    if main is None or not main.size:
        return None
    helpers = [
        path
        for path in needed_files(main, entry.scripts, entry.files)
        if not path.endswith(NOT_COUNTED) and "prepare" not in path and "download" not in path
    ]
    names = [f"{quoted(main.path)} {main.size:,}"] + [
        f"{quoted(path)} {entry.files[path]:,}" for path in helpers
    ]
    return main.size + sum(entry.files[path] for path in helpers), names


def _packed(entry: PublicEntry) -> bool:
    """A packed program ships fewer bytes than its log counted, where the run was made from the plain one."""
    return entry.main_script is not None and entry.main_script.layers > 0


def _against_declared(entry: PublicEntry, totals: dict[str, int], limit: str) -> Finding | None:
    """The declared total must be what a log or the files give, or more."""
    declared = entry.submission.total_bytes if entry.submission else None
    others = {source: size for source, size in totals.items() if not source.startswith("declared")}
    if declared is None or not others or int(declared.value) in others.values():
        return None
    if int(declared.value) >= max(others.values()):
        return None
    return SIZE(
        Outcome.UNDECIDED,
        f"declared {int(declared.value):,} bytes, by logs and files up to {max(others.values()):,}",
        limit,
        f"All are under the cap, so nothing was gained. {_listing(totals)}",
        "State the bytes of the largest artifact, and log the program that is in the folder.",
    )


def _code(entry: PublicEntry) -> list[Finding]:
    """Declared code bytes against the program on disk."""
    declared = entry.submission.code_bytes if entry.submission else None
    main = entry.main_script
    if declared is None or main is None or not main.size or int(declared.value) >= main.size:
        return []
    return [
        SIZE(
            Outcome.UNDECIDED,
            f"code declared {int(declared.value):,} bytes, {quoted(main.path)} has {main.size:,}",
            "the bytes of the program as it lies in the folder",
            f"declared in {declared.path}; the total with the larger one is under the cap or not known",
            "Declare the program that is in the folder, or put the one there that was run.",
        )
    ]


def _listing(totals: dict[str, int]) -> str:
    return listed(
        [f"{size:,} {source}" for source, size in sorted(totals.items(), key=lambda item: -item[1])]
    )
