"""Which rows of a delivery are news: new rows, new versions of known rows, deletions, and from when they count?

A row with `deleted_at` ends the version on record. It counts from its `recorded_at` where that is not before
the deletion itself (an earlier one speaks of the row), else from the day of the export, and never from before
the deletion. Where nothing was on record there is nothing to end, and nothing is added.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from features.contracts import DELETED, TABLES, Kind
from features.quoting import name, text
from features.version_sql import EVER, sql_moment, sql_told

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
    `number` is the delivery's place among the deliveries.
    `known_key` tells whether the key was on record, or stood earlier in the same delivery.
    """
    spec = TABLES[table]
    key = ", ".join(name(column) for column in spec.key)
    same_key = " AND ".join(f"s.{name(c)} = r.{name(c)}" for c in spec.key)
    taken = sql_moment(taken_at)
    deletes, dated = DELETED.name in given, "recorded_at" in given
    recorded = "s.recorded_at" if dated else "NULL::TIMESTAMP"
    gone = "s.deleted_at IS NOT NULL" if deletes else "false"
    values = [c for c in given if c not in (*spec.key, "recorded_at", DELETED.name)]
    on_record = {*spec.names, *history.columns(table)}
    differs = " OR ".join(
        f"s.{name(c)} IS DISTINCT FROM r.{name(c)}" if c in on_record else f"s.{name(c)} IS NOT NULL" for c in values
    )
    kept = [c for c in history.columns(table) if c not in (*given, "recorded_at")]
    # A row told to be older than any on record must not borrow what was written later.
    stood = f"{recorded} IS NULL OR r.version_at IS NULL OR r.version_at <= {recorded}"
    borrowed = {c: f"CASE WHEN {stood} THEN r.{name(c)} END" for c in values + kept if c in on_record}
    filled = "".join(f", {borrowed[c]} AS {name(c)}" for c in kept)
    told = [f"s.{name(c)}" for c in (*spec.key, *(["recorded_at"] if dated else []))]
    for c in values:
        # A deletion tells nothing but itself: the values are those that stood, for a row that comes again.
        value = f"CASE WHEN {gone} THEN {borrowed.get(c, 'NULL')} ELSE s.{name(c)} END" if deletes else f"s.{name(c)}"
        told.append(f"{value} AS {name(c)}")
    own = _own_time(table, given, timezone)
    # An undated row with a dated one of the same key behind it is the older of the two, not today's.
    before = f"coalesce({'s.deleted_at, ' if deletes else ''}{own}, {EVER})"
    today = f"greatest({taken}, s.deleted_at)" if deletes else taken
    counts_at = f"CASE WHEN {recorded} IS NOT NULL THEN {recorded} WHEN s.turn < s.turns THEN {before} ELSE {today} END"
    moved = f"coalesce({recorded}, greatest({taken}, coalesce(r.version_at, {taken})))"
    version_at = f"CASE WHEN r.version IS NOT NULL THEN {moved} ELSE coalesce({recorded}, {own}) END"
    since_earlier = f"s.earlier_recorded > coalesce(r.version_at, {EVER})"
    from_earlier = " OR ".join(f"s.{name(c)} IS DISTINCT FROM s.earlier.{name(c)}" for c in values) or "false"
    if deletes:
        from_earlier = f"s.earlier_gone OR {from_earlier}"
    # Of a row on record, an undated row with another of its key behind it never stood. A dated one is compared with
    # the dated one before it in the delivery, where that came after what is on record.
    news = (
        f"r.version IS NULL OR (({recorded} IS NOT NULL OR s.turn = s.turns) AND (r.gone OR NOT ({stood}) "
        f"OR CASE WHEN {since_earlier} THEN {from_earlier} ELSE {differs or 'false'} END))"
    )
    if deletes:
        # A deletion ends the version on record, or a row that stands earlier in the same delivery; else it is no news.
        since = f"greatest({counts_at}, s.live_before, CASE WHEN {stood} THEN r.version_at END)"
        ends_record = f"r.version IS NOT NULL AND NOT r.gone AND ({stood})"
        ends_earlier = (
            f"s.live_before IS NOT NULL AND (r.version IS NULL OR NOT ({stood}) "
            f"OR coalesce(r.version_at, {EVER}) < s.live_before)"
        )
        version_at = f"CASE WHEN {gone} THEN {since} ELSE {version_at} END"
        news = f"CASE WHEN {gone} THEN ({ends_record}) OR ({ends_earlier}) ELSE {news} END"
    return f"""
    CREATE OR REPLACE TEMP TABLE additions AS
    WITH staged AS (
        SELECT *{_REPLACED if deletes and dated else ""}, row_number() OVER () AS delivery_row FROM {staged}
    ), repeated AS (
        SELECT {key} FROM staged GROUP BY ALL HAVING count(*) > 1
    ), turned AS (
        SELECT s.*, 1 AS turn, 1 AS turns, NULL::TIMESTAMP AS earlier_recorded
            {", false AS earlier_gone" if deletes else ""}
        FROM staged s ANTI JOIN repeated USING ({key})
        UNION ALL BY NAME
        SELECT s.*, row_number() OVER w AS turn, count(*) OVER (PARTITION BY {key}) AS turns,
            lag({recorded}) OVER w AS earlier_recorded, lag({_packed(values)}) OVER w AS earlier
            {f", coalesce(lag({gone}) OVER w, false) AS earlier_gone" if deletes else ""}
        FROM staged s SEMI JOIN repeated USING ({key})
        WINDOW w AS (PARTITION BY {key} ORDER BY {_turn_order(deletes, dated)} delivery_row)
    ), ordered AS ({_sql_live_before(key, counts_at, gone) if deletes else "SELECT * FROM turned"}
    ), record AS (
        {sql_told(history, table, f"SELECT DISTINCT {key} FROM staged")}
    ), compared AS (
        SELECT {", ".join(told)}{filled}, s.turn, s.delivery_row,
            {"s.deleted_at" if deletes else "NULL::TIMESTAMP"} AS deleted_at,
            r.version IS NOT NULL AS on_record, {news} AS news, {version_at} AS version_at
        FROM ordered s LEFT JOIN record r ON {same_key}
        QUALIFY row_number() OVER (
            PARTITION BY s.delivery_row
            ORDER BY coalesce(r.version_at, {EVER}) <= {counts_at} DESC,
                CASE WHEN coalesce(r.version_at, {EVER}) > {counts_at} THEN r.version_at END,
                r.version DESC
        ) = 1
    )
    SELECT * EXCLUDE (on_record, news, turn), {number} AS delivery, on_record OR turn > 1 AS known_key
    FROM compared WHERE news
    """


