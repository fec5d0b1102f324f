"""How is a feature table read that may not fit in memory? Some rows after the other, their types checked before.

Only what the model looks at is read: the id, the moment and the model's features. Parquet says its types, so a wrong
one is told before any work; in CSV the first text that is no number is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import micros
from features.definition import Feature
from features.evaluate import Category, Values
from features.feature_checks import gives_text
from features.spreadsheets import unguarded_texts
from training.table_scoring.errors import CannotRead, NoFeatures, NoMoment, NoRowNames, WrongType
from training.table_scoring.feature_columns import FeatureColumns

Ints = NDArray[np.int64]
ROWS = 8192
"""Rows that are read at a time."""
BUFFER = 1 << 16
"""Bytes of a column that are read ahead: a column of a large row group is never held whole."""
CSV_BLOCK = 1 << 22
AS_OF = "as_of"
ENDINGS = (".parquet", ".csv")
NOT_A_NUMBER = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?CSV conversion error to \w+: (.*)", re.DOTALL)


@dataclass(frozen=True)
class Rows:
    """Some rows of a feature table: ids, moments in microseconds (None where the table tells none), values."""

    ids: pa.Array
    at: Ints | None
    columns: FeatureColumns


@dataclass(frozen=True)
class FeatureTable:
    """A table in a file. `missing` are the model's features that it does not have."""

    path: Path
    id_column: str
    tells_moments: bool
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    missing: tuple[str, ...]
    header: tuple[str, ...]

    @staticmethod
    def open(path: Path, entity: str, features: Sequence[Feature], version: tuple[str, str]) -> FeatureTable:
        """Look at a table's columns before any work; `version` is the model's name and version, for the errors.

        Raises CannotRead, NoRowNames, NoFeatures, WrongType.
        """
        if path.suffix.lower() not in ENDINGS:
            raise CannotRead(path, f"it ends in none of {', '.join(ENDINGS)}")
        types = _types(path)
        id_column = next((name for name in (f"{entity}_id", "id") if name in types), None)
        if id_column is None:
            raise NoRowNames(path, f"{entity}_id")
        texts = tuple(each.name for each in features if gives_text(each.verb) and each.name in types)
        numbers = tuple(each.name for each in features if not gives_text(each.verb) and each.name in types)
        if features and not texts and not numbers:
            raise NoFeatures(path, len(features), version[1], version[0], features[0].name, f"{entity}s")
        for name in texts:
            if (found := types[name]) is not None and not _is_text(found):
                raise WrongType(name, f"values of type {found}", "texts")
        for name in numbers:
            if (found := types[name]) is not None and not _is_number(found):
                raise WrongType(name, "texts" if _is_text(found) else f"values of type {found}", "numbers")
        missing = tuple(each.name for each in features if each.name not in types)
        return FeatureTable(path, id_column, AS_OF in types, texts, numbers, missing, tuple(types))

    def rows(self) -> Iterator[Rows]:
        """The rows, some at a time. Raises CannotRead, WrongType, NoMoment."""
        try:
            for batch in self._batches():
                yield self._read(batch)
        except (pa.ArrowException, UnicodeDecodeError, OSError) as failure:
            if (found := NOT_A_NUMBER.search(str(failure))) is not None:
                raise WrongType(self.header[int(found[1])], f"a text ({found[2]})", "numbers") from failure
            raise CannotRead(self.path, " ".join(str(failure).split())) from failure

    def _batches(self) -> Iterator[pa.RecordBatch]:
        asked = [self.id_column, *([AS_OF] if self.tells_moments else []), *self.texts, *self.numbers]
        if self.path.suffix.lower() == ".csv":
            yield from _csv_batches(self.path, asked, self.numbers)
            return
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path, read_dictionary=[*self.texts], buffer_size=BUFFER) as file:
            # Group by group: one reading over all of them keeps hold of what it has read.
            for group in range(file.num_row_groups):
                yield from file.iter_batches(ROWS, row_groups=[group], columns=asked, use_threads=False)

    def _read(self, batch: pa.RecordBatch) -> Rows:
        ids = batch.column(self.id_column).cast(pa.string())
        at = _moments(batch.column(AS_OF), self.path) if self.tells_moments else None
        values: dict[str, Values] = {name: _texts(batch.column(name)) for name in self.texts}
        values |= {name: _numbers(batch.column(name)) for name in self.numbers}
        return Rows(ids, at, FeatureColumns(values, batch.num_rows))


def _types(path: Path) -> dict[str, pa.DataType | None]:
    """The type of each column; None in CSV, which has none."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as stream:
                return dict.fromkeys(next(csv.reader(stream), []))
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return {field.name: field.type for field in file.schema_arrow}
    except OSError as failure:
        raise CannotRead(path, failure.strerror or " ".join(str(failure).split())) from failure
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as failure:
        raise CannotRead(path, " ".join(str(failure).split())) from failure


def _csv_batches(path: Path, asked: Sequence[str], numbers: Sequence[str]) -> Iterator[pa.RecordBatch]:
    from pyarrow import csv as arrow_csv

    types = {name: pa.float64() if name in numbers else pa.string() for name in asked}
    convert = arrow_csv.ConvertOptions(
        column_types=types, include_columns=list(asked), null_values=[""], strings_can_be_null=True
    )
    reading = arrow_csv.ReadOptions(block_size=CSV_BLOCK, use_threads=False)
    parsing = arrow_csv.ParseOptions(newlines_in_values=True)
    with arrow_csv.open_csv(path, reading, parsing, convert) as stream:
        for batch in stream:
            columns = [
                unguarded_texts(column) if pa.types.is_string(column.type) else column for column in batch.columns
            ]
            yield pa.record_batch(columns, names=batch.schema.names)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _is_number(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    return any(test(kind) for test in tests)


def _numbers(column: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    # Missing ones come out as not-a-number.
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)


def _texts(column: pa.Array) -> Category:
    told = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    codes = np.asarray(told.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    levels = told.dictionary.to_pylist()
    if None in levels:
        codes = np.where(codes == levels.index(None), -1, codes)
        levels = ["" if level is None else level for level in levels]
    return Category(codes, np.array(levels, object))


def _moments(column: pa.Array, path: Path) -> Ints:
    """Microseconds of each row's moment; texts without an offset are UTC, as a feature table writes them."""
    if column.null_count:
        raise NoMoment(column.null_count, path, "nothing there")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        told = column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False)
        return np.asarray(told.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    if not _is_text(column.type):
        raise NoMoment(len(column), path, f"values of type {column.type}")
    texts = column.cast(pa.string()).dictionary_encode()
    known = np.array([_moment(text, path) for text in texts.dictionary.to_pylist()], np.int64)
    return np.asarray(known[texts.indices.to_numpy(zero_copy_only=False)])


def _moment(text: str, path: Path) -> int:
    try:
        found = datetime.fromisoformat(text)
        return micros(found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None))
    except (ValueError, OverflowError) as wrong:
        raise NoMoment("some", path, f"'{text}'") from wrong
