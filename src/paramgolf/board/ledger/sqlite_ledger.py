"""A ledger as it was before the journal: one SQLite file with a table of events. It is read to be taken over."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from paramgolf.board.ledger.events import FIRST_CHAIN, Event, body_json, chain_hash, parse_body
from paramgolf.errors import LedgerError

SQLITE_LEDGER = "ledger.sqlite"
# its name after that
TAKEN_OVER = "ledger.sqlite.taken-over"
# "pgol": tells a ledger from any other SQLite file
APPLICATION_ID = 0x70676F6C
# the schemas differ in their triggers alone
NEWEST_SCHEMA = 2
BUSY_SECONDS = 60


def read_sqlite_ledger(path: Path) -> Iterator[Event]:
    """Its events in order, each with its number and its chain hash, checked.

    Raises:
        LedgerError: it is no such ledger, or is not as it was written.
    """
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            yield from _checked(connection, path)
    except (sqlite3.Error, ValidationError) as error:
        raise LedgerError(f"{path} cannot be taken over: {error}. Bring it back from a copy.") from None


def _checked(connection: sqlite3.Connection, path: Path) -> Iterator[Event]:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise LedgerError(f"{path} is a database of something else. Move it away.")
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if not 1 <= schema <= NEWEST_SCHEMA:
        raise LedgerError(
            f"{path} has schema {schema}, known are 1 to {NEWEST_SCHEMA}. Upgrade paramgolf, and leave it as it is."
        )
    before, query = FIRST_CHAIN, "SELECT number, at, who, why, body, chain FROM events ORDER BY number"
    for place, (number, at, who, why, text, chain) in enumerate(connection.execute(query), 1):
        body = parse_body(text)
        event = Event(number=number, at=at, who=who, why=why, body=body, chain=chain)
        # hashed as it will be written, so that what is taken over is what can be read
        if number != place or chain != chain_hash(before, number, at, who, why, body_json(body)):
            raise LedgerError(f"{path}: event {place} is not as it was written. Bring it back from a copy.")
        before = chain
        yield event
