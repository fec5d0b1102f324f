"""From when to when does a history reach?"""

from datetime import UTC, datetime

from features.as_of import micros
from features.history import History
from features.stream_sql import known_since, status_events


def last_recorded(history: History, not_after: datetime) -> datetime | None:
    """The latest moment before `not_after` (naive UTC) at which anything was on record; None for an empty history."""
    limit = micros(not_after)
    parts = [f"SELECT {known_since(table)} AS known FROM ({history.sql_versions(table)})" for table in history.tables()]
    if "deals" in history.tables():
        parts.append(f"SELECT known FROM ({status_events(history)})")
    if not parts:
        return None
    with history.connect() as con:
        found = con.execute(f"SELECT max(known) FROM ({' UNION ALL '.join(parts)}) WHERE known < {limit}").fetchone()
    if found is None or found[0] is None or found[0] < 0:
        return None
    return datetime.fromtimestamp(found[0] // 1_000_000, UTC).replace(tzinfo=None, microsecond=found[0] % 1_000_000)
