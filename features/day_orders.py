"""In which order do the date columns of a file write day and month, and what proves it?"""

import duckdb

from features.contracts import Kind
from features.parts import Cell, Part
from features.written_dates import MIXED, MONTH_FIRST, AmbiguousDates, Evidence, find_evidence, formats_like


def day_orders(connection: duckdb.DuckDBPyConnection, part: Part) -> tuple[dict[str, str], list[str]]:
    """The order in each date column `x<i>` of the view `texts_<n>`, and remarks on what was assumed.

    Raises AmbiguousDates where nothing in the file tells.
    """
    dated = {
        f"x{i}": cell
        for i, cell in enumerate(part.cells)
        if cell.column.kind in (Kind.MOMENT, Kind.DAY) and cell.column.name not in part.source.dates
    }
    found = find_evidence(connection, f"texts_{part.number}", list(dated))
    orders: dict[str, str] = {}
    notes: list[str] = []
    for x, cell in dated.items():
        evidence, shown = found[x], cell.header or cell.label
        order = evidence.order
        if order is None and evidence.unclear:
            order = _order_of_siblings(part, cell, evidence, found)
            first = "month" if order == MONTH_FIRST else "day"
            notes.append(f"{part.file}: column '{shown}' was read {first} first, as the file's other dates are")
        if order == MIXED:
            notes.append(
                f"{part.file}: column '{shown}' mixes day-first ({evidence.day_first} rows) and month-first dates "
                f"({evidence.month_first} rows); dates that could be either are rejected"
            )
        orders[x] = order or MONTH_FIRST
    return orders, notes


def _order_of_siblings(part: Part, cell: Cell, evidence: Evidence, found: dict[str, Evidence]) -> str:
    """The one order that the other date columns of the file prove."""
    proven = {other.order for other in found.values()} - {None}
    if len(proven) != 1 or MIXED in proven:
        formats = formats_like(evidence.example or "1/2/2000")
        shown = cell.header or cell.label
        raise AmbiguousDates(part.file, shown, evidence.example, part.table.name, cell.label, *formats)
    return str(proven.pop())
