"""Into which parts may a history's tables be split so that a stream of each part is that part of the stream?

Versions are compared within a key, and most streams look at one deal or one row at a time: so the rows of deals may
be split by deal, those of other tables by their key, and tables without versions anywhere. What a stream looks up
beside (stages, rates, people, customers of a merge) is read whole for every part.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.contracts import DELETED, TABLES
from features.errors import ForesellError
from features.history import History
from features.quoting import name, text
from features.stream import merges_on_record
from features.streams import FED
from features.version_sql import sql_stored, sql_type

if TYPE_CHECKING:
    import duckdb

Split = tuple[tuple[str, str], ...]
"""Tables that are read in parts, and by which column: rows with the same value are in the same part."""

BY_DEAL: Split = (("deals", "deal_id"), ("deal_changes", "deal_id"))
SPLITS: dict[str, Split] = {
    "deals": BY_DEAL[:1],
    "creations": BY_DEAL[:1],
    **{stream: BY_DEAL for stream in FED["deals"] if stream not in ("deals", "creations")},
    "activities": (("activities", "activity_id"),),
    "orders": (("orders", "order_id"),),
    "purchases": (("orders", "customer_id"),),
    "tickets": (("tickets", "ticket_id"),),
    "resolutions": (("tickets", "ticket_id"),),
    "ratings": (("tickets", "ticket_id"),),
    "subscriptions": (("subscriptions", "subscription_id"),),
    "cancellations": (("subscriptions", "subscription_id"),),
    "endings": (("subscriptions", "subscription_id"),),
    "customers": (("customers", "customer_id"),),
    "contacts": (("contacts", "contact_id"),),
}
"""By stream. A stream that is not here is read whole, by one worker: products, reps."""
MOST_ITEMS = 500
"""Into so many items a table is cut at most, unless they became too large."""
FEWEST_ROWS, MOST_ROWS = 250_000, 4_000_000
"""Rows of an item."""


def split_of(stream: str, history: History) -> Split:
    """How a stream's tables may be split; empty for not at all."""
    split = SPLITS.get(stream, ())
    # Merges are read from all customers, and the events here are customers themselves.
    if stream == "customers" and merges_on_record(history):
        return ()
    present = history.tables()
    return tuple((table, column) for table, column in split if table in present)


def rows_of(stream: str, history: History) -> int:
    """About how many events a stream has: the rows of its tables."""
    tables = [table for table, _ in SPLITS.get(stream, ((stream, ""),))]
    return sum(part.rows for table in tables for part in history.log.parts.get(table, ()))


def has_versions(history: History, table: str) -> bool:
    """Whether any row of a table may have been told twice, or deleted."""
    return any(part.versions or part.deletions for part in history.log.parts.get(table, ()))


def may_be_cut_anywhere(split: Split, history: History) -> bool:
    """Whether any rows are a part: one table, by its own key, no row told twice."""
    return len(split) == 1 and _is_key(*split[0]) and not has_versions(history, split[0][0])


def versions_first(split: Split, history: History) -> bool:
    """Whether the versions of a row may fall into different parts, so that they have to be put together before."""
    return any(column not in TABLES[table].key and has_versions(history, table) for table, column in split)


def _is_key(table: str, column: str) -> bool:
    return TABLES[table].key == (column,)


class ReadWhole(ForesellError):
    problem = "A stream reads the table {0} in a way that cannot be split among workers."
    fix = "use the local engine, and report this: it is a fault of Foresell, and no wrong number was written."


@dataclass(frozen=True)
class Item:
    """Some rows of one file of a table: what one worker reads at once."""

    number: int
    table: str
    file: str
    columns: tuple[str, ...]
    first: int
    end: int


def items_of(history: History, tables: tuple[str, ...]) -> list[Item]:
    """The rows of these tables as items, each of about the same size."""
    found: list[Item] = []
    for table in tables:
        parts = history.log.parts.get(table, ())
        total = sum(part.rows for part in parts)
        size = min(max(-(-total // MOST_ITEMS), FEWEST_ROWS), MOST_ROWS)
        for part in parts:
            for first in range(0, part.rows, size):
                end = min(first + size, part.rows)
                found.append(Item(len(found), table, part.file, part.columns, first, end))
    return found


def stored_columns(history: History, table: str) -> list[str]:
    """The columns of the rows of a table as they lie in the files."""
    own = [*history.columns(table), "version_at", "delivery", "delivery_row"]
    deletions = any(part.deletions for part in history.log.parts.get(table, ()))
    return [*own, DELETED.name] if deletions else own


def sql_of_item(history: History, item: Item) -> str:
    """A relation: the rows of an item with all of the table's columns."""
    always = ("version_at", "delivery", "delivery_row")
    chosen = ", ".join(
        name(c) if c in item.columns or c in always else f"NULL::{sql_type(item.table, c)} AS {name(c)}"
        for c in stored_columns(history, item.table)
    )
    rows = f"file_row_number >= {item.first} AND file_row_number < {item.end}"
    address = text(history.store.address(item.file))
    return f"(SELECT {chosen} FROM read_parquet({address}, file_row_number=true) WHERE {rows})"


class PartOfHistory(History):
    """A history of which some tables are there in part.

    `stored` are relations with the rows of those tables as in the files; `versions` are relations with their
    versions, where these were put together before.
    """

    def __init__(
        self, history: History, stored: dict[str, str], versions: dict[str, str] | None = None, memory_mb: int = 1024
    ) -> None:
        self.__dict__.update(history.__dict__)
        self._whole = history
        self._stored = stored
        self._versions = versions or {}
        self._memory_mb = memory_mb

    @staticmethod
    def learned(history: History) -> History:
        """The history with what takes a look at all of its rows found out, before it goes to many workers."""
        history._tracked()
        return history

    def _tracked(self) -> frozenset[str]:
        """What the whole history says: a part may lack the rows that tell."""
        return self._whole._tracked()

    def sql_versions(self, table: str) -> str:
        """SELECT of every version of the rows that are there; see `of_this_part`."""
        return f"SELECT * FROM {self._versions[table]}" if table in self._versions else super().sql_versions(table)

    def of_this_part(self, sql: str) -> str:
        """A finished SELECT, reading the part where it read all files of a table, however it came to.

        Raises ReadWhole where a table that is there in part would still be read as a whole: its rows would
        count once for every part.
        """
        for table, relation in self._stored.items():
            sql = sql.replace(sql_stored(self, table), relation)
        # An item is rows of a file, and says which.
        rest = sql
        for relation in self._stored.values():
            rest = rest.replace(relation, "")
        for table in (*self._stored, *self._versions):
            if any(text(file) in rest for file in self.files(table)):
                raise ReadWhole(table)
        return sql

    def connect(self) -> "duckdb.DuckDBPyConnection":
        """A DuckDB connection of one thread that spills where the worker may write."""
        con = worker_connection(self._memory_mb)
        self.store.prepare(con)
        return con


def worker_connection(memory_mb: int) -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection for a worker that is one of many on its machine."""
    import tempfile

    import duckdb

    con = duckdb.connect(":memory:")
    spill = Path(tempfile.gettempdir()) / f"foresell-{os.getpid()}"
    for setting in (
        "TimeZone='UTC'",
        "enable_progress_bar=false",
        "threads=1",
        f"memory_limit='{max(memory_mb // 2, 100)}MB'",
        f"temp_directory={text(str(spill))}",
    ):
        con.execute(f"SET {setting}")
    return con
