"""Numbered migrations of the ledger: schema/NNNN_name.sql, each applied once, all of it or nothing."""

import sqlite3
from collections.abc import Iterator
from importlib import resources

from paramgolf.errors import LedgerError

# "pgol": tells a ledger from any other SQLite file
APPLICATION_ID = 0x70676F6C


def migrations() -> list[tuple[int, str]]:
    """Number and SQL of each, in order."""
    files = [
        f for f in (resources.files("paramgolf.board.ledger") / "schema").iterdir() if f.name.endswith(".sql")
    ]
    return sorted((int(file.name[:4]), file.read_text(encoding="utf-8")) for file in files)


def migrate(connection: sqlite3.Connection, *, up_to: int | None = None) -> None:
    """Bring a ledger to the newest schema (or to `up_to`); several processes may do so at once.

    `connection` is in autocommit mode (isolation_level None).

    Raises:
        LedgerError: the ledger was written by a newer paramgolf, or the file is some other database.
    """
    known = migrations()
    _refuse_foreign(connection, newest=known[-1][0])
    if version_of(connection) == (known[-1][0] if up_to is None else up_to):
        return
    for number, sql in known[:up_to]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if version_of(connection) < number:
                for statement in _statements(sql):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration that was applied; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_foreign(connection: sqlite3.Connection, *, newest: int) -> None:
    # in one transaction: another process may be making it just now
    connection.execute("BEGIN")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    connection.execute("COMMIT")
    if application != APPLICATION_ID and tables:
        raise LedgerError("It is a database of something else. Give the path of a ledger: --ledger PATH")
    if version_of(connection) > newest:
        raise LedgerError(
            f"A newer paramgolf wrote it: its schema is number {version_of(connection)}, the newest known here is "
            f"{newest}. Upgrade paramgolf, and leave the ledger as it is."
        )


def _statements(sql: str) -> Iterator[str]:
    """One statement at a time: a trigger has semicolons inside, which a split would cut at."""
    lines: list[str] = []
    for line in sql.splitlines():
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines = []
