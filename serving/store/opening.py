"""How is the service's database opened? One function, which also brings an older one up to date."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from serving.problems.errors import StoreAway, StoreNotOpened
from serving.store.addresses import make_private_file, read_address, set_up_sqlite, shown
from serving.store.errors import DriverMissing
from serving.store.lock_waits import LockWaits
from serving.store.pulse import take_pulse
from serving.store.trouble import first_line, in_our_words
from serving.store.turns import take_turn
from serving.store.upgrading import bring_up_to_date
from serving.telemetry.request_log import FACTS, LOGGER

LOG_AGAIN_SECONDS = 60.0

log = logging.getLogger(LOGGER)

AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What SQLAlchemy raises where the database, its server or its disk is in trouble, rather than the question."""

SERVER_TROUBLE = ("25006", "42501", "58", "XX")
"""SQLSTATEs of PostgreSQL that come as other errors: it is a read-only copy, its files refuse to be written (which it
calls a want of privilege), its disk fails, it finds itself damaged."""


class Store:
    """The service's own database, open.

    A transaction sees what others committed before each of its statements (read committed), on SQLite as on
    PostgreSQL. Where the database does not answer, each of them raises StoreAway.
    """

    def __init__(self, engine: Engine, tick: Callable[[], float] = monotonic) -> None:
        self.engine, self._tick = engine, tick
        self._refused: tuple[float, str] | None = None
        self._logged: tuple[float, str] = (0.0, "")

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error. Raises StoreAway."""
        try:
            with told_when_away(), Session(self.engine) as session, session.begin():
                yield session
        except StoreAway as away:
            self._note(away)
            raise

    def _note(self, away: StoreAway) -> None:
        """Keep why, and log what the driver says: once as long as it says the same, and each minute."""
        now, said = self._tick(), first_line(away.__cause__) if isinstance(away.__cause__, Exception) else str(away)
        if said != self._logged[1] or now - self._logged[0] > LOG_AGAIN_SECONDS:
            log.warning("the database does not answer as it should", extra={FACTS: {"problem": said}})
            self._logged = (now, said)
        self._refused = (now, str(away.args[0]))

    def refused_within(self, seconds: float) -> str | None:
        """Why a transaction failed for the database's own reasons, where one of this process did so lately."""
        if self._refused is None or self._tick() - self._refused[0] > seconds:
            return None
        return self._refused[1]

    @contextmanager
    def writing(self, turn: str) -> Iterator[Session]:
        """A transaction that writes, one at a time of those with the same `turn`, over all processes and instances.

        What it reads stays so until it commits, as far as others that take the same turn change it. On SQLite all
        writers wait for each other. Raises StoreAway.
        """
        with self.session() as session:
            take_turn(session.connection(), turn)
            yield session

    @contextmanager
    def reading(self, *, patient: bool = True) -> Iterator[Connection]:
        """All tables as they stood at one moment, `patient` however long the reading takes. Raises StoreAway."""
        with told_when_away(), self.engine.connect() as connection:
            if self.engine.dialect.name == "sqlite":
                connection.execute(text("BEGIN"))
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                if patient:
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def told_when_away() -> Iterator[None]:
    """Trouble of the database itself leaves as StoreAway; other errors as they are."""
    try:
        yield
    except AWAY as failure:
        raise StoreAway(in_our_words(failure)) from failure
    except DBAPIError as failure:
        if str(getattr(failure.orig, "sqlstate", None) or "").startswith(SERVER_TROUBLE):
            raise StoreAway(in_our_words(failure)) from failure
        raise


def open_store(address: str) -> Store:
    """The database at a SQLAlchemy address, its tables at this release's layout.

    A SQLite file and its folder are made where absent, readable by the owner alone. Raises StoreNotOpened,
    StoreTooNew.
    """
    engine = open_engine(address)
    try:
        bring_up_to_date(engine)
    except (SQLAlchemyError, OSError) as failure:
        engine.dispose()
        raise not_opened(engine.url, failure) from failure
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


def open_engine(address: str) -> Engine:
    """Connections to the database at an address, whatever its layout. Raises StoreNotOpened."""
    read = read_address(address)
    try:
        if read.is_sqlite:
            make_private_file(read.url)
        engine = create_engine(read.url, connect_args=read.connect, **read.pool)
    except ImportError as missing:
        raise DriverMissing(read.shown, missing) from missing
    except (SQLAlchemyError, OSError) as failure:
        raise not_opened(read.url, failure) from failure
    if read.is_sqlite:
        event.listen(engine, "connect", set_up_sqlite)
        LockWaits().watch(engine)
    else:
        take_pulse(engine)
    return engine


def not_opened(url: URL, failure: Exception) -> StoreNotOpened:
    """The error of ours for a database that could not be opened."""
    return StoreNotOpened(shown(url), first_line(failure))
