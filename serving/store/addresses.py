"""What does a database's address say, and how are connections to it set up?

An address is SQLAlchemy's: `sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/NAME?sslmode=require`. What stands
after the `?` goes to libpq, but for the settings of the pool, which are ours: `pool_size`, `max_overflow`,
`pool_timeout` and `statement_timeout` (seconds).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from serving.problems.errors import StoreNotOpened

BUSY_MILLISECONDS = 5_000
"""How long a writer of a SQLite file waits for another."""
CONNECT_SECONDS, STATEMENT_SECONDS, LOCK_SECONDS, IDLE_SECONDS = 3, 30, 10, 60
ALIVE = {"keepalives_idle": "10", "keepalives_interval": "3", "keepalives_count": "3", "tcp_user_timeout": "3000"}
"""How libpq finds that the other machine is gone: seconds, seconds, tries, and milliseconds for what was sent."""
POOL = {"pool_size": 5, "max_overflow": 10, "pool_timeout": 10}
RECYCLE_SECONDS = 1_800
SECRETS = ("password", "sslpassword", "passfile")


@dataclass(frozen=True)
class Address:
    """A database's address, read. `pool` and `connect` are arguments of SQLAlchemy and of the driver."""

    url: URL
    pool: dict[str, Any] = field(default_factory=dict)
    connect: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The address without anything secret."""
        return shown(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file (or memory) of SQLite."""
        return self.url.get_backend_name() == "sqlite"


def read_address(address: str) -> Address:
    """What an address says, our settings filled in where it says nothing. Raises StoreNotOpened."""
    try:
        url = make_url(address)
    except ArgumentError as wrong:
        raise StoreNotOpened("(address not readable)", "it is no SQLAlchemy address") from wrong
    backend = url.get_backend_name()
    if backend == "sqlite" and url.drivername in ("sqlite", "sqlite+pysqlite"):
        return Address(url)
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return _postgres(url.set(drivername="postgresql+psycopg"))
    raise StoreNotOpened(shown(url), "only sqlite:/// and postgresql:// are databases of Foresell")


def shown(url: URL) -> str:
    """An address without anything secret."""
    return url.difference_update_query(SECRETS).render_as_string(hide_password=True)


def _postgres(url: URL) -> Address:
    given = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    pool = {name: _number(url, name, given.get(name), usual) for name, usual in POOL.items()}
    seconds = _number(url, "statement_timeout", given.get("statement_timeout"), STATEMENT_SECONDS)
    limits = {
        "statement_timeout": seconds * 1000,
        "lock_timeout": LOCK_SECONDS * 1000,
        "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
    }
    options = " ".join(f"-c {name}={milliseconds}" for name, milliseconds in limits.items())
    usual = {"application_name": "foresell", "connect_timeout": str(CONNECT_SECONDS), **ALIVE}
    connect: dict[str, Any] = {name: value for name, value in usual.items() if name not in given}
    connect["options"] = f"{options} -c timezone=UTC {given.get('options', '')}".rstrip()
    bare = url.difference_update_query([*POOL, "statement_timeout", "options"])
    return Address(bare, {**pool, "pool_recycle": RECYCLE_SECONDS, "pool_pre_ping": True}, connect)


def _number(url: URL, name: str, given: str | None, usual: int) -> int:
    if given is None:
        return usual
    if not given.isdigit():
        raise StoreNotOpened(shown(url), f"{name} is '{given}', not a whole number")
    return int(given)


def make_private_file(url: URL) -> None:
    """Make a SQLite file and its folder where they are absent, readable by the owner alone."""
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """WAL lets readers go on beside a writer; FULL makes a commit survive a power cut."""
    cursor = connection.cursor()
    # The wait comes first: turning a new file to WAL may have to wait for another process that does the same.
    for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
