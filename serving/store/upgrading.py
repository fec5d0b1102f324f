"""Is the database at this release's layout, and if not, how does it get there and back?"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import Connection, Engine, inspect, text

from serving.errors import StoreTooNew

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0001"
"""The newest revision under `migrations/versions`. Kept here so that opening a current database loads no Alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"


def layout_of(engine: Engine) -> str | None:
    """The revision a database is at, None for one without our tables."""
    with engine.connect() as connection:
        return _layout(connection)


def bring_up_to_date(engine: Engine) -> None:
    """Upgrade to HEAD where needed; processes that open the same SQLite file at once take turns.

    Raises StoreTooNew.
    """
    if layout_of(engine) == HEAD:
        return
    with _turn(engine):
        move(engine, HEAD)


def move(engine: Engine, revision: str) -> None:
    """Upgrade or downgrade to a revision, `base` for none, in one transaction. Raises StoreTooNew."""
    from alembic import command
    from alembic.script import ScriptDirectory

    with engine.begin() as connection:
        config = _config(connection)
        known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
        present = _layout(connection)
        if present is not None and present not in known:
            raise StoreTooNew(present)
        order = ["base", *known]
        forward = order.index(revision) >= order.index(present or "base")
        (command.upgrade if forward else command.downgrade)(config, revision)


def _layout(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _turn(engine: Engine) -> AbstractContextManager[object]:
    file = engine.url.database
    if engine.dialect.name != "sqlite" or not file or file == ":memory:":
        return nullcontext()
    return FileLock(f"{file}.upgrade.lock")
