"""A home that a backup has something to do with: rows in every table, a history, champions, an MLflow store."""

import json
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Column, insert, select, types

from serving.access import audit
from serving.settings import ServingSettings
from serving.store.every_table import every_table
from serving.store.opening import Store

NOW = datetime(2026, 11, 28, 12)
AUDITED = ("audit", "audit_head")
"""Tables to which a backup and a restore add a line each."""


def value(column: Column[Any], row: int) -> object:
    """Something of the column's kind, awkward where it can be; nothing where that is allowed, in one row of three."""
    if column.nullable and row % 3 == 2:
        return None
    kind = column.type
    if isinstance(kind, types.Boolean):
        return row % 2 == 0
    if isinstance(kind, types.BigInteger):
        return 2**62 + row
    if isinstance(kind, types.Integer):
        return row + 1
    if isinstance(kind, types.Float):
        return (row + 1) / 3
    if isinstance(kind, types.DateTime):
        return NOW + timedelta(microseconds=row)
    if isinstance(kind, types.Date):
        return date(2026, 11, 28)
    if isinstance(kind, types.LargeBinary):
        return bytes([0, 255, row])
    if isinstance(kind, types.JSON):
        return {"成": [row, None, 0.1], "text": '\n\u2028"'}
    return f"{row}单"


def fill(store: Store, rows: int = 4) -> None:
    """Rows in every table, and two lines in the audit trail."""
    with store.session() as session:
        for table in every_table().sorted_tables:
            if table.name not in AUDITED:
                kept = [{one.name: value(one, row) for one in table.columns} for row in range(rows)]
                session.execute(insert(table), kept)
        for action in ("one", "two"):
            audit.note(session, audit.BY_COMMAND, action, "单", {"a": 1}, NOW)


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the audit trail's, in the order of the keys."""
    with store.reading() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in every_table().sorted_tables
            if table.name not in AUDITED
        }


def promote(home: Path, version: str) -> None:
    """Let a version answer, as promotion does: the bundle first, then the pointer at once."""
    folder = home / "champions" / "win" / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.json").write_text(json.dumps({"version": version}))
    draft = home / "champions" / "win.json.tmp"
    draft.write_text(json.dumps({"version": version, "folder": f"win/{version}"}))
    draft.replace(home / "champions" / "win.json")


def make_mlflow(home: Path) -> None:
    """A database such as MLflow's, and an artifact that it names."""
    place = (home / "mlruns" / "1").absolute()
    place.mkdir(parents=True)
    (place / "model.txt").write_text("trees")
    with closing(sqlite3.connect(home / "mlflow.db")) as store, store:
        store.execute("CREATE TABLE runs (artifact_uri VARCHAR(200), note TEXT, at INTEGER)")
        rows = [(place.as_uri(), str(place), 1), (f"{home.absolute()}-else/1", "not ours", 2)]
        store.executemany("INSERT INTO runs VALUES (?, ?, ?)", rows)


def settings_of(home: Path, address: str | None = None) -> ServingSettings:
    """Settings of a home, and of a database elsewhere where an address is given."""
    return ServingSettings(home=home, database=None if address is None else SecretStr(address))
