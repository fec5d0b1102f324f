"""How is the service's database opened? One function, which also brings an older one up to date."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from serving.errors import StoreNotOpened
from serving.store.upgrading import bring_up_to_date

BUSY_MILLISECONDS = 5_000


class Store:
    """The service's own database, open."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an error."""
        with Session(self.engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_store(address: str) -> Store:
    """The database at a SQLAlchemy address, its tables at this release's layout.

    A SQLite file and its folder are made where absent, readable by the owner alone. Raises StoreNotOpened,
    StoreTooNew.
    """
    try:
        url = make_url(address)
    except ArgumentError as wrong:
        raise StoreNotOpened("(address not readable)", "it is no SQLAlchemy address") from wrong
    try:
        if url.get_backend_name() == "sqlite":
            _make_private_file(url)
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except (SQLAlchemyError, ImportError, OSError) as failure:
        raise _not_opened(url, failure) from failure
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    try:
        bring_up_to_date(engine)
    except (SQLAlchemyError, OSError) as failure:
        engine.dispose()
        raise _not_opened(url, failure) from failure
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


def _not_opened(url: URL, failure: Exception) -> StoreNotOpened:
    cause = getattr(failure, "orig", None) or failure
    return StoreNotOpened(url.render_as_string(hide_password=True), str(cause).splitlines()[0])


def _make_private_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """WAL lets readers go on beside a writer; FULL makes a commit survive a power cut."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MILLISECONDS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
