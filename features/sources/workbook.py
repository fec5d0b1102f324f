"""How is an Excel workbook (.xlsx) read: one sheet, cells as the texts a person means by them?"""

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from features.errors import ForesellError
from features.sources.staged import ROW, Options, Staged, clean_headers
from features.suggesting import hint

BATCH = 20_000
"""Rows kept in memory at once."""
MOST_ROWS = 1_048_576
"""Rows of a sheet, by the format's own limit; a damaged number of a row would go on for ever."""
Row = tuple[object, ...]


class NotWorkbook(ForesellError):
    """A file of another kind under the name of a workbook."""

    problem = "{0} is named like an Excel workbook and is not one ({1})."
    fix = "if it is a text file, rename it to end in .csv, here and in the mapping; else save it as .xlsx again."


class BrokenWorkbook(ForesellError):
    """A workbook whose inside cannot be read."""

    problem = "{0} is a damaged Excel workbook: {1}."
    fix = "copy or export it again, or open it in Excel or LibreOffice and save it anew as .xlsx."


class UnknownSheet(ForesellError):
    """The workbook has no such sheet."""

    problem = "{0} has no sheet named '{1}'."
    fix = "correct sheet: in the mapping. {2}"


class EmptySheet(ForesellError):
    """A sheet without a header."""

    problem = "The sheet '{1}' of {0} has no header row."
    fix = "name the right sheet with sheet: in the mapping, or export the file again."


def read(path: Path, target: Path, options: Options) -> Staged:
    """Read one sheet (the first unless `options.sheet` names one) into texts.

    Raises NotWorkbook, BrokenWorkbook, UnknownSheet, EmptySheet, DuplicateHeader, ReservedHeader.
    """
    with path.open("rb") as stream, warnings.catch_warnings():
        # openpyxl warns of things it would lose when writing; nothing is written here.
        warnings.simplefilter("ignore")
        if stream.read(4) != b"PK\x03\x04":
            raise NotWorkbook(path.name, "it does not begin like a zip archive")
        stream.seek(0)
        try:
            book = load_workbook(stream, read_only=True, data_only=True)
            sheets = {sheet.title: sheet for sheet in book.worksheets}
        except (BadZipFile, InvalidFileException) as wrong:
            raise NotWorkbook(path.name, _reason(wrong)) from wrong
        except Exception as wrong:
            raise BrokenWorkbook(path.name, _reason(wrong)) from wrong
        title = _title(path.name, [*sheets], options.sheet)
        sheets[title].reset_dimensions()  # some exporters write a size that is too small
        return _write(path.name, title, _rows(path.name, sheets[title].iter_rows(values_only=True)), target)


def _rows(file: str, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; what openpyxl raises at a damaged place has a hundred names. Raises BrokenWorkbook."""
    try:
        yield from islice(rows, MOST_ROWS)
    except Exception as wrong:
        raise BrokenWorkbook(file, _reason(wrong)) from wrong
    if next(rows, None) is not None:
        raise BrokenWorkbook(file, f"it numbers a row beyond {MOST_ROWS:,}, the most that a sheet can have")


def _reason(wrong: Exception) -> str:
    """What an error of others says, in one line."""
    return (str(wrong).splitlines() or [type(wrong).__name__])[0].rstrip(".")


def _title(file: str, titles: list[str], wanted: str | None) -> str:
    if not titles:
        raise EmptySheet(file, "")
    if wanted is not None and wanted not in titles:
        raise UnknownSheet(file, wanted, hint(wanted, titles))
    return titles[0] if wanted is None else wanted


def _write(file: str, title: str, rows: Iterator[Row], target: Path) -> Staged:
    header = next((_texts(row) for row in rows if any(cell is not None for cell in row)), None)
    if header is None:
        raise EmptySheet(file, title)
    while header and header[-1] is None:
        header.pop()
    headers = clean_headers(file, [name or "" for name in header])
    schema = pa.schema([*((f"c{n}", pa.string()) for n in range(len(headers))), (ROW, pa.int64())])
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        for batch in _batches(rows, len(headers)):
            columns = [pa.array(column, kind) for column, kind in zip(batch, schema.types, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    return Staged(target, headers)


def _batches(rows: Iterator[Row], width: int) -> Iterator[list[list[object]]]:
    """Columns of texts and the row numbers; rows without any value are passed over."""
    batch: list[list[object]] = []
    for number, row in enumerate(rows, 1):
        texts = _texts(row[:width])
        if any(text is not None for text in texts):
            batch.append([*texts, *[None] * (width - len(texts)), number])
        if len(batch) == BATCH:
            yield [list(column) for column in zip(*batch, strict=True)]
            batch = []
    if batch:
        yield [list(column) for column in zip(*batch, strict=True)]


def _texts(row: Row) -> list[str | None]:
    return [_text(cell) for cell in row]


def _text(cell: object) -> str | None:
    """A cell as a person reads it: real dates in ISO form, whole numbers without `.0`."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)
