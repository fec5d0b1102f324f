"""What does the latest version of a row say, and which rows are on record? The tables, in memory."""

from bisect import bisect_left
from hashlib import md5
from math import isnan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.arrow_columns import codes_of, integers
from features.contracts import TABLES, Kind
from features.history import History
from features.kernel import MISSING
from features.names import Names
from features.plain_rows import Plain, Row
from features.quoting import name
from features.summed import bisected, packed
from features.version_sql import sql_told

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = ("deals", "customers", "contacts", "products", "reps", "subscriptions", "tickets")
"""Tables whose latest rows are kept whole."""
NEVER = -(2**62)


class _Kept:
    """One column: numbers in an array, texts as codes."""

    __slots__ = ("_kind", "_texts", "_values")

    def __init__(self, values: NDArray[np.generic], texts: list[str] | None, kind: Kind) -> None:
        self._values = values
        self._texts = texts
        self._kind = kind

    def __getitem__(self, row: int) -> Plain:
        value = self._values[row].item()
        if self._texts is not None:
            return None if value < 0 else self._texts[value]
        if isinstance(value, float):
            return None if isnan(value) else value
        if value == np.iinfo(self._values.dtype).min:  # type: ignore[type-var]
            return None
        return bool(value) if self._kind is Kind.FLAG else int(value)

    def same(self, other: "_Kept") -> bool:
        """Whether another column is equal."""
        return self._texts == other._texts and np.array_equal(self._values, other._values)

    @property
    def bytes(self) -> int:
        """What the array takes."""
        return int(self._values.nbytes)


class Book:
    """The latest version of each row of a table, by its one key, and when it came to be on record."""

    def __init__(self, history: History, table: str, keys: Names, *, first: bool = False) -> None:
        self.table = table
        self.columns = tuple(c for c in history.columns(table) if c != "recorded_at")
        self._keys = keys
        self._told: dict[str, tuple[Row, int]] = {}
        self._struck: set[str] = set()
        key = name(TABLES[table].key[0])
        chosen = ", ".join(_sql(table, column) for column in self.columns)
        order = "version" if first else "version DESC"
        sql = (
            f"SELECT {chosen}, coalesce(epoch_us(version_at), {NEVER}) AS version_us, gone::BIGINT AS gone "
            f"FROM ({sql_told(history, table)}) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1 "
            f"ORDER BY {key}"
        )
        with history.connect() as con:
            found = con.sql(sql).to_arrow_table()
        ids = found[TABLES[table].key[0]].to_pylist()
        codes = np.array([keys.add(one) for one in ids], np.int64)
        self._rows = np.full(len(keys), -1, np.int32)
        self._rows[codes] = np.arange(len(codes))
        self._held = {c: _kept(table, c, found[c]) for c in self.columns if c != TABLES[table].key[0]}
        self._versions = integers(found["version_us"])
        self._gone = integers(found["gone"]) > 0

    def row(self, key: str) -> tuple[Row, int] | None:
        """The latest version and since when it is on record (microseconds); None for a key not on record."""
        if key in self._told:
            return self._told[key]
        place = self._place(key)
        if place < 0:
            return None
        row: Row = {TABLES[self.table].key[0]: key}
        for column, values in self._held.items():
            row[column] = values[place]
        return row, int(self._versions[place])

    def share(self, other: "Book") -> None:
        """Keep the arrays that are another book's as well only once."""
        if not np.array_equal(self._rows, other._rows):
            return
        for column, values in other._held.items():
            if values.same(self._held[column]):
                self._held[column] = values

    def gone(self, key: str) -> bool:
        """Whether the row may have been deleted."""
        place = self._place(key)
        return key in self._struck or (place >= 0 and bool(self._gone[place]))

    def _place(self, key: str) -> int:
        code = self._keys.code(key)
        return int(self._rows[code]) if 0 <= code < len(self._rows) else -1

    def write(self, key: str, row: Row, at: int) -> None:
        """A later version came."""
        self._told[key] = (row, at)

    def strike(self, key: str) -> None:
        """What the latest version says is not known any more."""
        self._struck.add(key)

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return sum(column.bytes for column in self._held.values()) + self._rows.nbytes + self._versions.nbytes


def _kind(table: str, column: str) -> Kind:
    found = TABLES[table].column(column)
    return Kind.TEXT if found is None else found.kind


def _sql(table: str, column: str) -> str:
    """A column as it is kept: texts, or numbers with what stands for none."""
    kind, held = _kind(table, column), name(column)
    if kind in (Kind.ID, Kind.TEXT, Kind.CHOICE):
        return held
    if kind in (Kind.NUMBER, Kind.SHARE):
        return f"coalesce({held}, 'nan'::DOUBLE) AS {held}"
    whole = {
        Kind.MONEY: f"({held} * 10000)",
        Kind.MOMENT: f"epoch_us({held})",
        Kind.DAY: f"({held} - DATE '1970-01-01')",
        Kind.FLAG: held,
    }.get(kind, held)
    return f"coalesce({whole}::BIGINT, {MISSING}) AS {held}"


def _kept(table: str, column: str, values: "pa.ChunkedArray") -> _Kept:
    kind = _kind(table, column)
    if kind in (Kind.ID, Kind.TEXT, Kind.CHOICE):
        codes, texts = codes_of(values)
        return _Kept(packed(codes, is_text=True), texts.to_pylist(), kind)
    if kind in (Kind.NUMBER, Kind.SHARE):
        return _Kept(integers(values).view(np.float64), None, kind)
    return _Kept(packed(integers(values), is_text=False), None, kind)


class Seen:
    """Which keys of a table are on record: a sorted array of their checksums, and those that came since.

    A key that is not there is new for certain; one that is there has to be looked up.
    """

    def __init__(self, history: History, table: str, key: str | None = None) -> None:
        expression = key or name(TABLES[table].key[0])
        with history.connect() as con:
            sums = f"SELECT DISTINCT md5_number_lower({expression}) AS sum FROM ({history.sql_versions(table)})"
            found = con.sql(f"SELECT sum FROM ({sums}) WHERE sum IS NOT NULL").to_arrow_table()["sum"]
        self._sums = np.sort(integers(found).view(np.uint64))
        self._bisected = bisected(self._sums)
        self.told: dict[str, tuple[Row, int]] = {}
        self._looked_up: set[str] = set()

    def forget(self, key: str) -> None:
        """A key's row has to be looked up from now on."""
        self._looked_up.add(key)

    def on_record(self, key: str) -> bool:
        """Whether a key may be on record since before."""
        if key in self._looked_up:
            return True
        digest = md5(key.encode(), usedforsecurity=False).digest()
        wanted = int.from_bytes(digest[8:], "little")
        place = bisect_left(self._bisected, wanted)
        return place < len(self._sums) and self._bisected[place] == wanted

    @property
    def bytes(self) -> int:
        """What the array takes."""
        return int(self._sums.nbytes)
