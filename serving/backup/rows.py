"""How are the rows of a database written down so that any database can take them? JSON lines, the same for all.

A table is a file: first a line with its columns and what they hold, then a line for each row. All tables are read as
they stood at one moment.
"""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Engine, column, delete, func, insert, select, table, text, types
from sqlalchemy.types import TypeEngine

from serving.store.every_table import every_table
from serving.store.opening import Store

AT_ONCE = 1_000


class Kind(NamedTuple):
    """What a column may hold: its type, and how a value is written as JSON and read again."""

    type: Callable[[], TypeEngine[Any]]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _same(value: object) -> object:
    return value


KINDS = {
    "truth": Kind(types.Boolean, bool, bool),
    "whole": Kind(types.BigInteger, _same, _same),
    "real": Kind(types.Float, float, float),
    "moment": Kind(types.DateTime, datetime.isoformat, datetime.fromisoformat),
    "day": Kind(types.Date, date.isoformat, date.fromisoformat),
    "bytes": Kind(types.LargeBinary, lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "json": Kind(lambda: types.JSON(none_as_null=True), _same, _same),
    "json never null": Kind(types.JSON, _same, _same),
    "text": Kind(types.String, _same, _same),
}
KIND_OF = {
    types.Boolean: "truth",
    types.Integer: "whole",
    types.Float: "real",
    types.DateTime: "moment",
    types.Date: "day",
    types.LargeBinary: "bytes",
    types.JSON: "json",
    types.String: "text",
}


def write_rows(store: Store, folder: Path) -> dict[str, int]:
    """Write every table to `<table>.jsonl.gz` in a folder; rows of each, in the order in which they can be loaded.

    Raises StoreAway.
    """
    counts = {}
    with store.reading() as connection:
        for found in every_table().sorted_tables:
            columns = [(one.name, _kind(one)) for one in found.columns]
            writers = [KINDS[kind].write for _, kind in columns]
            wanted = select(found).order_by(*found.primary_key.columns)
            count = 0
            with gzip.open(folder / f"{found.name}.jsonl.gz", "wt", encoding="utf-8", compresslevel=3) as lines:
                lines.write(_line({"table": found.name, "columns": columns}))
                for row in connection.execution_options(yield_per=AT_ONCE).execute(wanted):
                    values = zip(writers, row, strict=True)
                    lines.write(_line([None if value is None else write(value) for write, value in values]))
                    count += 1
            counts[found.name] = count
    return counts


def load_rows(engine: Engine, folder: Path, names: list[str]) -> dict[str, int]:
    """Load tables from a folder into a database of the same layout, in the order given; rows of each.

    What the layout itself brought along is replaced. All or nothing.
    """
    with engine.begin() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        for name in reversed(names):
            connection.execute(delete(table(name)))
        counts = {name: _load(connection, folder / f"{name}.jsonl.gz") for name in names}
        if engine.dialect.name == "postgresql":
            _set_sequences(connection)
    return counts


def _load(connection: Connection, file: Path) -> int:
    count = 0
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        head = json.loads(next(lines))
        columns = [column(name, KINDS[kind].type()) for name, kind in head["columns"]]
        wanted = insert(table(head["table"], *columns))
        readers = [(name, KINDS[kind].read) for name, kind in head["columns"]]
        for rows in _some(lines):
            values = [
                {name: None if value is None else read(value) for (name, read), value in zip(readers, row, strict=True)}
                for row in rows
            ]
            connection.execute(wanted, values)
            count += len(rows)
    return count


def _some(lines: Iterator[str]) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    for line in lines:
        rows.append(json.loads(line))
        if len(rows) == AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _kind(found: Column[Any]) -> str:
    kind = next(name for kind, name in KIND_OF.items() if isinstance(found.type, kind))
    return "json never null" if kind == "json" and not found.nullable else kind


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _set_sequences(connection: Connection) -> None:
    """PostgreSQL's own counters go on after the rows that were loaded with their numbers."""
    counted = text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND column_default LIKE 'nextval(%'"
    )
    for name, number in connection.execute(counted).all():
        place = text("SELECT setval(pg_get_serial_sequence(:name, :number), :value)")
        latest = connection.scalar(select(func.max(column(number))).select_from(table(name)))
        if latest is not None:
            connection.execute(place, {"name": name, "number": number, "value": latest})
