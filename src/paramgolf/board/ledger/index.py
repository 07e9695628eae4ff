"""The events in memory, found by their number, their entry and their key."""

from collections.abc import Iterable

from paramgolf.board.ledger.events import Event
from paramgolf.board.ledger.state import EntryState


class Index:
    """`spelling` gives an entry's name by its lower case; of two with one key, the last counts."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = []
        self.of_entry: dict[str, list[Event]] = {}
        self.states: dict[str, EntryState] = {}
        self.by_key: dict[str | None, Event] = {}
        self.spelling: dict[str, str] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """The next event."""
        self.events.append(event)
        self.of_entry.setdefault(event.entry, []).append(event)
        self.states[event.entry] = self.states.get(event.entry, EntryState()).after(event)
        self.spelling.setdefault(event.entry.lower(), event.entry)
        if event.body.key is not None:
            self.by_key[event.body.key] = event
