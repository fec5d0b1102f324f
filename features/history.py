"""What was on record, and since when: the append-only store under everything.

Rows are never changed. A delivery adds rows and new versions of rows; each version counts from a
moment (`version_at`): its `recorded_at` where the file gives one; else, for a row first seen, the
row's own time; else, for a row that was on record with other values, the time the export was taken.
A version counts until the next one does (`retired_at`). NULL in `version_at` means from ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from filelock import FileLock

from features.contracts import ATTRIBUTE_PREFIX, STORED_AS, TABLES, Kind, Known, default_known
from features.errors import ForesellError
from features.home import make_private
from features.ledger import Entry, Ledger, Part, seal, text_of
from features.quoting import name, text

if TYPE_CHECKING:
    import duckdb

FOLDER = "history"
NO_CURRENCY = "XXX"
"""ISO 4217 for no currency: where nothing says which one it is."""
MEMORY = "450MB"
"""What comparing a delivery with the record may take; more spills to the home folder."""


class NoHistory(ForesellError):
    problem = "There is no history at {0} yet."
    fix = "import one: foresell import FOLDER --mapping FILE, or try foresell demo."


class CurrencyChanged(ForesellError):
    problem = "The history keeps money in {0}, this delivery says {1}."
    fix = "set currency: {0} in the mapping and give the rows their own currency column, or use another --home."


class HistoryNotWritten(ForesellError):
    problem = "The delivery could not be written ({0}); the history is as it was."
    fix = "free some disk space or mend the folder's permissions, then run the import again."


@dataclass(frozen=True)
class Delivery:
    """What one import brings: typed Parquet files, one for each table.

    A file has columns of the contract (types: `contracts.STORED_AS`) and attributes as text columns
    named `attr_<name>`. A column absent from the file keeps the value on record. `known` holds what
    the mapping declared by table and column or attribute name. `taken_at` is naive UTC.
    """

    tables: Mapping[str, Path]
    known: Mapping[str, Mapping[str, Known]]
    timezone: str
    currency: str
    origin: str
    taken_at: datetime


class Counts(NamedTuple):
    """What became of a table's rows."""

    new: int
    changed: int
    same: int


