"""Which rows of a delivery are news: new rows, new versions of known rows, and from when they count."""

from datetime import datetime
from typing import TYPE_CHECKING

from features.contracts import TABLES, Kind
from features.quoting import name

if TYPE_CHECKING:
    from features.history import History


def sql_additions(
    history: "History",
    table: str,
    staged: str,
    given: tuple[str, ...],
    number: int,
    taken_at: datetime,
    timezone: str,
) -> str:
    """CREATE a temporary table `additions` with the rows of `staged` that are not on record.

    A row is compared with the version on record at its own `recorded_at`, or at `taken_at` where it
    has none. Days are read in `timezone`. Columns the delivery does not give keep that version's values.
    `known_key` tells whether the key was on record, or stood earlier in the same delivery.
    """
    spec = TABLES[table]
    key = ", ".join(name(column) for column in spec.key)
    same_key = " AND ".join(f"s.{name(c)} = r.{name(c)}" for c in spec.key)
    taken = f"TIMESTAMP '{taken_at.isoformat(sep=' ')}'"
    recorded = "s.recorded_at" if "recorded_at" in given else "NULL::TIMESTAMP"
    compared = [c for c in given if c not in spec.key and c != "recorded_at"]
    on_record = {*spec.names, *history.columns(table)}
    differs = " OR ".join(
        f"s.{name(c)} IS DISTINCT FROM r.{name(c)}" if c in on_record else f"s.{name(c)} IS NOT NULL" for c in compared
    )
    differs = differs or "false"
    kept = [c for c in history.columns(table) if c not in (*given, "recorded_at")]
    # A row told to be older than any on record must not borrow what was written later.
    stood = f"{recorded} IS NULL OR r.version_at IS NULL OR r.version_at <= {recorded}"
    filled = "".join(f", CASE WHEN {stood} THEN r.{name(c)} END AS {name(c)}" for c in kept)
    first_seen = f"coalesce({recorded}, {_own_time(table, given, timezone)})"
    own = _own_time(table, given, timezone)
    # An undated row with a dated one of the same key behind it is the older of the two, not today's.
    counts_at = (
        f"CASE WHEN {recorded} IS NOT NULL THEN {recorded} "
        f"WHEN s.turn < s.turns THEN coalesce({own}, {_EVER}) ELSE {taken} END"
    )
    moved = (
        f"CASE WHEN {recorded} IS NULL AND s.turn < s.turns THEN coalesce({own}, r.version_at) "
        f"ELSE coalesce({recorded}, greatest({taken}, coalesce(r.version_at, {taken}))) END"
    )
    return f"""
    CREATE OR REPLACE TEMP TABLE additions AS
    WITH staged AS (
        SELECT *, row_number() OVER () AS delivery_row FROM {staged}
    ), repeated AS (
        SELECT {key} FROM staged GROUP BY ALL HAVING count(*) > 1
    ), ordered AS (
        SELECT s.*, 1 AS turn, 1 AS turns FROM staged s ANTI JOIN repeated USING ({key})
        UNION ALL BY NAME
        SELECT s.*, row_number() OVER (
            PARTITION BY {key} ORDER BY {"recorded_at NULLS FIRST," if "recorded_at" in given else ""} delivery_row
        ) AS turn, count(*) OVER (PARTITION BY {key}) AS turns FROM staged s SEMI JOIN repeated USING ({key})
    ), record AS (
        SELECT * FROM ({history.sql_versions(table)}) SEMI JOIN staged USING ({key})
    ), compared AS (
        SELECT s.*{filled}, r.version IS NOT NULL AS on_record,
            r.version IS NOT NULL AND NOT ({differs})
                AND ({stood}) AS same,
            CASE WHEN r.version IS NOT NULL THEN {moved} ELSE {first_seen} END AS version_at
        FROM ordered s LEFT JOIN record r ON {same_key}
        QUALIFY row_number() OVER (
            PARTITION BY s.delivery_row
            ORDER BY coalesce(r.version_at, {_EVER}) <= {counts_at} DESC,
                CASE WHEN coalesce(r.version_at, {_EVER}) > {counts_at} THEN r.version_at END,
                r.version DESC
        ) = 1
    )
    SELECT * EXCLUDE (on_record, same, turn, turns), {number} AS delivery, on_record OR turn > 1 AS known_key
    FROM compared WHERE NOT same ORDER BY delivery_row
    """


_EVER = "TIMESTAMP '0001-01-01'"


def _own_time(table: str, given: tuple[str, ...], timezone: str) -> str:
    """SQL of the moment a row counts from when nothing says when it was recorded."""
    spec = TABLES[table]
    if spec.happened is None or spec.happened not in given:
        return "NULL::TIMESTAMP"
    column = spec.column(spec.happened)
    if column is not None and column.kind is Kind.DAY:
        return f"timezone('{timezone}', s.{name(spec.happened)}::TIMESTAMP)::TIMESTAMP"
    return f"s.{name(spec.happened)}"
