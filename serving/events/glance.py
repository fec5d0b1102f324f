"""Did anything come since we last looked? The cheapest way to ask the database, on a connection kept for it.

A SQLite file says by a number in its index whether another connection has committed: some microseconds, no lock, and
no thread. PostgreSQL is asked for the position itself.
"""

import sqlite3
from contextlib import suppress
from threading import Lock
from typing import Protocol

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from serving.problems.errors import StoreAway
from serving.store.addresses import BUSY_MILLISECONDS
from serving.store.event_tables import EventFeed
from serving.store.opening import Store, told_when_away

REACH = "SELECT name, last FROM event_feed WHERE number = 1"
Seen = tuple[str, int]
"""Name of the sequence and its last position; ("", 0) before the first event."""
NOTHING: Seen = ("", 0)


class Glance(Protocol):
    """Asks how far the events reach, again and again."""

    def unchanged(self) -> bool:
        """Whether nothing at all was committed since the latest `look`; False where that takes a question. No wait."""

    def look(self) -> Seen:
        """How far the events reach now. Raises StoreAway."""

    def close(self) -> None:
        """Give the connection back."""


def glance_at(store: Store) -> Glance:
    """The cheapest way that a store's database offers."""
    file = store.engine.url.database
    if store.engine.dialect.name == "sqlite" and file and file != ":memory:":
        return FileGlance(file)
    return ServerGlance(store)


class FileGlance:
    """Looks at a SQLite file. `unchanged` may be asked from an event loop."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None
        self._lock = Lock()

    def unchanged(self) -> bool:
        """Whether no other connection has committed since the latest look."""
        # Never waits: while a look is under way there may well be something new.
        if self._connection is None or self._version is None or not self._lock.acquire(blocking=False):
            return False
        try:
            return self._data_version(self._connection) == self._version
        except sqlite3.Error:
            return False
        finally:
            self._lock.release()

    def look(self) -> Seen:
        """How far the events reach now. Raises StoreAway."""
        with self._lock:
            self._version = None
            try:
                if self._connection is None:
                    self._connection = self._connect()
                # The version is read first: what is committed between the two is looked at once more.
                version = self._data_version(self._connection)
                row = self._connection.execute(REACH).fetchone()
            except sqlite3.Error as failure:
                self._drop()
                raise StoreAway(str(failure)) from failure
            self._version = version
            return NOTHING if row is None else (row[0], row[1])

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._version = None
            self._drop()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        return connection

    @staticmethod
    def _data_version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA data_version").fetchone()[0])

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


class ServerGlance:
    """Asks a database server on a connection of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None
        self._lock = Lock()

    def unchanged(self) -> bool:
        """Never known without asking."""
        return False

    def look(self) -> Seen:
        """How far the events reach now. Raises StoreAway."""
        with self._lock, told_when_away():
            # A connection that broke while nobody asked is opened once more before the database counts as away.
            if self._connection is not None:
                try:
                    return self._ask(self._connection)
                except SQLAlchemyError:
                    self._drop()
            self._connection = self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                return self._ask(self._connection)
            except SQLAlchemyError:
                self._drop()
                raise

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    @staticmethod
    def _ask(connection: Connection) -> Seen:
        row = connection.execute(select(EventFeed.name, EventFeed.last).where(EventFeed.number == 1)).first()
        return NOTHING if row is None else (row.name, row.last)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
