"""Where each entry is by its events alone, and which events can happen to it next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from paramgolf.board.ledger.events import Body, Event, History, Invalidated, Judged, Reinstated, Submitted
from paramgolf.errors import UsageError
from paramgolf.judge.verdict import Validity


@dataclass(frozen=True, kw_only=True)
class EntryState:
    """The events that count now: the last submission, the last verdict on it, an organiser's ruling that stands.

    `invalid_since` is the number of the event that made it invalid, by verdict or ruling; None while it is not.
    """

    submitted: Event | None = None
    judged: Event | None = None
    ruling: Event | None = None
    history: Event | None = None
    invalid_since: int | None = None

    @property
    def submission(self) -> Submitted:
        """What was handed in; only asked of an entry that was."""
        assert self.submitted is not None
        assert isinstance(self.submitted.body, Submitted)
        return self.submitted.body

    @property
    def judgement(self) -> Judged | None:
        """The last verdict on it."""
        body = self.judged.body if self.judged else None
        assert body is None or isinstance(body, Judged)
        return body

    def repeats(self, same: Event, body: Body) -> bool:
        """Whether `body`, which has the key of the event `same`, says nothing new: not after files between the two."""
        match body:
            case Submitted():
                return same == self.submitted
            case Judged():
                return same.body == body
            case _:
                return True

    def after(self, event: Event) -> "EntryState":
        """The state that `event` leaves; ranked and superseded follow from the others and change nothing."""
        match event.body:
            case Submitted():
                new = EntryState(submitted=event)
            case Judged():
                new = replace(self, judged=event)
            case Invalidated():
                new = replace(self, ruling=event)
            case Reinstated():
                new = replace(self, ruling=None)
            case History():
                new = replace(self, history=event)
            case _:
                return self
        failed = new.judgement is not None and new.judgement.standing is Validity.INVALID
        since = (self.invalid_since or event.number) if failed or new.ruling else None
        return replace(new, invalid_since=since)


def states_of(events: Iterable[Event]) -> dict[str, EntryState]:
    """Each entry's state."""
    states: dict[str, EntryState] = {}
    for event in events:
        states[event.entry] = states.get(event.entry, EntryState()).after(event)
    return states


def refuse_impossible(state: EntryState, body: Body) -> None:
    """What cannot happen to an entry in that state.

    Raises:
        UsageError: `body` cannot; the message says what can.
    """
    name = body.entry
    if isinstance(body, History):
        if state.submitted:
            raise UsageError(
                f"{name!r} was handed in here: history cannot have its name. Import under another."
            )
    elif isinstance(body, Submitted):
        _refuse_submission(state, name)
    elif state.submitted is None:
        raise UsageError(f"{name!r} was not handed in. First: paramgolf board add ENTRY_FOLDER")
    elif isinstance(body, Judged) and body.submission != state.submitted.number:
        raise UsageError(
            f"The verdict on {name!r} is of what event {body.submission} handed in; event {state.submitted.number} "
            f"has handed it in anew. Judge that: paramgolf board judge {name}"
        )
    elif isinstance(body, Invalidated) and state.ruling:
        raise UsageError(
            f"{name!r} is ruled invalid already, by event {state.ruling.number}. Nothing is to be done."
        )
    elif isinstance(body, Reinstated) and not state.ruling:
        raise UsageError(f"No ruling stands against {name!r}: there is nothing to take back.")


def _refuse_submission(state: EntryState, name: str) -> None:
    other = "Hand this in under another name: rename its folder."
    if state.history:
        raise UsageError(f"{name!r} is an entry of the public game's history. {other}")
    if state.ruling:
        raise UsageError(f"{name!r} is ruled invalid: {state.ruling.why} {other}")
    if state.judgement and state.judgement.standing is Validity.VALID:
        raise UsageError(f"{name!r} was judged valid, with other files, and stands as it is. {other}")
