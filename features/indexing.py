"""From the rows of a stream to an index: names become codes, and what follows from the order of events is added."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.arrow_columns import codes_of, integers
from features.derived import DERIVED, Beside, Derivation
from features.kernel import MISSING, Index, Ints, build_index


def index_of(
    table: pa.Table,
    categories: Iterable[str],
    stream: str = "",
    columns: Iterable[str] = (),
    zone: ZoneInfo | None = None,
) -> Index:
    """An index from rows (id, known, happened, retired, columns...) sorted by id and known; no number is NULL.

    `categories` are the columns of text. Of `columns`, those that the stream derives are added.
    """
    ids, names = codes_of(table["id"])
    values: dict[str, Ints] = {}
    levels: dict[str, NDArray[np.object_]] = {}
    chosen = set(categories)
    for column in table.column_names:
        if column in chosen:
            values[column], dictionary = codes_of(table[column])
            levels[column] = np.array(dictionary.to_pylist(), dtype=object)
        elif column not in ("id", "known", "happened", "retired"):
            values[column] = integers(table[column])
    retired = integers(table["retired"])
    known, happened = integers(table["known"]), integers(table["happened"])
    index = build_index(
        names,
        np.searchsorted(ids, np.arange(len(names) + 1)).astype(np.int64),
        known,
        known if np.array_equal(known, happened) else happened,
        values,
        levels,
        retired if (retired != MISSING).any() else None,
    )
    wanted = {c: d for c, d in DERIVED.get(stream, {}).items() if c in set(columns)}
    if not wanted:
        return index
    derive(index, wanted, zone or ZoneInfo("UTC"))
    return build_index(names, index.starts, index.known, index.happened, index.columns, index.levels, index.retired)


def derive(index: Index, wanted: dict[str, Derivation], zone: ZoneInfo) -> None:
    """Add the derived columns to an index."""
    first = np.zeros(len(index), bool)
    first[index.starts[:-1][np.diff(index.starts) > 0]] = True
    before = {c: _shifted(index.columns[c]) for d in wanted.values() for c in d.needs}
    rows = Beside(index.columns, before, index.happened, _shifted(index.happened), first, index.levels, zone)
    found = {column: derivation.rule(rows) for column, derivation in wanted.items()}
    index.columns.update(found)
    index.levels.update({c: np.array(d.levels, object) for c, d in wanted.items() if d.kind == "category"})


def _shifted(values: Ints) -> Ints:
    """Each row's predecessor; the first row's is itself."""
    return np.concatenate([values[:1], values[:-1]])
