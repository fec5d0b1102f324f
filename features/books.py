"""What does the latest version of a row say, and which rows are on record? The tables, in memory."""

from bisect import bisect_left
from hashlib import md5
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.arrow_columns import codes_of, integers
from features.contracts import TABLES, Kind
from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.kept_texts import Texts
from features.kernel import MISSING
from features.names import Names
from features.packed import bisected, packed
from features.plain_rows import Plain, Row
from features.quoting import name
from features.version_sql import sql_told

if TYPE_CHECKING:
    import pyarrow as pa

KEPT = ("deals", "customers", "contacts", "products", "reps", "subscriptions", "tickets")
"""Tables whose latest rows are kept whole."""
NEVER = -(2**62)
AT_HAND = 1_000
"""Up to so many texts of a column are read into objects."""


class _Kept:
    """One column: numbers in an array, texts as codes."""

    __slots__ = ("_kind", "_texts", "_values")

    def __init__(self, values: NDArray[np.generic], texts: Texts | None, kind: Kind) -> None:
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
        one, two = (None if texts is None else list(texts) for texts in (self._texts, other._texts))
        return one == two and np.array_equal(self._values, other._values)

    @property
    def bytes(self) -> int:
        """What the array takes."""
        return int(self._values.nbytes)


class Book:
    """The latest version of each row of a table, by its one key, and when it came to be on record."""

    def __init__(
        self, history: History, table: str, keys: Names, keep: Keep | None = None, *, first: bool = False
    ) -> None:
        self.table = table
        self.columns = tuple(c for c in history.columns(table) if c != "recorded_at")
        self._keys = keys
        self._told: dict[str, tuple[Row, int]] = {}
        self._struck: set[str] = set()
        kept = (keep or Fleeting()).group(
            f"book/{table}/{'first' if first else 'latest'}", lambda: self._read(history, first=first)
        )
        texts = {column: at_hand(found) for column, found in kept.texts.items()}
        self._rows: NDArray[np.int32] = kept.arrays["\x1frows"]
        self._versions: NDArray[np.int64] = kept.arrays["\x1fversions"]
        self._gone: NDArray[np.bool_] = kept.arrays["\x1fgone"]
        self._held = {
            column: _Kept(kept.arrays[column], texts.get(column), _kind(table, column))
            for column in self.columns
            if column != TABLES[table].key[0]
        }

    def _read(self, history: History, *, first: bool) -> Group:
        table, keys = self.table, self._keys
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
        rows = np.full(len(keys), -1, np.int32)
        rows[codes] = np.arange(len(codes))
        arrays: dict[str, NDArray[Any]] = {
            "\x1frows": rows,
            "\x1fversions": integers(found["version_us"]),
            "\x1fgone": integers(found["gone"]) > 0,
        }
        texts: dict[str, Texts] = {}
        for column in self.columns:
            if column != TABLES[table].key[0]:
                arrays[column], levels = _kept(table, column, found[column])
                texts |= {} if levels is None else {column: levels}
        return Group(arrays, texts)

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

    def alike(self, other: "Book") -> list[str]:
        """The columns that are another book's as well."""
        if not np.array_equal(self._rows, other._rows):
            return []
        return [column for column, values in other._held.items() if values.same(self._held[column])]

    def share(self, other: "Book", columns: list[str]) -> None:
        """Keep the columns that are another book's as well only once."""
        self._held |= {column: other._held[column] for column in columns}

    def value(self, key: str, column: str) -> Plain:
        """One column of the latest version."""
        if key in self._told:
            return self._told[key][0].get(column)
        place, held = self._place(key), self._held.get(column)
        return None if place < 0 or held is None else held[place]

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


def _kept(table: str, column: str, values: "pa.ChunkedArray") -> tuple[NDArray[Any], list[str] | None]:
    kind = _kind(table, column)
    if kind in (Kind.ID, Kind.TEXT, Kind.CHOICE):
        codes, texts = codes_of(values)
        return packed(codes, is_text=True), texts.to_pylist()
    if kind in (Kind.NUMBER, Kind.SHARE):
        return integers(values).view(np.float64), None
    return packed(integers(values), is_text=False), None


def at_hand(texts: Texts) -> Texts:
    """Few texts as objects; many as they lie."""
    return list(texts) if len(texts) <= AT_HAND else texts


class Seen:
    """Which keys of a table are on record: a sorted array of their checksums, and those that came since.

    A key that is not there is new for certain; one that is there has to be looked up.
    """

    def __init__(self, history: History, table: str, key: str | None = None, keep: Keep | None = None) -> None:
        expression = key or name(TABLES[table].key[0])
        kept = (keep or Fleeting()).group(f"seen/{table}/{expression}", lambda: self._read(history, table, expression))
        self._sums: NDArray[np.uint64] = kept.arrays["sums"]
        self._bisected = bisected(self._sums)
        self.told: dict[str, tuple[Row, int]] = {}
        self._looked_up: set[str] = set()

    @staticmethod
    def _read(history: History, table: str, expression: str) -> Group:
        with history.connect() as con:
            sums = f"SELECT DISTINCT md5_number_lower({expression}) AS sum FROM ({sql_told(history, table)})"
            found = con.sql(f"SELECT sum FROM ({sums}) WHERE sum IS NOT NULL").to_arrow_table()["sum"]
        return Group({"sums": np.sort(integers(found).view(np.uint64))})

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
