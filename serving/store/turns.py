"""How do writers take turns, over all threads, processes and instances? One lock by name, until the commit.

SQLite has one writer at a time anyway: the transaction begins as a writer. PostgreSQL has advisory locks.
"""

import hashlib

from sqlalchemy import Connection, text


def take_turn(connection: Connection, turn: str) -> None:
    """Wait for the turn of this name; it ends with the transaction. To be called before what it guards is read.

    Raises OperationalError where the wait takes longer than the database allows.
    """
    if connection.dialect.name == "sqlite":
        # A transaction under way on a connection of ours has written, and so has the turn already.
        if not getattr(connection.connection.dbapi_connection, "in_transaction", False):
            connection.execute(text("BEGIN IMMEDIATE"))
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number_of(turn)})


def number_of(turn: str) -> int:
    """The number that stands for a name among PostgreSQL's advisory locks.

    >>> number_of("events") == number_of("events") != number_of("upgrade")
    True
    """
    return int.from_bytes(hashlib.sha256(f"foresell {turn}".encode()).digest()[:8], signed=True)
