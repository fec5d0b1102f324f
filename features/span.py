"""From when to when does a history reach?"""

from datetime import UTC, datetime

from features.as_of import micros
from features.contracts import TABLES
from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.stream_sql import is_day, known_since, local_midnight, status_events


def last_recorded(history: History, not_after: datetime, keep: Keep | None = None) -> datetime | None:
    """The latest moment before `not_after` (naive UTC) at which anything was on record; None for an empty history."""
    limit = micros(not_after)
    kept = (keep or Fleeting()).group("recorded", lambda: _around(history))
    cut, before, later = kept.plain
    if limit > cut:
        return _naive(max((known for known in later if known < limit), default=before))
    return _naive(_latest(history, limit))


def _around(history: History) -> Group:
    """When the latest delivery was taken, the last moment known before, and all that are not before."""
    cut = micros(datetime.fromisoformat(history.entries[-1].taken_at)) if history.entries else 0
    parts = _moments(history)
    if not parts:
        return Group(plain=(cut, None, []))
    with history.connect() as con:
        rows = con.execute(f"SELECT DISTINCT known FROM ({' UNION ALL '.join(parts)}) WHERE known >= {cut}").fetchall()
    return Group(plain=(cut, _latest(history, cut), sorted(known for (known,) in rows)))


def _moments(history: History) -> list[str]:
    """SELECTs of when anything was on record."""
    parts = [f"SELECT {known_since(table)} AS known FROM ({history.sql_versions(table)})" for table in history.tables()]
    if "deals" in history.tables():
        parts.append(f"SELECT known FROM ({status_events(history)})")
    return parts + [later for table in history.tables() for later in _ends(history, table)]


def _latest(history: History, limit: int) -> int | None:
    parts = _moments(history)
    if not parts:
        return None
    with history.connect() as con:
        found = con.execute(f"SELECT max(known) FROM ({' UNION ALL '.join(parts)}) WHERE known < {limit}").fetchone()
    return None if found is None else found[0]


def _naive(at: int | None) -> datetime | None:
    if at is None or at < 0:
        return None
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(tzinfo=None, microsecond=at % 1_000_000)


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
