"""How is the MLflow store in a home folder copied while it is in use, and moved to another folder?

Its database names the artifacts by absolute addresses: in another folder they must be named anew.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from features.quoting import name

FILE = "mlflow.db"


def copy_store(source: Path, target: Path) -> None:
    """Copy an MLflow database as it stands at one moment, with SQLite's own means."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def move_store(file: Path, before: Path, after: Path) -> int:
    """Name the artifacts of an MLflow database by the folder they lie in now; how many names changed."""
    changed = 0
    with closing(sqlite3.connect(file)) as store, store:
        for table, column in _texts(store):
            for old, new in ((f"{before.as_uri()}/", f"{after.as_uri()}/"), (f"{before}/", f"{after}/")):
                changed += store.execute(
                    f"UPDATE {name(table)} SET {name(column)} = ? || substr({name(column)}, ?) "
                    f"WHERE substr({name(column)}, 1, ?) = ?",
                    (new, len(old) + 1, len(old), old),
                ).rowcount
    return changed


def _texts(store: sqlite3.Connection) -> list[tuple[str, str]]:
    found = store.execute(
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' "
        "AND m.name NOT LIKE 'sqlite_%' AND (c.type LIKE '%CHAR%' OR c.type = 'TEXT')"
    )
    return [(str(table), str(column)) for table, column in found]
