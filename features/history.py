"""What was on record, and since when: the append-only store under everything.

Rows are never changed. A delivery adds rows and new versions of rows; each version counts from a
moment (`version_at`): its `recorded_at` where the file gives one; else, for a row first seen, the
row's own time; else, for a row that was on record with other values, the time the export was taken.
A version counts until the next one does, or until the row is told to be deleted (`retired_at`). NULL in
`version_at` means from ever.
"""

import copy
import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.contracts import ATTRIBUTE_PREFIX, DELETED, TABLES, Known, default_known
from features.delivery import NO_CURRENCY as NO_CURRENCY
from features.delivery import Counts as Counts
from features.delivery import Delivery as Delivery
from features.errors import ForesellError
from features.ledger import Entry, Ledger, Log
from features.quoting import text
from features.storage import FOLDER as FOLDER
from features.storage import LocalStore, NearStore, Store, open_store

if TYPE_CHECKING:
    import duckdb


class NoHistory(ForesellError):
    problem = "There is no history at {0} yet."
    fix = "import one: foresell import FOLDER --mapping FILE, or try foresell demo."


class CurrencyChanged(ForesellError):
    problem = "The history keeps money in {0}, this delivery says {1}."
    fix = "set currency: {0} in the mapping and give the rows their own currency column, or use another --home."


class HistoryNotWritten(ForesellError):
    problem = "The delivery could not be written ({0}); the history is as it was."
    fix = "free some disk space or mend the folder's permissions, then run the import again."


class History:
    """One history, opened at its present state: later deliveries are not seen.

    It lies in the home folder, or where the setting FORESELL_HISTORY says.
    """

    def __init__(self, home: Path, store: Store | None = None) -> None:
        self.home = home
        self.store = store or open_store(home)
        self.ledger = Ledger(self.store)
        self.log = self.ledger.read()
        self._near: NearStore | None = None
        self._tracked_fields: tuple[Log, frozenset[str]] | None = None

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
    def folder(self) -> Path:
        """The folder of a history that lies on this machine."""
        if not isinstance(self.store, LocalStore):
            raise TypeError(f"{self.store.place} is no folder")
        return self.store.folder

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every delivery, oldest first."""
        return self.log.entries

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
        """A short text that changes with every delivery, and only then: a compaction leaves it as it is."""
        sums = "".join(digest for entry in self.entries for digest in entry.sums)
        return hashlib.sha256(sums.encode()).hexdigest()[:12]

    def tables(self) -> tuple[str, ...]:
        """The tables that have rows, in the contract's order."""
        parts = self.log.parts
        return tuple(table for table in TABLES if any(part.rows for part in parts.get(table, ())))

    def columns(self, table: str) -> tuple[str, ...]:
        """Contract columns and attributes (`attr_...`) ever given for a table; deletions are no column."""
        parts = [part for part in self.log.parts.get(table, ()) if part.rows]
        seen = dict.fromkeys(column for part in parts for column in part.columns)
        return tuple(column for column in seen if column != DELETED.name)

    def attributes(self, table: str) -> tuple[str, ...]:
        """Names of the attributes ever given for a table, without prefix."""
        found = [c for c in self.columns(table) if c.startswith(ATTRIBUTE_PREFIX)]
        return tuple(name.removeprefix(ATTRIBUTE_PREFIX) for name in sorted(found))

    def files(self, table: str) -> list[str]:
        """Addresses of the Parquet files that hold a table's rows, for any engine; read them together by name."""
        files = [part.file for part in self.log.parts.get(table, ()) if part.rows]
        return self._near.fetched(files) if self._near else [self.store.address(file) for file in files]

    def declared(self, table: str, column: str) -> Known | None:
        """What the latest mapping that speaks of a column or attribute says of when its value became true."""
        for entry in reversed(self.entries):
            if said := entry.known.get(table, {}).get(column):
                return Known(said)
        return None

    def known(self, table: str, column: str) -> Known:
        """When a column's or attribute's value became true; the latest declaration stands."""
        if declared := self.declared(table, column):
            return declared
        if TABLES[table].column(column) is None:
            return Known.CURRENT
        return default_known(table, column, self._tracked())

    def _tracked(self) -> frozenset[str]:
        """The deal fields whose past values stand in `deal_changes`."""
        if self._tracked_fields is None or self._tracked_fields[0] is not self.log:
            fields: frozenset[str] = frozenset()
            if "deal_changes" in self.tables():
                with self.connect() as con:
                    found = con.execute(f"SELECT DISTINCT field FROM ({self.sql_versions('deal_changes')})")
                    fields = frozenset(row[0] for row in found.fetchall())
            self._tracked_fields = (self.log, fields)
        return self._tracked_fields[1]

    def tracking(self, fields: frozenset[str]) -> None:
        """Take from elsewhere which deal fields' past values stand in `deal_changes`."""
        self._tracked_fields = (self.log, fields)

    def tracked(self) -> frozenset[str]:
        """The deal fields whose past values stand in `deal_changes`."""
        return self._tracked()

    def connect(self) -> "duckdb.DuckDBPyConnection":
        """A DuckDB connection of its own, spilling into the home folder; times are UTC."""
        import duckdb

        con = duckdb.connect(":memory:")
        con.execute("SET TimeZone='UTC'")
        con.execute("SET enable_progress_bar=false")
        con.execute(f"SET temp_directory={text(str(self.home / 'spill'))}")
        self.store.prepare(con)
        return con

    def sql_versions(self, table: str) -> str:
        """SELECT of every version of every row that stood.

        Columns: all of the contract but `deleted_at` (NULL where never given), the attributes, `version_at`,
        `retired_at`, `version` (0 for the first; a number left out is a time the row was deleted) and
        `deleted_at`: `retired_at` of a version that ended because its row was deleted, else NULL.
        """
        from features.version_sql import sql_versions

        return sql_versions(self, table)

    def sql_latest(self, table: str, until: datetime | None = None) -> str:
        """SELECT of the latest version of every row; with `until` (naive UTC), as on record before it.

        Rows deleted by then are not among them.
        """
        from features.version_sql import sql_latest

        return sql_latest(self, table, until)

    def append(self, delivery: Delivery) -> dict[str, Counts]:
        """Add a delivery, all or nothing, and say what was new, changed, deleted and already there.

        Afterwards this object sees the delivery. Raises CurrencyChanged, HistoryNotWritten.
        """
        from features.appending import append

        return append(self, delivery)

    def with_log(self, log: Log) -> "History":
        """This history as another state of its log has it."""
        other = copy.copy(self)
        other.log = log
        return other

    def near(self, folder: Path) -> "History":
        """This history for readers that may touch nothing but the home: files that lie elsewhere are copied
        into `folder` when they are first asked for."""
        if isinstance(self.store, LocalStore) and self.store.folder.resolve().is_relative_to(self.home.resolve()):
            return self
        other = copy.copy(self)
        other._near = NearStore(self.store, folder)
        return other
