"""Is the database at this release's layout, and if not, how does it get there and back?"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

from serving.problems.errors import StoreTooNew
from serving.store.turns import take_turn

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

HEAD = "0008"
"""The newest revision under `migrations/versions`. Kept here so that opening a current database loads no Alembic."""

ATTEMPTS = 6
BUSY = ("SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_SNAPSHOT")
"""SQLite's words for a file that another is just making, or closing: for that it does not always wait by itself."""

MIGRATIONS = Path(__file__).parent / "migrations"


def layout_of(engine: Engine) -> str | None:
    """The revision a database is at, None for one without our tables."""
    with engine.connect() as connection:
        return _layout(connection)


def revisions() -> list[str]:
    """Every revision this release knows, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def bring_up_to_date(engine: Engine) -> None:
    """Upgrade to HEAD where needed; processes and instances that open the same database at once take turns.

    Raises StoreTooNew.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if layout_of(engine) != HEAD:
                move(engine, HEAD)
            return
        except OperationalError as busy:
            if attempt == ATTEMPTS or getattr(busy.orig, "sqlite_errorname", "") not in BUSY:
                raise


def move(engine: Engine, revision: str) -> None:
    """Upgrade or downgrade to a revision, `base` for none, all or nothing. Raises StoreTooNew."""
    from alembic import command

    with _turn(engine), _one_transaction(engine) as connection:
        known = revisions()
        present = _layout(connection)
        if present is not None and present not in known:
            raise StoreTooNew(present)
        order = ["base", *known]
        forward = order.index(revision) >= order.index(present or "base")
        (command.upgrade if forward else command.downgrade)(_config(connection), revision)


@contextmanager
def _one_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that may change tables and take its time.

    SQLite's tables are changed by copying: foreign keys, which would then delete what refers to the old table, are
    off meanwhile and checked at the end.
    """
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            connection.execute(text("PRAGMA foreign_keys=OFF"))
        else:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
        try:
            take_turn(connection, "upgrade")
            yield connection
            if sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).first()):
                raise AssertionError(f"a migration broke a reference of table {broken[0]}")
            connection.commit()
        finally:
            connection.rollback()
            if sqlite:
                connection.execute(text("PRAGMA foreign_keys=ON"))


def _layout(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS))


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _turn(engine: Engine) -> AbstractContextManager[object]:
    """A SQLite file's upgrades wait in line by a file lock, longer than its writers wait for each other."""
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or file == ":memory:":
        return nullcontext()
    return FileLock(f"{file}.upgrade.lock")
