"""Commands of organisers: the ledger, the ranking, the site."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from paramgolf.cli.options import (
    AsJson,
    ChallengeOf,
    CorpusOf,
    FreshText,
    Reproduce,
    ValidationText,
)
from paramgolf.cli.output import print_result

if TYPE_CHECKING:
    from paramgolf.board.ledger.events import Event
    from paramgolf.judge.verify import Terms

board = App(name="board", help="The leaderboard: its ledger, its ranking, its site.")

LedgerPath = Annotated[Path, Parameter(name="--ledger", help="The ledger's folder.")]
EntryName = Annotated[str, Parameter(name="ENTRY", help="The entry's name in the ledger.")]
Why = Annotated[str, Parameter(help="The reason, in a sentence; it is shown for good.")]
Who = Annotated[str, Parameter(help="Who does this; it is shown for good.")]
LEDGER = Path("board")
ORGANISER = "an organiser"


@board.command
def init(*, ledger: LedgerPath = LEDGER) -> None:
    """Make a ledger, or bring one up to date: take over one in SQLite, and write what the ranking has to say of it.

    Writes the ledger's folder. Every event of ledger.sqlite keeps its number and its hash. Again, it changes nothing.

    ```
    paramgolf board init
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import settle

    opened = Ledger(ledger, create=True)
    written = settle(opened)
    _say(f"{ledger} holds {len(opened.events()):,} events. Next: paramgolf board add ENTRY_FOLDER")
    _tell(written)


@board.command
def add(
    folder: Annotated[
        Path, Parameter(name="ENTRY_FOLDER", help="The entry's folder; its name is the entry's.")
    ],
    *,
    ledger: LedgerPath = LEDGER,
    link: Annotated[str | None, Parameter(help="Where it was handed in, a URL.")] = None,
    changed: Annotated[str, Parameter(help="What is new in it, in a sentence.")] = "",
    commit: Annotated[str | None, Parameter(help="The commit that it was handed in with.")] = None,
    handed_in_at: Annotated[
        str | None, Parameter(help="When, in UTC: 2026-11-22T09:00:00+00:00. Default: now.")
    ] = None,
    who: Who = ORGANISER,
) -> None:
    """Hand an entry in: its files into the store, and that it was handed in into the ledger. Nothing of it is run.

    ```
    paramgolf board add entries/mine --changed "Four times the bigram table"
    ```
    """
    from paramgolf.board.intake.intake import hand_in
    from paramgolf.board.ledger.ledger import Ledger

    event = hand_in(
        Ledger(ledger), folder, who=who, link=link, changed=changed, commit=commit, handed_in_at=handed_in_at
    )
    _say(f"{event.entry} is handed in, as event {event.number}. Next: paramgolf board judge {event.entry}")


@board.command
def judge(
    entry: EntryName,
    *,
    ledger: LedgerPath = LEDGER,
    verdict: Annotated[
        Path | None, Parameter(help="A verdict.json on these very files, instead of judging them here.")
    ] = None,
    challenge: ChallengeOf = None,
    documents: ValidationText = None,
    corpus: CorpusOf = None,
    fresh: FreshText = None,
    reproduce: Reproduce = False,
    who: Who = "the judge",
) -> None:
    """Judge a stored entry in the sandbox, write the verdict into the ledger, and rank. Exit 0 only if it is valid.

    ```
    paramgolf board judge mine --reproduce
    paramgolf board judge mine --verdict entries/mine/verdict.json
    ```
    """
    from paramgolf.board.intake.intake import add_verdict, verdict_in
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_places, settle
    from paramgolf.board.ranking.replay import judge_stored
    from paramgolf.challenge import load_challenge
    from paramgolf.errors import UsageError
    from paramgolf.judge.verdict import Validity

    if verdict and reproduce:
        raise UsageError("A verdict.json is taken as it is. Leave out --verdict, or --reproduce.")
    opened = Ledger(ledger)
    submission = opened.submitted(entry).submission
    if verdict is None:
        terms = _terms(challenge, documents, corpus, fresh, reproduce)(submission.challenge)
        rules, found = terms.challenge, judge_stored(opened, entry, terms)
    else:
        rules, found = load_challenge(challenge or submission.challenge), verdict_in(verdict)
    add_verdict(opened, found, rules, who=who)
    _tell(settle(opened))
    row = read_places(opened).row(entry)
    _say(f"{entry} is {row.status}: {row.status_reason}")
    sys.exit(0 if found.standing is Validity.VALID else 1)


@board.command(name="list")
def list_(
    *,
    ledger: LedgerPath = LEDGER,
    challenge: Annotated[str | None, Parameter(help="Only of this game.")] = None,
    track: Annotated[str | None, Parameter(help="Only of this track.")] = None,
    history: Annotated[bool, Parameter(negative=(), help="The public game's history too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The table: every entry by place, then those without one.

    ```
    paramgolf board list --track fixed
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_standings
    from paramgolf.board.ranking.table import print_standings, shown_rows, summary
    from paramgolf.lab.reporter import Reporter

    rows = shown_rows(read_standings(Ledger(ledger)), challenge=challenge, track=track, history=history)
    if as_json:
        print_result({"rows": [summary(row) for row in rows]}, as_json)
    else:
        print_standings(rows, Reporter().console)


