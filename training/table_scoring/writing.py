"""How is a table written that may not fit in memory? As `features.output` writes it whole, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.output import table_text, whole
from features.spreadsheets import guarded_table

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Write = Callable[[pa.Table], None]
ROWS_OF_GROUP = 65_536
"""Rows of a row group: many small ones would make the file large and slow to read."""

FEW = 10
"""A text that so many rows have on average is worth a place in a dictionary."""


@contextmanager
def rows_into(path: Path) -> Iterator[Write]:
    """Takes one table after the other, all of the same columns; the file is there whole or not at all.

    Raises NotWritable. At least one table must be given, be it without rows.
    """
    writers = {".parquet": _parquet, ".csv": _csv, ".json": _json}
    with whole(path) as draft, writers[path.suffix.lower()](draft) as write:
        yield write


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow.parquet as pq

    held: list[pa.Table] = []
    writer: pq.ParquetWriter | None = None

    def flush() -> None:
        nonlocal writer
        if held:
            group = pa.concat_tables(held)
            writer = writer or pq.ParquetWriter(path, group.schema, use_dictionary=_repeating(group))
            writer.write_table(group, row_group_size=max(group.num_rows, 1))
            held.clear()

    def write(table: pa.Table) -> None:
        held.append(table)
        if sum(each.num_rows for each in held) >= ROWS_OF_GROUP:
            flush()

    try:
        yield write
        flush()
    finally:
        if writer is not None:
            writer.close()


def _repeating(table: pa.Table) -> list[str]:
    """Columns of a few texts. Numbers differ from row to row: a dictionary of them costs time and room."""
    import pyarrow.compute as pc

    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    return [name for name in texts if pc.count_distinct(table[name]).as_py() * FEW < max(table.num_rows, FEW)]


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    import csv

    with path.open("w", encoding="utf-8", newline="") as stream:
        rows, begun = csv.writer(stream), False

        def write(table: pa.Table) -> None:
            nonlocal begun
            table = guarded_table(table)
            if not begun:
                rows.writerow(table.column_names)
                begun = True
            columns = [column.to_pylist() for column in table.columns]
            rows.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))

        yield write


@contextmanager
def _json(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as stream:
        begun = False

        def write(table: pa.Table) -> None:
            nonlocal begun
            objects = table_text(table)[1:-1]
            if objects:
                stream.write((", " if begun else "[") + objects)
                begun = True

        yield write
        stream.write("]\n" if begun else "[]\n")


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
