"""Which changes of a deal did nobody write down? An import notices them by comparing deals with the record.

Many systems export a deal as it is and keep no history of its fields. Where neither the mapping says when such a
field became true nor the source tells its changes, the import writes `deal_changes` rows of its own, with origin
`snapshot`: the value at which an open deal was first seen, and each other value a later export shows. They count
from when we came to know, so that no earlier moment learns of them.
"""

from typing import TYPE_CHECKING, NamedTuple

from features.contracts import SNAPSHOT, TRACKABLE
from features.delivery import Delivery
from features.quoting import name, text
from features.version_sql import sql_moment, sql_versions

if TYPE_CHECKING:
    import duckdb

    from features.history import History

COLUMNS = ("deal_id", "field", "changed_at", "old_value", "new_value", "recorded_at", "origin")


class Captured(NamedTuple):
    """The changes found, in the temporary table `additions`: how many for each field, and the columns given."""

    fields: dict[str, int]
    columns: tuple[str, ...]


def capture(
    con: "duckdb.DuckDBPyConnection", before: "History", after: "History", delivery: Delivery
) -> Captured | None:
    """Find the changes of deals that a delivery shows and nobody tells; None where there are none.

    `before` and `after` are the history without and with the delivery. Makes the temporary table `additions`.
    """
    from features.versions import sql_additions

    if "deals" not in delivery.tables:
        return None
    staged = f"read_parquet({text(str(delivery.tables['deals']))})"
    fields = _untold(con, after, delivery, staged)
    if not fields:
        return None
    con.execute(_sql_found(before, after, delivery, staged, fields))
    number = len(after.entries)
    con.execute(sql_additions(before, "deal_changes", "found", COLUMNS, number, delivery.taken_at, delivery.timezone))
    con.execute("DROP TABLE found")
    rows = con.execute("SELECT field, count(*) FROM additions GROUP BY field ORDER BY field").fetchall()
    if not rows:
        con.execute("DROP TABLE additions")
        return None
    return Captured(dict(rows), tuple(dict.fromkeys((*COLUMNS, *after.columns("deal_changes")))))


def _untold(con: "duckdb.DuckDBPyConnection", after: "History", delivery: Delivery, staged: str) -> tuple[str, ...]:
    """The fields that the delivery gives, of which no mapping and no source says what they were."""
    given = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {staged}").fetchall()}
    open_ones = [f for f in TRACKABLE if f in given and after.declared("deals", f) is None]
    if not open_ones or "deal_changes" not in after.tables():
        return tuple(open_ones)
    told = con.execute(
        f"SELECT DISTINCT field FROM ({after.sql_versions('deal_changes')}) "
        f"WHERE origin IS DISTINCT FROM {text(SNAPSHOT)}"
    ).fetchall()
    return tuple(field for field in open_ones if (field,) not in told)


def _sql_found(before: "History", after: "History", delivery: Delivery, staged: str, fields: tuple[str, ...]) -> str:
    """CREATE a temporary table `found` of the changes.

    A version that says when it was recorded counts from then, where that is later than all known before it of the
    deal. Any other value counts from the export: a `recorded_at` may be that of the deal, not of the value. A value
    that was emptied is no change: the contract asks for a new value.
    """
    taken = sql_moment(delivery.taken_at)
    values = ", ".join(f"{name(f)}::VARCHAR AS {name(f)}" for f in fields)
    listed = ", ".join(name(f) for f in fields)
    named = ", ".join(text(f) for f in fields)
    keys = "SELECT DISTINCT deal_id FROM keys"
    now = f"FROM ({sql_versions(after, 'deals', keys)}) WHERE retired_at IS NULL"
    before_it = f"FROM ({sql_versions(before, 'deals', keys)}) WHERE retired_at IS NULL"
    changes = f"FROM ({sql_versions(after, 'deal_changes', keys)}) WHERE retired_at IS NULL AND field IN ({named})"
    return f"""
    CREATE OR REPLACE TEMP TABLE found AS
    WITH keys AS (SELECT DISTINCT deal_id FROM {staged}),
    now AS (
        FROM (SELECT deal_id, status, recorded_at, version_at, {values} {now})
        UNPIVOT (value FOR field IN ({listed}))
    ), captured AS (
        SELECT deal_id, field, max(changed_at) AS seen_at, arg_max(new_value, changed_at) AS seen {changes}
        GROUP BY deal_id, field
    ), prior AS (
        SELECT deal_id, field, value FROM (SELECT deal_id, {values} {before_it})
        UNPIVOT (value FOR field IN ({listed}))
    ), earlier AS (
        SELECT deal_id, version_at AS stood_at {before_it}
    ), compared AS (
        SELECT n.deal_id, n.field, n.value, n.status, c.seen_at, e.deal_id IS NOT NULL AS on_record,
            CASE WHEN c.seen_at IS NULL THEN p.value ELSE c.seen END AS old_value,
            n.recorded_at IS NOT NULL AND e.deal_id IS NOT NULL AND n.version_at > coalesce(
                greatest(c.seen_at, e.stood_at), TIMESTAMP '0001-01-01') AS dated,
            n.version_at
        FROM now n LEFT JOIN captured c USING (deal_id, field)
        LEFT JOIN prior p ON p.deal_id = n.deal_id AND p.field = n.field
        LEFT JOIN earlier e ON e.deal_id = n.deal_id
    ), timed AS (
        SELECT *, CASE WHEN dated THEN version_at ELSE greatest({taken}, version_at, seen_at) END AS changed_at
        FROM compared
        WHERE CASE WHEN seen_at IS NOT NULL OR (on_record AND status <> 'open') THEN value IS DISTINCT FROM old_value
            ELSE status = 'open' END
    )
    SELECT deal_id, field, changed_at,
        CASE WHEN old_value IS DISTINCT FROM value THEN old_value END AS old_value,
        value AS new_value, changed_at AS recorded_at, {text(SNAPSHOT)} AS origin
    FROM timed ORDER BY deal_id, field
    """
