"""How much is on record, how often was it corrected, and how late is it written down?"""

from dataclasses import asdict, dataclass

from features.contracts import TABLES, Kind
from features.history import History
from features.quoting import name, text
from features.version_sql import sql_told

DAY = 86_400.0
"""Seconds in a day."""


@dataclass(frozen=True)
class TableStats:
    """One table. `rows` stand now; `versions` ever stood, `corrections` of them replaced or followed another.

    `late_share` is the share of the rows that were recorded after they happened, `late_days` the median delay of
    these in days; None where rows have no time of their own. Times are UTC.
    """

    table: str
    rows: int
    versions: int
    corrections: int
    deletions: int
    late: int | None
    late_share: float | None
    late_days: float | None
    first_recorded: str | None
    last_recorded: str | None
    files: int
    bytes: int


@dataclass(frozen=True)
class HistoryStats:
    """The whole history; `layout` is the oldest in use."""

    place: str
    layout: int
    fingerprint: str
    timezone: str | None
    currency: str | None
    deliveries: int
    first_taken: str | None
    last_taken: str | None
    captured: int
    files: int
    bytes: int
    tables: tuple[TableStats, ...]

    def lines(self) -> list[str]:
        """The figures as text, a line each."""
        head = f"{'table':<14}{'rows':>11}{'versions':>11}{'corrected':>11}{'deleted':>9}{'late':>8}{'lag days':>10}"
        found = [
            f"{self.place}: {self.deliveries:,} deliveries, {self.files:,} files, {self.bytes / 1e6:,.1f} MB, "
            f"layout {self.layout}, fingerprint {self.fingerprint}",
            head + f"{'files':>7}{'MB':>9}  recorded from .. to (UTC)",
        ]
        return found + [_line(table) for table in self.tables]

    def to_dict(self) -> dict[str, object]:
        """The figures for a program."""
        return asdict(self)


def stats(history: History) -> HistoryStats:
    """Count what is on record."""
    sizes = history.store.sizes()
    tables = tuple(_table(history, table, sizes) for table in history.tables())
    taken = sorted(entry.taken_at for entry in history.entries)
    return HistoryStats(
        history.store.place,
        history.log.schema,
        history.fingerprint,
        history.timezone,
        history.currency,
        len(history.entries),
        taken[0] if taken else None,
        taken[-1] if taken else None,
        sum(sum(entry.captured.values()) for entry in history.entries),
        len(history.log.files),
        sum(sizes.get(file, 0) for file in history.log.files),
        tables,
    )


def _table(history: History, table: str, sizes: dict[str, int]) -> TableStats:
    key = ", ".join(name(column) for column in TABLES[table].key)
    own = _sql_own_time(history, table)
    lag = f"epoch(version_at) - epoch({own})"
    first_late = f"NOT gone AND version = 0 AND {lag} > 0"
    with history.connect() as con:
        row = con.execute(
            f"SELECT count(*) FILTER (retired_at IS NULL AND NOT gone), count(*) FILTER (NOT gone), "
            f"count(DISTINCT ({key})), count(*) FILTER (gone), count(*) FILTER ({first_late}), "
            f"median({lag}) FILTER ({first_late}), count(*) FILTER (version = 0 AND {own} IS NOT NULL), "
            f"min(version_at)::VARCHAR, max(version_at)::VARCHAR FROM ({sql_told(history, table)})"
        ).fetchall()[0]
    rows, versions, keys, deletions, late, seconds, timed, first, last = row
    dated = TABLES[table].happened is not None
    files = [part.file for part in history.log.parts[table]]
    return TableStats(
        table,
        rows,
        versions,
        versions - keys,
        deletions,
        late if dated else None,
        late / timed if dated and timed else None,
        seconds / DAY if seconds is not None else None,
        first,
        last,
        len(files),
        sum(sizes.get(file, 0) for file in files),
    )


def _sql_own_time(history: History, table: str) -> str:
    """SQL of the moment a row happened; NULL for tables whose rows have none."""
    happened = TABLES[table].happened
    if happened is None:
        return "NULL::TIMESTAMP"
    column = TABLES[table].column(happened)
    if column is not None and column.kind is Kind.DAY:
        return f"timezone({text(history.timezone or 'UTC')}, {name(happened)}::TIMESTAMP)::TIMESTAMP"
    return name(happened)


def _line(table: TableStats) -> str:
    late = "" if table.late_share is None else f"{table.late_share:.1%}"
    lag = "" if table.late_days is None else f"{table.late_days:,.1f}"
    counts = f"{table.rows:>11,}{table.versions:>11,}{table.corrections:>11,}{table.deletions:>9,}{late:>8}{lag:>10}"
    times = f"{(table.first_recorded or 'ever')[:19]} .. {(table.last_recorded or 'ever')[:19]}"
    return f"{table.table:<14}{counts}{table.files:>7,}{table.bytes / 1e6:>9,.1f}  {times}"
