"""How long does a writer of a SQLite file wait for another? Long once, and not as long by each who comes after.

A careless copy or an editor may hold the file's lock for minutes. Writers of one process wait one behind the other, so
that each would wait for all before it; instead those who come soon after one that waited in vain wait a moment only.
"""

import sqlite3
from collections.abc import Callable
from time import monotonic

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from serving.store.addresses import BUSY_MILLISECONDS

MOMENT_MILLISECONDS = 250
SOON_SECONDS = 5.0
_WAITS = "waits"


class LockWaits:
    """Sets how long the connections of an engine of SQLite wait. `tick` counts seconds."""

    def __init__(self, tick: Callable[[], float] = monotonic) -> None:
        self._tick = tick
        self._in_vain_at = float("-inf")

    @property
    def milliseconds(self) -> int:
        """How long the next writer waits."""
        soon = self._tick() - self._in_vain_at < SOON_SECONDS
        return MOMENT_MILLISECONDS if soon else BUSY_MILLISECONDS

    def watch(self, engine: Engine) -> None:
        """From now on."""
        event.listen(engine, "checkout", self._lent)
        event.listen(engine, "handle_error", self._failed)

    def _lent(self, connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        wanted = self.milliseconds
        if entry.info.get(_WAITS, BUSY_MILLISECONDS) != wanted:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={wanted}")
            cursor.close()
            entry.info[_WAITS] = wanted

    def _failed(self, failure: ExceptionContext) -> None:
        cause = failure.original_exception
        if isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            self._in_vain_at = self._tick()
