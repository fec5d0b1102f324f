"""How does a history leave the house? As files that `foresell import` reads back, with the mapping they need.

Only rows that count from their own time go out without `recorded_at`; all others carry the moment they count from,
so that a history made from the files knows nothing earlier than this one did.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from features.contracts import ATTRIBUTE_PREFIX, DELETED, TABLES, Kind
from features.delivery import NO_CURRENCY
from features.errors import ForesellError
from features.history import History
from features.quoting import name, text
from features.version_sql import sql_moment, sql_told, stood_before

FORMATS = ("csv", "parquet")
MAPPING = "mapping.yaml"


class FolderInUse(ForesellError):
    problem = "The folder {0} is not empty; files of two exports would be mixed."
    fix = "give a new or an empty folder after --out."


class ExportNotWritten(ForesellError):
    problem = "The export to {0} could not be written: {1}."
    fix = "choose a folder that may be written to, with room on the disk, and try again."


def _silent(_: str) -> None:
    """No progress."""


def export(
    history: History,
    folder: Path,
    as_of: datetime | None = None,
    format_: str = "csv",
    versions: bool = False,
    progress: Callable[[str], None] = _silent,
) -> dict[str, int]:
    """Write every table to a file of the folder, and a mapping; return the rows of each.

    Rows as they stand, or stood before `as_of` (naive UTC); with `versions` every version up to then and the rows
    that tell deletions. Raises FolderInUse, ExportNotWritten.
    """
    import duckdb

    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FolderInUse(folder)
        rows: dict[str, int] = {}
        with history.connect() as con:
            for table in history.tables():
                progress(f"writing {table}")
                told = sql_export(history, table, as_of, versions, format_)
                options = "FORMAT csv, HEADER" if format_ == "csv" else "FORMAT parquet, COMPRESSION zstd"
                target = text(str(folder / f"{table}.{format_}"))
                rows[table] = con.execute(f"COPY ({told}) TO {target} ({options})").fetchall()[0][0]
                if not rows[table]:
                    (folder / f"{table}.{format_}").unlink()
        there = [table for table in rows if rows[table]]
        (folder / MAPPING).write_text(_mapping(history, there, format_), "utf-8")
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as failure:
        raise ExportNotWritten(folder, str(failure).splitlines()[0]) from failure
    return rows


def sql_export(history: History, table: str, as_of: datetime | None, versions: bool, format_: str) -> str:
    """SELECT of a table's rows in the columns that an import reads."""
    own = TABLES[table].names
    given = history.columns(table)
    columns = [c for c in (*own, *given) if c in (*given, "recorded_at")]
    counts_from = "CASE WHEN version > 0 OR recorded_at IS NOT NULL THEN version_at END"
    chosen = []
    for column in dict.fromkeys(columns):
        sql = counts_from if column == "recorded_at" else name(column)
        if column not in (*TABLES[table].key, "recorded_at"):
            sql = f"CASE WHEN NOT gone THEN {sql} END"
        chosen.append(f"{_written(table, column, sql, format_)} AS {name(column)}")
    if versions:
        chosen.append(f"{_written(table, DELETED.name, 'CASE WHEN gone THEN version_at END', format_)} AS deleted_at")
    before = f"version_at IS NULL OR version_at < {sql_moment(as_of)}" if as_of else "true"
    ever_stood = "retired_at IS NULL OR version_at IS NULL OR version_at < retired_at"
    stands = stood_before(as_of) if as_of else "retired_at IS NULL"
    which = f"({before}) AND ({ever_stood})" if versions else f"NOT gone AND {stands}"
    key = ", ".join(name(column) for column in TABLES[table].key)
    return f"SELECT {', '.join(chosen)} FROM ({sql_told(history, table)}) WHERE {which} ORDER BY {key}, version"


def _written(table: str, column: str, sql: str, format_: str) -> str:
    """A value so that it is read back as it is, whatever the mapping's time zone."""
    found = TABLES[table].column(column)
    kind = found.kind if found else Kind.TEXT
    if kind is Kind.MOMENT:
        return f"strftime({sql}, '%Y-%m-%dT%H:%M:%S.%fZ')" if format_ == "csv" else f"timezone('UTC', {sql})"
    return sql


def _mapping(history: History, tables: list[str], format_: str) -> str:
    """The mapping file: what the deliveries declared, so that a new history judges the columns alike."""
    import yaml

    described: dict[str, object] = {"timezone": history.timezone}
    if history.currency not in (None, NO_CURRENCY):
        described["currency"] = history.currency
    listed: dict[str, object] = {}
    for table in tables:
        said: dict[str, object] = {"file": f"{table}.{format_}"}
        known = {c: declared for c in TABLES[table].names if (declared := history.declared(table, c))}
        if known:
            said["known"] = {column: str(moment) for column, moment in known.items()}
        attributes = {
            attribute: {"column": ATTRIBUTE_PREFIX + attribute, "known": str(history.known(table, attribute))}
            for attribute in history.attributes(table)
        }
        if attributes:
            said["attributes"] = attributes
        listed[table] = said
    described["tables"] = listed
    return yaml.safe_dump(described, allow_unicode=True, sort_keys=False)
