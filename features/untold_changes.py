"""Which changes of a deal's fields does nobody write down, when deals are told row by row?

The same question as `features.snapshots` asks of an import: where neither a mapping says when a field became true nor
the source tells its changes, a new row of the deal is the only word of them. Here it is asked of one row, for the
memory and for the folding alike, so that both note the same changes.
"""

from collections.abc import Collection

from features.contracts import SNAPSHOT, TRACKABLE
from features.deal_facts import text_of_field
from features.history import History
from features.plain_rows import Row
from features.quoting import text


def untold_fields(history: History) -> set[str]:
    """The fields of deals of which no mapping and no source of a history says what they were."""
    fields = {field for field in TRACKABLE if history.declared("deals", field) is None}
    if fields and "deal_changes" in history.tables():
        with history.connect() as con:
            told = con.execute(
                f"SELECT DISTINCT field FROM ({history.sql_versions('deal_changes')}) "
                f"WHERE origin IS DISTINCT FROM {text(SNAPSHOT)}"
            ).fetchall()
        fields -= {field for (field,) in told}
    return fields


def changes_noticed(before: Row | None, since: int, row: Row, at: int, fields: Collection[str]) -> list[Row]:
    """The rows of deal_changes, recorded at a moment, that a row of a deal recorded then shows in these fields.

    `before` is the deal's latest row and `since` when it came to be on record (microseconds); None for a new deal.
    A row that comes late, and a value that was emptied, show no change.
    """
    if before is not None and before.get("status") is None:
        before = None  # its deletion came first, and says nothing of it
    if not fields or (before is not None and at < since):
        return []
    whole = {**(before or {}), **row}
    if before is None and whole.get("status") != "open":
        return []
    found: list[Row] = []
    for field in TRACKABLE:
        old, new = (before or {}).get(field), whole.get(field)
        if field in fields and new is not None and new != old:
            changed: Row = {"deal_id": row["deal_id"], "field": field, "changed_at": at, "origin": SNAPSHOT}
            found.append({**changed, "old_value": text_of_field(field, old), "new_value": text_of_field(field, new)})
    return found
