"""What does the latest version of a row say? The tables whose rows are told again, in memory; of others, which are on record."""

from bisect import bisect_left
from hashlib import md5
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.contracts import TABLES, Kind
from features.history import History
from features.names import Names
from features.plain_rows import Plain, Row
from features.quoting import name
from features.version_sql import sql_told

KEPT = ("deals", "customers", "contacts", "products", "reps", "subscriptions", "tickets")
"""Tables whose latest rows are kept whole."""
NEVER = -(2**62)


class _Kept:
    """One column: numbers in an array, texts as codes."""

    __slots__ = ("_texts", "_values")

    def __init__(self, values: Any, texts: list[str] | None) -> None:
        self._values = values
        self._texts = texts

    def __getitem__(self, row: int) -> Plain:
        if self._texts is not None:
            code = int(self._values[row])
            return None if code < 0 else self._texts[code]
        value = self._values[row]
        if isinstance(value, np.floating):
            return None if np.isnan(value) else float(value)
        if isinstance(value, np.int8):
            return None if value < 0 else bool(value)
        return None if value == np.iinfo(value.dtype).min else int(value)

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
            f"SELECT {chosen}, coalesce(epoch_us(version_at), {NEVER}) AS version_us, gone, version > 0 AS again "
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
        self._versions: NDArray[np.int64] = found["version_us"].to_numpy()
        self._gone: NDArray[np.bool_] = found["gone"].to_numpy(zero_copy_only=False)

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


def _sql(table: str, column: str) -> str:
    found = TABLES[table].column(column)
    if found is not None and found.kind is Kind.MONEY:
        return f"({name(column)} * 10000)::BIGINT AS {name(column)}"
    if found is not None and found.kind is Kind.MOMENT:
        return f"epoch_us({name(column)}) AS {name(column)}"
    if found is not None and found.kind is Kind.DAY:
        return f"({name(column)} - DATE '1970-01-01')::BIGINT AS {name(column)}"
    return name(column)


def _kept(table: str, column: str, values: Any) -> _Kept:
    import pyarrow as pa

    found = TABLES[table].column(column)
    kind = Kind.TEXT if found is None else found.kind
    if kind in (Kind.ID, Kind.TEXT, Kind.CHOICE):
        coded = values.combine_chunks().dictionary_encode()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return _Kept(codes.astype(np.int32), coded.dictionary.to_pylist())
    if kind is Kind.FLAG:
        return _Kept(values.cast(pa.int8()).combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False), None)
    if kind in (Kind.NUMBER, Kind.SHARE):
        return _Kept(values.cast(pa.float64()).combine_chunks().fill_null(np.nan).to_numpy(zero_copy_only=False), None)
    whole = values.cast(pa.int64()).combine_chunks()
    return _Kept(whole.fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False), None)


class Seen:
    """Which keys of a table are on record: a sorted array of their checksums, and those that came since.

    A key that is not there is new for certain; one that is there has to be looked up.
    """

    def __init__(self, history: History, table: str, key: str | None = None) -> None:
        expression = key or name(TABLES[table].key[0])
        with history.connect() as con:
            found = con.execute(
                f"SELECT DISTINCT md5_number_lower({expression}) AS sum FROM ({history.sql_versions(table)})"
            ).fetchnumpy()["sum"]
        self._sums = np.sort(np.asarray(found, np.uint64))
        self._bisected = memoryview(self._sums)
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

