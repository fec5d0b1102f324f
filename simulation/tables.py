"""How do arrays of numbers become the typed columns of a table?"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import STORED_AS, TABLES, Kind
from simulation.chance import Flags, Ints


def moments(microseconds: Ints, present: Flags | None = None) -> pa.Array:
    """Times from microseconds of UTC; null where not present."""
    return pa.array(microseconds, pa.int64(), mask=_absent(present)).cast(STORED_AS[Kind.MOMENT])


def days(epoch_days: Ints, present: Flags | None = None) -> pa.Array:
    """Dates from days since 1970; null where not present."""
    clipped = np.clip(epoch_days, -1_000_000, 1_000_000).astype(np.int32)
    return pa.array(clipped, pa.int32(), mask=_absent(present)).cast(STORED_AS[Kind.DAY])


def money(whole: Ints, present: Flags | None = None) -> pa.Array:
    """Money from whole units of the currency; null where not present."""
    ten_thousandths = np.asarray(whole, dtype=np.int64) * 10_000
    words = np.stack([ten_thousandths, ten_thousandths >> 63], axis=1)
    column = pa.Decimal128Array.from_buffers(
        STORED_AS[Kind.MONEY], len(words), [None, pa.py_buffer(np.ascontiguousarray(words))]
    )
    return column if present is None else pc.if_else(pa.array(present), column, None)


def named(names: tuple[str, ...] | list[str], index: Ints, present: Flags | None = None) -> pa.Array:
    """Texts from positions in a list of names; null where not present."""
    return pa.array(list(names), pa.string()).take(pa.array(index, pa.int64(), mask=_absent(present)))


def ids(column: pa.Array, present: Flags) -> pa.Array:
    """The same identifiers; null where not present."""
    return pc.if_else(pa.array(present), column, pa.scalar(None, pa.string()))


def numbered(pattern: str, *parts: Ints) -> pa.Array:
    """Identifiers such as D{:07} from whole numbers, each padded with zeros to its width."""
    pieces = re.split(r"\{:0?(\d+)\}", pattern)
    texts: list[pa.Array | str] = [pieces[0]]
    for part, width, after in zip(parts, pieces[1::2], pieces[2::2], strict=True):
        digits = pa.array(np.asarray(part, dtype=np.int64)).cast(pa.string())
        texts += [pc.utf8_lpad(digits, int(width), "0"), after]
    return pc.binary_join_element_wise(*texts, "")


def in_contract_order(name: str, table: pa.Table) -> pa.Table:
    """The table with its contract columns first, in the contract's order and types; extras stay behind."""
    contract = TABLES[name]
    columns = {
        column.name: table[column.name].cast(STORED_AS[column.kind])
        for column in contract.columns
        if column.name in table.column_names
    }
    extras = {key: table[key] for key in table.column_names if key not in columns}
    return pa.table(columns | extras)


def _absent(present: Flags | None) -> Flags | None:
    return None if present is None else ~present