@board.command
def show(entry: EntryName, *, ledger: LedgerPath = LEDGER, as_json: AsJson = False) -> None:
    """One entry: where it stands and why, its gate, its lineage, and all that happened to it.

    ```
    paramgolf board show mine
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_standings
    from paramgolf.board.ranking.table import print_row, row_of, summary
    from paramgolf.lab.reporter import Reporter

    row = row_of(read_standings(Ledger(ledger)), entry)
    if as_json:
        events = [asdict(event) for event in row.events]
        print_result(summary(row) | {"events": events, "descendants": row.descendants}, as_json)
    else:
        print_row(row, Reporter().console)


@board.command
def site(
    *,
    out: Annotated[Path, Parameter(help="The folder of the site.")] = Path("site"),
    ledger: LedgerPath = LEDGER,
    title: Annotated[str, Parameter(help="What stands at the head of each page.")] = "paramgolf",
    base_url: Annotated[
        str | None, Parameter(help="Where the site will be served; the feed's links and ids follow it.")
    ] = None,
) -> None:
    """Build the leaderboard's site: static files that open from disk and from any static host.

    Only files that changed are written, and nothing in the folder that is not the site's is touched.

    ```
    paramgolf board site --out site --base-url https://example.org/board
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_standings
    from paramgolf.board.site import build_site

    standings = read_standings(Ledger(ledger))
    built = build_site(standings, out, title=title, base_url=base_url)
    _say(f"{out / 'index.html'} is ready: {built.files:,} files, {built.written:,} of them written anew")


@board.command
def invalidate(entry: EntryName, *, why: Why, ledger: LedgerPath = LEDGER, who: Who = ORGANISER) -> None:
    """Rule an entry invalid, whatever the judge says; all that came after it is ranked again.

    ```
    paramgolf board invalidate mine --why "Its tokenizer was trained on the validation text."
    ```
    """
    from paramgolf.board.intake.intake import rule_invalid
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_places, settle

    opened = Ledger(ledger)
    rule_invalid(opened, entry, who=who, why=why)
    _tell(settle(opened))
    descendants = read_places(opened).row(entry).descendants
    if descendants:
        _say(f"These build on it, to be judged again: paramgolf board replay --apply {' '.join(descendants)}")


@board.command
def reinstate(entry: EntryName, *, why: Why, ledger: LedgerPath = LEDGER, who: Who = ORGANISER) -> None:
    """Take a ruling back: the entry's verdict counts again.

    ```
    paramgolf board reinstate mine --why "The validation text was not in it after all."
    ```
    """
    from paramgolf.board.intake import intake
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import settle

    opened = Ledger(ledger)
    intake.reinstate(opened, entry, who=who, why=why)
    _tell(settle(opened))


@board.command
def descendants(entry: EntryName, *, ledger: LedgerPath = LEDGER) -> None:
    """List what builds on an entry, directly or through others, with where each stands.

    ```
    paramgolf board descendants mine
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking.ranking import read_places
    from paramgolf.board.ranking.table import row_of

    standings = read_places(Ledger(ledger))
    for name in row_of(standings, entry).descendants:
        row = standings.row(name)
        print(f"{name:<40} {row.status}{', disputed' if row.disputed else ''}")


