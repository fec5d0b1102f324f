"""From when to when does a history reach?"""

from datetime import UTC, datetime

from features.as_of import micros
from features.contracts import TABLES
from features.history import History
from features.stream_sql import is_day, known_since, local_midnight, status_events


def last_recorded(history: History, not_after: datetime) -> datetime | None:
    """The latest moment before `not_after` (naive UTC) at which anything was on record; None for an empty history."""
    limit = micros(not_after)
    parts = [f"SELECT {known_since(table)} AS known FROM ({history.sql_versions(table)})" for table in history.tables()]
    if "deals" in history.tables():
        parts.append(f"SELECT known FROM ({status_events(history)})")
    parts += [later for table in history.tables() for later in _ends(history, table)]
    if not parts:
        return None
    with history.connect() as con:
        found = con.execute(f"SELECT max(known) FROM ({' UNION ALL '.join(parts)}) WHERE known < {limit}").fetchone()
    if found is None or found[0] is None or found[0] < 0:
        return None
    return datetime.fromtimestamp(found[0] // 1_000_000, UTC).replace(tzinfo=None, microsecond=found[0] % 1_000_000)


def _ends(history: History, table: str) -> list[str]:
    """When what ends a row was on record: a cancellation is known from its own day, not from the row's beginning.

    Closings of deals are among their status's events.
    """
    if table == "deals":
        return []
    given = [column for column in TABLES[table].known_from if column in history.columns(table)]
    since = known_since(table)
    return [
        f"SELECT greatest({since}, {_moment(history, table, column)}) AS known "
        f"FROM ({history.sql_versions(table)}) WHERE {column} IS NOT NULL"
        for column in given
    ]


def _moment(history: History, table: str, column: str) -> str:
    return local_midnight(history, column) if is_day(table, column) else f"epoch_us({column}::TIMESTAMP)"
