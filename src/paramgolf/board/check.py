"""`paramgolf board check`: everything that the ledger says, said again from its parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paramgolf.board.ledger.acceptance import refuse_unfounded
from paramgolf.board.ledger.events import FIRST_CHAIN, Event, Judged, Submitted
from paramgolf.board.ledger.journal import BRING_BACK, Journal
from paramgolf.board.ledger.ledger import JOURNAL, STORE, refuse_no_ledger
from paramgolf.board.ledger.state import EntryState, refuse_impossible
from paramgolf.board.ledger.store import Store
from paramgolf.board.ranking.cache import RankingCache
from paramgolf.board.ranking.judgements import Judgements
from paramgolf.board.ranking.ranking import owed, place
from paramgolf.common.printable import quoted
from paramgolf.errors import LedgerError, ParamgolfError, UsageError

BRING_FILE = "Bring that file of the store back from a copy: its name is the SHA-256 of its bytes."


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is not as it was written, and what to do."""

    what: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` went through. `unnamed` files of the store are named by no event: harmless."""

    events: int
    files: int
    unnamed: int
    head: str
    problems: tuple[Problem, ...]


def check(folder: Path) -> Checked:
    """Check the journal's chain, the order of events, every stored file; and if all are sound, verdicts and ranking.

    It writes nothing, and takes nothing from what a ranking has kept for the next one.

    Raises:
        UsageError: there is no ledger.
    """
    refuse_no_ledger(folder)
    journal, store = Journal(folder / JOURNAL), Store(folder / STORE)
    events, problems = _read(journal)
    named = {blob for event in events for blob in event.body.blobs}
    files = set(store.names())
    problems += [*_order(events), *_files(store, named | files)]
    problems += [
        Problem(what=f"{quoted(name)} is no file of a store", mend="Move it away.") for name in store.others()
    ]
    if not journal.kept_from_git():
        what = f"{JOURNAL}/.gitattributes is not as it was written: git may turn line endings, or join two journals"
        problems.append(Problem(what=what, mend="Remove it, then run: paramgolf board init"))
    if not problems:
        problems += [*_verdicts(store, events), *_ranking(store, events)]
    return Checked(
        events=len(events),
        files=len(files),
        unnamed=len(files - named),
        head=events[-1].chain if events else FIRST_CHAIN,
        problems=tuple(problems),
    )


def _read(journal: Journal) -> tuple[list[Event], list[Problem]]:
    """The events up to the first that is not as it was written, and what is wrong there."""
    events: list[Event] = []
    problems = [
        Problem(what=f"{quoted(name)} is no file of a journal", mend="Move it away.")
        for name in journal.others()
    ]
    try:
        for event in journal.after(()):
            events.append(event)
    except LedgerError as error:
        what = str(error).removesuffix(f" {BRING_BACK}")
        problems.append(Problem(what=f"{what} Nothing after it was checked.", mend=BRING_BACK))
    return events, problems


def _order(events: Sequence[Event]) -> Iterator[Problem]:
    states: dict[str, EntryState] = {}
    for event in events:
        state = states.get(event.entry, EntryState())
        try:
            refuse_impossible(state, event.body)
        except UsageError as error:
            yield Problem(what=f"event {event.number} could not happen: {error}", mend=BRING_BACK)
        states[event.entry] = state.after(event)


def _files(store: Store, named: set[str]) -> Iterator[Problem]:
    for blob in sorted(named):
        try:
            store.get(blob)
        except LedgerError as error:
            yield Problem(what=str(error), mend=BRING_FILE)


def _verdicts(store: Store, events: Sequence[Event]) -> Iterator[Problem]:
    submissions = {event.number: event.body for event in events if isinstance(event.body, Submitted)}
    for event in events:
        if isinstance(event.body, Judged) and event.body.submission in submissions:
            try:
                refuse_unfounded(event.body, submissions[event.body.submission], store)
            except UsageError as error:
                yield Problem(what=f"event {event.number}: {error}", mend=BRING_BACK)


def _ranking(store: Store, events: Sequence[Event]) -> Iterator[Problem]:
    try:
        due = owed(events, place(events, Judgements(store.get, RankingCache())))
    except ParamgolfError as error:
        yield Problem(what=f"the ranking cannot be rebuilt: {error}", mend="Fix what is named above first.")
        return
    for one in due:
        yield Problem(
            what=f"the ranking as written does not say this of {one.body.entry}: {one.body.kind}, {one.why}",
            mend="Write it down: paramgolf board init",
        )