@board.command
def check(*, ledger: LedgerPath = LEDGER) -> None:
    """Check every event, every stored file, and the ranking. Exit 0 only if all is well.

    Writes nothing. The last line is the hash that all events hang on: publish it, and no tail can be cut off unseen.

    ```
    paramgolf board check
    ```
    """
    from paramgolf.board.check import check as go_through

    checked = go_through(ledger)
    for problem in checked.problems:
        _say(f"{problem.what}\n  fix: {problem.mend}")
    _say(
        f"{checked.events:,} events and {checked.files:,} files ({checked.unnamed:,} named by none): "
        f"{len(checked.problems) or 'no'} problem{'' if len(checked.problems) == 1 else 's'}"
    )
    print(f"head: {checked.head}")
    sys.exit(1 if checked.problems else 0)


@board.command
def replay(
    entries: Annotated[
        list[str] | None, Parameter(name="ENTRY", negative=(), help="Which. Default: all that were judged.")
    ] = None,
    *,
    apply: Annotated[bool, Parameter(negative=(), help="Write the new verdicts, and rank.")] = False,
    ledger: LedgerPath = LEDGER,
    challenge: ChallengeOf = None,
    documents: ValidationText = None,
    corpus: CorpusOf = None,
    fresh: FreshText = None,
    reproduce: Reproduce = False,
    who: Who = "the judge",
) -> None:
    """Judge stored entries again by today's rules: which findings and which places change.

    Without --apply it writes nothing.

    ```
    paramgolf board replay
    paramgolf board replay mine --apply
    ```
    """
    from paramgolf.board.ledger.ledger import Ledger
    from paramgolf.board.ranking import replay as again
    from paramgolf.board.ranking.ranking import settle

    opened = Ledger(ledger)
    names = entries or again.judged_entries(opened)
    done = again.replay(opened, names, _terms(challenge, documents, corpus, fresh, reproduce))
    for one in done.rejudged:
        _say(f"{one.entry}: {'; '.join(one.changes) or 'nothing changes'}")
    for entry, before, after in done.standings:
        _say(f"{entry}: {before} -> {after}")
    if apply:
        again.apply(opened, done, who=who, why="judged again")
        _tell(settle(opened))


@board.command(name="import-history")
def import_history(
    folder: Annotated[Path, Parameter(name="FOLDER", help="With leaderboard.json and records.json.")],
    *,
    ledger: LedgerPath = LEDGER,
    who: Who = ORGANISER,
) -> None:
    """Take in the public game's table and record folders as history, marked as not verified here.

    ```
    paramgolf board import-history parameter-golf-history
    ```
    """
    from paramgolf.board.intake.public_history import import_history as take_in
    from paramgolf.board.ledger.ledger import Ledger

    taken = take_in(Ledger(ledger), folder, who=who)
    _say(f"The ledger has {len(taken)} entries of the public game's history.")


def _terms(
    challenge: str | None, documents: Path | None, corpus: str | None, fresh: Path | None, reproduce: bool
) -> "Callable[[str], Terms]":
    """The terms of an entry's own challenge, or of `challenge`; texts are read once."""
    from paramgolf.challenge import load_challenge
    from paramgolf.corpus import open_corpus, read_documents
    from paramgolf.errors import UsageError
    from paramgolf.judge.measure import FULL
    from paramgolf.judge.verify import Terms
    from paramgolf.lab.run.settings import located
    from paramgolf.score import ENTRY_THREADS

    @cache
    def terms_of(name: str) -> Terms:
        # A stranger's word may name a challenge of ours, never a file.
        if challenge is None and name.endswith(".toml"):
            raise UsageError(
                f"The entry names the file {name!r} as its challenge. Give the game: --challenge"
            )
        rules = load_challenge(challenge or name)
        source = corpus or rules.corpus
        text = read_documents(documents) if documents else open_corpus(source, rules).validation()
        return Terms(
            challenge=rules,
            documents=list(text),
            depth=FULL,
            threads=ENTRY_THREADS,
            fresh=list(read_documents(fresh)) if fresh else (),
            say=_say,
            reproduce_from=located(source) if reproduce else "",
        )

    return terms_of


def _tell(events: "Sequence[Event]") -> None:
    for event in events:
        _say(f"{event.entry}: {event.body.kind}, {event.why}")


def _say(line: str) -> None:
    from paramgolf.lab.reporter import Reporter

    Reporter().say(line)