class History:
    """One history folder, opened at its present state: later deliveries are not seen."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / FOLDER
        self.ledger = Ledger(self.folder)
        self.entries = self.ledger.entries()
        self._tracked_fields: tuple[int, frozenset[str]] | None = None

    @staticmethod
    def open(home: Path) -> "History":
        """The history of a home folder; empty, and nothing created, where there is none."""
        return History(home)

    @staticmethod
    def existing(home: Path) -> "History":
        """The history of a home folder. Raises NoHistory where nothing was imported."""
        history = History(home)
        if not history.entries:
            raise NoHistory(home)
        return history

    @property
    def timezone(self) -> str | None:
        """The time zone of days given as moments: the latest delivery's."""
        return self.entries[-1].timezone if self.entries else None

    @property
    def currency(self) -> str | None:
        """The base currency of all reports; NO_CURRENCY until a delivery names one."""
        if not self.entries:
            return None
        return next((entry.currency for entry in self.entries if entry.currency != NO_CURRENCY), NO_CURRENCY)

    @property
    def fingerprint(self) -> str:
        """A short text that changes with every delivery."""
        import hashlib

        sums = "".join(part.sha256 for entry in self.entries for part in entry.parts.values())
        return hashlib.sha256(sums.encode()).hexdigest()[:12]

    def tables(self) -> tuple[str, ...]:
        """The tables that have rows, in the contract's order."""
        present = {table for entry in self.entries for table, part in entry.parts.items() if part.rows}
        return tuple(table for table in TABLES if table in present)

    def columns(self, table: str) -> tuple[str, ...]:
        """Contract columns and attributes (`attr_...`) ever given for a table."""
        parts = [entry.parts[table] for entry in self.entries if table in entry.parts]
        seen = dict.fromkeys(column for part in parts for column in part.columns)
        return tuple(seen)

    def attributes(self, table: str) -> tuple[str, ...]:
        """Names of the attributes ever given for a table, without prefix."""
        found = [c for c in self.columns(table) if c.startswith(ATTRIBUTE_PREFIX)]
        return tuple(name.removeprefix(ATTRIBUTE_PREFIX) for name in sorted(found))

    def known(self, table: str, column: str) -> Known:
        """When a column's or attribute's value became true; the latest declaration stands."""
        for entry in reversed(self.entries):
            if declared := entry.known.get(table, {}).get(column):
                return Known(declared)
        if TABLES[table].column(column) is None:
            return Known.CURRENT
        return default_known(table, column, self._tracked())

    def _tracked(self) -> frozenset[str]:
        """The deal fields whose past values stand in `deal_changes`."""
        if self._tracked_fields is None or self._tracked_fields[0] != len(self.entries):
            fields: frozenset[str] = frozenset()
            if "deal_changes" in self.tables():
                with self.connect() as con:
                    found = con.execute(f"SELECT DISTINCT field FROM ({self.sql_versions('deal_changes')})")
                    fields = frozenset(row[0] for row in found.fetchall())
            self._tracked_fields = (len(self.entries), fields)
        return self._tracked_fields[1]

    def connect(self) -> "duckdb.DuckDBPyConnection":
        """A DuckDB connection of its own, spilling into the home folder; times are UTC."""
        import duckdb

        con = duckdb.connect(":memory:")
        con.execute("SET TimeZone='UTC'")
        con.execute("SET enable_progress_bar=false")
        con.execute(f"SET temp_directory={text(str(self.home / 'spill'))}")
        return con

    def sql_versions(self, table: str) -> str:
        """SELECT of every version of every row.

        Columns: all of the contract (NULL where never given), the attributes, `version_at`,
        `retired_at` and `version` (0 for the first).
        """
        wanted = [*TABLES[table].names, *(ATTRIBUTE_PREFIX + a for a in self.attributes(table))]
        parts = [entry.parts[table] for entry in self.entries if table in entry.parts]
        if not any(part.rows for part in parts):
            nothing = ", ".join(f"NULL::{_sql_type(table, column)} AS {name(column)}" for column in wanted)
            return (
                f"SELECT {nothing}, NULL::TIMESTAMP AS version_at, NULL::TIMESTAMP AS retired_at, "
                "0 AS version WHERE false"
            )
        chosen = ", ".join(
            name(c) if c in self.columns(table) else f"NULL::{_sql_type(table, c)} AS {name(c)}" for c in wanted
        )
        files = ", ".join(text(str(self.folder / part.file)) for part in parts if part.rows)
        source = f"read_parquet([{files}], union_by_name=true)"
        if not any(part.versions for part in parts):
            return f"SELECT {chosen}, version_at, NULL::TIMESTAMP AS retired_at, 0 AS version FROM {source}"
        key = ", ".join(name(column) for column in TABLES[table].key)
        order = "version_at NULLS FIRST, delivery, delivery_row"
        return (
            f"SELECT {chosen}, version_at, lead(version_at) OVER w AS retired_at, "
            f"row_number() OVER w - 1 AS version FROM {source} WINDOW w AS (PARTITION BY {key} ORDER BY {order})"
        )

    def sql_latest(self, table: str, until: datetime | None = None) -> str:
        """SELECT of the latest version of every row; with `until` (naive UTC), as on record before it."""
        versions = self.sql_versions(table)
        if until is None:
            return f"SELECT * EXCLUDE (version_at, retired_at, version) FROM ({versions}) WHERE retired_at IS NULL"
        moment = f"TIMESTAMP '{until.isoformat(sep=' ')}'"
        return (
            f"SELECT * EXCLUDE (version_at, retired_at, version) FROM ({versions}) "
            f"WHERE (version_at IS NULL OR version_at < {moment}) AND (retired_at IS NULL OR retired_at >= {moment})"
        )

    def append(self, delivery: Delivery) -> dict[str, Counts]:
        """Add a delivery, all or nothing, and say what was new, changed and already there.

        Afterwards this object sees the delivery. Raises CurrencyChanged, HistoryNotWritten.
        """
        import duckdb

        try:
            make_private(self.home)
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                self.entries = self.ledger.entries()
                self.ledger.sweep(self.entries)
                return self._append(delivery)
        except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as failure:
            self.entries = self.ledger.entries()
            raise HistoryNotWritten(str(failure).splitlines()[0]) from failure

    def _append(self, delivery: Delivery) -> dict[str, Counts]:
        if self.currency not in (None, NO_CURRENCY, delivery.currency) and delivery.currency != NO_CURRENCY:
            raise CurrencyChanged(self.currency, delivery.currency)
        number = len(self.entries) + 1
        counts: dict[str, Counts] = {}
        parts: dict[str, Part] = {}
        with self.connect() as con:
            con.execute(f"SET memory_limit='{MEMORY}'")
            for table, path in delivery.tables.items():
                counts[table], part = self._store(con, table, path, number, delivery)
                if part.rows or table not in self.tables():
                    parts[table] = part
        if any(part.rows for part in parts.values()) or self._declares_anew(delivery):
            entry = Entry(
                number,
                delivery.origin,
                text_of(delivery.taken_at),
                delivery.timezone,
                delivery.currency,
                {t: {c: str(k) for c, k in known.items()} for t, known in delivery.known.items()},
                parts,
            )
            self.ledger.commit(entry)
            self.entries = (*self.entries, entry)
        return counts

    def _declares_anew(self, delivery: Delivery) -> bool:
        if not self.entries or self.timezone != delivery.timezone:
            return True
        return any(
            self.known(table, column) != known
            for table, declared in delivery.known.items()
            for column, known in declared.items()
        )

    def _store(
        self, con: "duckdb.DuckDBPyConnection", table: str, path: Path, number: int, delivery: Delivery
    ) -> tuple[Counts, Part]:
        """Write the rows of one table that are not on record; count the rest."""
        from features.versions import sql_additions

        staged = f"read_parquet({text(str(path))})"
        given = tuple(row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {staged}").fetchall())
        con.execute(sql_additions(self, table, staged, given, number, delivery.taken_at, delivery.timezone))
        total, new, changed = con.execute(
            f"SELECT (SELECT count(*) FROM {staged}), count(*) FILTER (NOT known_key), "
            "count(*) FILTER (known_key) FROM additions"
        ).fetchall()[0]
        target = self.folder / "tables" / table / f"{number:08d}-{uuid4().hex[:8]}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        con.execute(
            f"COPY (SELECT * EXCLUDE (known_key) FROM additions) TO {text(str(target))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        columns = tuple(c for c in dict.fromkeys((*given, *self.columns(table))))
        con.execute("DROP TABLE additions")
        part = Part(target.relative_to(self.folder).as_posix(), new + changed, seal(target), columns, changed > 0)
        return Counts(new, changed, total - new - changed), part


def _sql_type(table: str, column: str) -> str:
    found = TABLES[table].column(column)
    stored = str(STORED_AS[found.kind if found else Kind.TEXT])
    return {
        "string": "VARCHAR",
        "timestamp[us]": "TIMESTAMP",
        "date32[day]": "DATE",
        "decimal128(18, 4)": "DECIMAL(18,4)",
        "double": "DOUBLE",
        "int64": "BIGINT",
        "bool": "BOOLEAN",
    }[stored]
