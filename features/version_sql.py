"""Which versions of a row stood, and from when until when? The SQL over a history's files.

A row that says of another that it was deleted (`deleted_at`) ends that row's latest version and is itself no version.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from features.contracts import ATTRIBUTE_PREFIX, DELETED, STORED_AS, TABLES, Kind
from features.quoting import name, texts

if TYPE_CHECKING:
    from features.history import History

EVER = "TIMESTAMP '0001-01-01'"
"""For NULL in `version_at`: from ever."""
_STORED = {
    "string": "VARCHAR",
    "timestamp[us]": "TIMESTAMP",
    "date32[day]": "DATE",
    "decimal128(18, 4)": "DECIMAL(18,4)",
    "double": "DOUBLE",
    "int64": "BIGINT",
    "bool": "BOOLEAN",
}


def shown_columns(history: "History", table: str) -> tuple[str, ...]:
    """The columns of a version besides its times: the contract's, then the attributes."""
    own = tuple(column for column in TABLES[table].names if column != DELETED.name)
    return (*own, *(ATTRIBUTE_PREFIX + attribute for attribute in history.attributes(table)))


def sql_versions(history: "History", table: str, among: str = "") -> str:
    """SELECT of every version of every row: shown_columns, version_at, retired_at, version, deleted_at.

    With `among`, a relation of columns of the key, only of rows that it names: others are not even read.
    """
    parts = [part for part in history.log.parts.get(table, ()) if part.rows]
    never = "NULL::TIMESTAMP AS deleted_at"
    if not parts:
        nothing = ", ".join(f"NULL::{sql_type(table, c)} AS {name(c)}" for c in shown_columns(history, table))
        return (
            f"SELECT {nothing}, NULL::TIMESTAMP AS version_at, NULL::TIMESTAMP AS retired_at, 0 AS version, {never} "
            "WHERE false"
        )
    chosen, source = _chosen(history, table), sql_stored(history, table, among)
    if not any(part.versions for part in parts):
        return f"SELECT {chosen}, version_at, NULL::TIMESTAMP AS retired_at, 0 AS version, {never} FROM {source}"
    if not any(part.deletions for part in parts):
        return f"SELECT {chosen}, {_times()}, {never} FROM {source} WINDOW w AS ({_order(table)})"
    told = (
        f"SELECT {chosen}, {_times()}, deleted_at IS NOT NULL AS gone, "
        f"lead(deleted_at IS NOT NULL) OVER w AS ended FROM {source} WINDOW w AS ({_order(table)})"
    )
    deleted = "CASE WHEN ended THEN retired_at END AS deleted_at"
    return f"SELECT * EXCLUDE (gone, ended), {deleted} FROM ({told}) WHERE NOT gone"


def sql_told(history: "History", table: str, among: str = "") -> str:
    """SELECT of everything told of every row: as sql_versions, with the rows that say a row is `gone`, and the
    delivery's number, but without deleted_at."""
    parts = [part for part in history.log.parts.get(table, ()) if part.rows]
    if not parts:
        return f"SELECT * EXCLUDE (deleted_at), false AS gone, 0 AS delivery FROM ({sql_versions(history, table)})"
    gone = "deleted_at IS NOT NULL" if any(part.deletions for part in parts) else "false"
    return (
        f"SELECT {_chosen(history, table)}, {_times()}, {gone} AS gone, delivery "
        f"FROM {sql_stored(history, table, among)} WINDOW w AS ({_order(table)})"
    )


def sql_latest(history: "History", table: str, until: datetime | None = None) -> str:
    """SELECT of the version of every row that stands, or that stood before `until` (naive UTC)."""
    times = "version_at, retired_at, version, deleted_at"
    versions = sql_versions(history, table)
    if until is None:
        return f"SELECT * EXCLUDE ({times}) FROM ({versions}) WHERE retired_at IS NULL"
    return f"SELECT * EXCLUDE ({times}) FROM ({versions}) WHERE {stood_before(until)}"


def stood_before(until: datetime) -> str:
    """SQL that holds for the versions on record just before a moment (naive UTC)."""
    moment = sql_moment(until)
    return f"(version_at IS NULL OR version_at < {moment}) AND (retired_at IS NULL OR retired_at >= {moment})"


def sql_stored(history: "History", table: str, among: str = "") -> str:
    """The rows of a table's files, as they were written; with `among`, those whose keys it names."""
    files = f"read_parquet({texts(history.files(table))}, union_by_name=true)"
    return f"(SELECT f.* FROM {files} f NATURAL SEMI JOIN ({among}) k)" if among else files


def sql_moment(moment: datetime) -> str:
    """A naive UTC moment as an SQL literal."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def sql_type(table: str, column: str) -> str:
    """DuckDB's name of the type that a column is stored as."""
    found = TABLES[table].column(column)
    return _STORED[str(STORED_AS[found.kind if found else Kind.TEXT])]


def _chosen(history: "History", table: str) -> str:
    given = history.columns(table)
    return ", ".join(
        name(c) if c in given else f"NULL::{sql_type(table, c)} AS {name(c)}" for c in shown_columns(history, table)
    )


def _times() -> str:
    return f"version_at, lead(coalesce(version_at, {EVER})) OVER w AS retired_at, row_number() OVER w - 1 AS version"


def _order(table: str) -> str:
    """The window over what was told of one row, in the order in which it counts."""
    key = ", ".join(name(column) for column in TABLES[table].key)
    return f"PARTITION BY {key} ORDER BY version_at NULLS FIRST, delivery, delivery_row"
