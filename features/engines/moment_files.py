"""Whom do we ask about, and when, if the moments themselves are many? Rows of Parquet files that workers read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.as_of import Moments
from features.engines.parcels import Ints, Parcel, parcelled
from features.engines.splits import worker_connection
from features.errors import ForesellError
from features.quoting import name, text
from features.storage import Store, open_store

AT_ONCE = 2_000_000
"""Moments one worker reads at once."""


class NotMoments(ForesellError):
    problem = "{0} holds no moments to ask at: {1}."
    fix = "give a Parquet file, or a folder of them, with the columns {2} (text) and as_of (timestamp, UTC)."


@dataclass(frozen=True)
class Stretch:
    """Some rows of one file of moments, and the first one's place among all."""

    file: str
    first: int
    rows: int
    row: int


@dataclass(frozen=True)
class MomentFiles:
    """Moments in Parquet files: in the order of the files' names, and in each the order of its rows."""

    store: Store
    entity: str
    stretches: tuple[Stretch, ...]

    @staticmethod
    def at(place: str, entity: str, home: Path) -> "MomentFiles":
        """The moments in a file or a folder, given by path or address. Raises NotMoments."""
        import duckdb

        folder, _, file = place.rpartition("/") if place.endswith(".parquet") else (place, "", "")
        store = open_store(home, folder or ("." if "/" not in place else "/"))
        files = [file] if file else [found for found in store.names("") if found.endswith(".parquet")]
        found: list[Stretch] = []
        row = 0
        with worker_connection(1024) as con:
            store.prepare(con)
            for each in files:
                address = text(store.address(each))
                try:
                    con.sql(f"SELECT {entity}_id::VARCHAR, as_of::TIMESTAMP FROM {address} LIMIT 0")
                    counted = con.execute(f"SELECT count(*) FROM read_parquet({address})").fetchall()[0][0]
                except duckdb.Error as wrong:
                    raise NotMoments(place, str(wrong).splitlines()[0], f"{entity}_id") from wrong
                for first in range(0, counted, AT_ONCE):
                    found.append(Stretch(each, first, min(AT_ONCE, counted - first), row + first))
                row += counted
        if not files:
            raise NotMoments(place, "there is no Parquet file", f"{entity}_id")
        return MomentFiles(store, entity, tuple(found))

    def __len__(self) -> int:
        return sum(stretch.rows for stretch in self.stretches)


def moments_read(files: MomentFiles, chapter: int, stretches: Iterable[Stretch]) -> Iterator[Parcel]:
    """The moments in some rows of files, to their chapters."""
    for stretch in stretches:
        with worker_connection(1024) as con:
            files.store.prepare(con)
            rows = f"file_row_number >= {stretch.first} AND file_row_number < {stretch.first + stretch.rows}"
            table = con.sql(
                f"SELECT file_row_number + {stretch.row - stretch.first} AS row, "
                f"{name(f'{files.entity}_id')}::VARCHAR AS id, epoch_us(as_of::TIMESTAMP) AS at "
                f"FROM read_parquet({text(files.store.address(stretch.file))}, file_row_number=true) WHERE {rows}"
            ).to_arrow_table()
            yield from _to_chapters(table, chapter, stretch.row)


def moments_cut(moments: Moments, chapter: int) -> Iterator[Parcel]:
    """Moments in memory as parcels to their chapters."""
    names, codes = moments.names
    texts = pa.array(names, pa.string())
    for first in range(0, len(moments), chapter):
        rows = np.arange(first, min(first + chapter, len(moments)))
        ids = texts.take(pa.array(codes[rows]))
        yield from _to_chapters(pa.table({"row": rows, "id": ids, "at": moments.at[rows]}), chapter, first)


def _to_chapters(table: pa.Table, chapter: int, part: int) -> Iterator[Parcel]:
    place: Ints = table["row"].to_numpy() // chapter
    yield from parcelled(table, place, 0, part)