def sql_complete(
    history: "History",
    table: str,
    staged: str,
    present: str,
    given: tuple[str, ...],
    number: int,
    rows: int,
    taken_at: datetime,
) -> tuple[str, str]:
    """INSERT into `additions` what follows from an export having every row of the table.

    Rows on record that are not among the keys of `present` are deleted at `taken_at`. A row of the `rows` in
    `staged` that was told to be deleted and is there nevertheless has come again, whatever its `recorded_at`.
    """
    spec, taken = TABLES[table], sql_moment(taken_at)
    key = ", ".join(name(column) for column in spec.key)
    columns = [c for c in history.columns(table) if c not in (*spec.key, "recorded_at")]
    latest = (
        f"SELECT * FROM ({sql_told(history, table)}) ANTI JOIN additions USING ({key}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY version DESC) = 1"
    )
    stored = "".join(f", {name(c)}" for c in columns)
    when = f"greatest({taken}, version_at)"
    absent = f"""
    INSERT INTO additions BY NAME
    SELECT {key}{stored}, {when} AS deleted_at, {when} AS version_at, {number} AS delivery,
        {rows} + row_number() OVER (ORDER BY {key}) AS delivery_row, true AS known_key
    FROM ({latest}) ANTI JOIN {present} USING ({key}) WHERE NOT gone
    """
    live = "WHERE deleted_at IS NULL" if DELETED.name in given else ""
    order = f"{'recorded_at DESC NULLS LAST, ' if 'recorded_at' in given else ''}delivery_row DESC"
    last = (
        f"SELECT * FROM (SELECT *, row_number() OVER () AS delivery_row FROM {staged}) {live} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"
    )
    values = "".join(f", s.{name(c)}" for c in given if c not in (*spec.key, "recorded_at", DELETED.name))
    kept = "".join(f", r.{name(c)}" for c in columns if c not in given)
    same_key = " AND ".join(f"s.{name(c)} = r.{name(c)}" for c in spec.key)
    whose = ", ".join(f"s.{name(c)}" for c in spec.key)
    again = f"""
    INSERT INTO additions BY NAME
    SELECT {whose}{values}{kept}, greatest({taken}, r.version_at) AS version_at, {number} AS delivery,
        s.delivery_row, true AS known_key
    FROM ({last}) s JOIN ({latest}) r ON {same_key} WHERE r.gone
    """
    return absent, again


_REPLACED = " REPLACE (CASE WHEN deleted_at IS NULL OR recorded_at >= deleted_at THEN recorded_at END AS recorded_at)"
"""What was recorded before the deletion speaks of the row."""


def _packed(columns: list[str]) -> str:
    """Columns of a row as one value."""
    return "{" + ", ".join(f"{text(c)}: s.{name(c)}" for c in columns) + "}" if columns else "NULL"


def _turn_order(deletes: bool, dated: bool) -> str:
    """What orders the rows of one key within a delivery, besides their place in the file."""
    if dated:
        return f"{'coalesce(recorded_at, deleted_at)' if deletes else 'recorded_at'} NULLS FIRST,"
    return ""


def _sql_live_before(key: str, counts_at: str, gone: str) -> str:
    """The rows with `live_before`: from when the latest row of the key before them counts, NULL for none."""
    return f"""
        SELECT *, max(CASE WHEN NOT ({gone}) THEN {counts_at} END) OVER (
            PARTITION BY {key} ORDER BY turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS live_before FROM turned s"""


def _own_time(table: str, given: tuple[str, ...], timezone: str) -> str:
    """SQL of the moment a row counts from when nothing says when it was recorded."""
    spec = TABLES[table]
    if spec.happened is None or spec.happened not in given:
        return "NULL::TIMESTAMP"
    column = spec.column(spec.happened)
    if column is not None and column.kind is Kind.DAY:
        return f"timezone('{timezone}', s.{name(spec.happened)}::TIMESTAMP)::TIMESTAMP"
    return f"s.{name(spec.happened)}"
