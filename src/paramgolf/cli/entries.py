"""Commands on entries: make one, judge it, compare it with a record, read one of the public game."""

import itertools
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from paramgolf.challenge import load_challenge
from paramgolf.cli.options import (
    AsJson,
    ChallengeOf,
    CorpusOf,
    FreshText,
    Reproduce,
    ValidationText,
)
from paramgolf.common import folders

if TYPE_CHECKING:
    from paramgolf.judge.verdict import Verdict

EntryPath = Annotated[Path, Parameter(name="ENTRY", help="An entry's folder, or a model.pyz alone.")]


new = App(name="new", help="Make an entry of finished runs.")


@new.command(name="entry")
def new_entry(
    name: Annotated[Path, Parameter(name="NAME", help="The folder to make.")],
    *,
    runs: Annotated[
        list[Path], Parameter(name="--from", help="A finished run's folder; give one for each seed.")
    ],
    title: Annotated[str | None, Parameter(help="What it is. Default: the folder's name.")] = None,
    author: Annotated[str, Parameter(help="Who made it.")] = "anonymous",
    track: Annotated[
        Literal["fixed", "adaptive"], Parameter(help="adaptive: it learns while it is scored.")
    ] = "fixed",
    record: Annotated[bool, Parameter(negative=(), help="It is to beat the standing record.")] = False,
    licence: Annotated[str, Parameter(help="Under which others may use it.")] = "MIT",
) -> None:
    """Make an entry of finished runs: entry.toml, README.md, recipe, artifacts, logs.

    ```
    paramgolf new entry entries/mine --from out/local-local-0 --from out/local-local-1 --author "Ada"
    paramgolf verify entries/mine
    ```
    """
    from paramgolf.lab.new_entry import new_entry as make
    from paramgolf.lab.reporter import Reporter

    make(name, runs, title=title or name.name, author=author, track=track, record=record, licence=licence)
    Reporter().say(f"Made {name}. Write its README.md, then: paramgolf verify {name}")


def verify(
    entry: EntryPath,
    *,
    challenge: ChallengeOf = None,
    documents: ValidationText = None,
    corpus: CorpusOf = None,
    fresh: FreshText = None,
    quick: Annotated[
        bool, Parameter(negative=(), help="A sample of the text, no proof: under a minute.")
    ] = False,
    reproduce: Reproduce = False,
    out: Annotated[
        Path | None, Parameter(help="Folder for verdict.json and verdict.html. Default: the entry's own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge an entry: size, losslessness, score, blind audit, determinism, proof, claims. Exit 0 only if valid.

    Whatever the entry holds runs in a bubblewrap sandbox, or not at all. Leaves verdict.json and verdict.html.

    ```
    paramgolf verify entries/mine
    paramgolf verify entries/mine --reproduce
    paramgolf verify out/mine/model.pyz --documents out/mine/data/validation.jsonl --quick
    ```
    """
    from paramgolf.api.games import verify_with
    from paramgolf.corpus import read_documents
    from paramgolf.judge.verdict import Validity
    from paramgolf.lab.reporter import Reporter

    verdict = verify_with(
        entry,
        challenge=challenge,
        documents=list(read_documents(documents)) if documents else None,
        corpus=corpus,
        fresh=list(read_documents(fresh)) if fresh else None,
        quick=quick,
        reproduce=reproduce,
        reporter=Reporter(to_stderr=as_json),
    )
    _leave(verdict, out or (entry if entry.is_dir() else entry.parent), as_json)
    sys.exit(0 if verdict.standing is Validity.VALID else 1)


def compare(
    entry: Annotated[
        Path, Parameter(name="ENTRY", help="An entry's folder with verdict.json, or that file.")
    ],
    record: Annotated[
        Path, Parameter(name="RECORD", help="The standing record's folder, or its verdict.json.")
    ],
    *,
    also: Annotated[
        list[Path] | None,
        Parameter(name="--with", help="Verdicts on the same entry from other machines, to be pooled."),
    ] = None,
    challenge: Annotated[
        str | None, Parameter(help="The game. Default: that of the entry's verdict.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The record gate: does the entry beat the record by the margin, at the challenge's significance? Exit 0 only then.

    Reads what `paramgolf verify` measured and writes nothing.

    ```
    paramgolf compare entries/mine entries/record
    ```
    """
    from paramgolf.cli.output import print_result
    from paramgolf.judge.compare_table import print_comparison
    from paramgolf.judge.record_gate import compare as gate
    from paramgolf.judge.record_gate import verdict_at
    from paramgolf.lab.reporter import Reporter

    rules = load_challenge(challenge or verdict_at(entry).challenge)
    comparison = gate(entry, record, also or [], rules)
    if as_json:
        print_result(asdict(comparison), as_json)
    else:
        print_comparison(comparison, Reporter().console)
    sys.exit(0 if comparison.is_record else 1)


def import_(
    folder: Annotated[Path, Parameter(name="FOLDER", help="A record folder of the public game.")],
    *,
    out: Annotated[
        Path | None, Parameter(help="Folder for verdict.json and verdict.html. Default: none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read an entry of the public game: what is found, what is missing, what contradicts itself.

    Nothing of it is run, so it is at most consistent, never valid. Exit 0 unless it contradicts itself.

    ```
    paramgolf import records/track_10min_16mb/2026-04-09_Name
    ```
    """
    from paramgolf.judge.public_game import examine_public_entry
    from paramgolf.judge.verdict import Validity

    verdict = examine_public_entry(folder)
    _leave(verdict, out, as_json)
    sys.exit(1 if verdict.standing is Validity.INVALID else 0)


def _leave(verdict: "Verdict", folder: Path | None, as_json: bool) -> None:
    """Show the verdict, and write both files where there is a folder for them.

    It is shown first: where the files cannot be written, nothing that was measured is lost.

    Raises EntryError where they cannot be written.
    """
    from paramgolf.common.files import write_atomic
    from paramgolf.errors import EntryError
    from paramgolf.judge.verdict import verdict_json, write_verdict
    from paramgolf.judge.verdict_page import verdict_page
    from paramgolf.judge.verdict_table import print_verdict
    from paramgolf.lab.reporter import Reporter

    reporter = Reporter(to_stderr=as_json)
    if as_json:
        print(verdict_json(verdict), end="", flush=True)
    else:
        print_verdict(verdict, reporter.console)
    if folder is None:
        return
    try:
        for name in (folders.VERDICT, folders.VERDICT_PAGE):
            _move_folder_away(folder / name)
        write_verdict(folder / folders.VERDICT, verdict)
        write_atomic(folder / folders.VERDICT_PAGE, verdict_page(verdict))
    except OSError as error:
        raise EntryError(
            f"The verdict above could not be written: {error}. Give another folder: --out FOLDER"
        ) from None
    reporter.say(f"Wrote {folder / folders.VERDICT} and {folder / folders.VERDICT_PAGE}")


def _move_folder_away(path: Path) -> None:
    """A folder of an entry that has the name of a file of ours gets another name; nothing of it is lost."""
    if path.is_dir() and not path.is_symlink():
        free = next(n for n in itertools.count(1) if not path.with_name(f"{path.name}.{n}").exists())
        path.rename(path.with_name(f"{path.name}.{free}"))
