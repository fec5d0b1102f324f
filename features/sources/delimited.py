"""How is a text file with a separator (CSV) read: encoding, separator, quotes, broken lines?

Arrow parses in blocks, so memory does not grow with the file. UTF-8 is read as such; what is not UTF-8 is
GB18030, the other encoding that CRMs of our users write, unless the mapping names one.
"""

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from features.errors import ForesellError
from features.sources.staged import ROW, TEXT_LIMIT, Malformed, Options, Staged, clean_headers

BLOCK = 8 << 20
"""Bytes parsed at once; a single row must fit in one block."""
SEPARATORS = (",", ";", "\t", "|")
FOREIGN = {b"PK\x03\x04": ("an Excel workbook", ".xlsx"), b"PAR1": ("a Parquet file", ".parquet")}
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class NotDelimited(ForesellError):
    """A file of another kind under a name of this kind."""

    problem = "{0} is named like a text file and is {1}."
    fix = "rename it to end in {2}, here and in the mapping."


class OldWorkbook(ForesellError):
    """The Excel format of 1997."""

    problem = "{0} is an Excel workbook of the old kind (.xls)."
    fix = "open it in Excel or LibreOffice and save it as .xlsx."


class UnknownEncoding(ForesellError):
    """Bytes that are no text in the encoding asked for or guessed."""

    problem = "{0} is not text in {1} (byte {2})."
    fix = "save it as UTF-8, or name its encoding in the mapping, for example encoding: cp1252."


class UnclosedQuote(ForesellError):
    """A quoted text that never ends swallows the rows after it."""

    problem = "{0}: a quote that opens in row {1} is never closed and swallows what follows. It begins: {2}"
    fix = 'close the quote there; a quote inside a quoted text is written twice ("").'


def read(path: Path, target: Path, options: Options) -> Staged:
    """Read a delimited file into texts.

    Raises NotDelimited, OldWorkbook, UnknownEncoding, UnclosedQuote, DuplicateHeader, ReservedHeader.
    """
    _refuse_other_kinds(path)
    encoding = _encoding(path, options.encoding)
    skipped, separator, written = _layout(path, encoding)
    headers = clean_headers(path.name, written)
    lines = _Lines(path, separator, len(headers), skipped, encoding)
    schema = pa.schema([*((f"c{n}", pa.string()) for n in range(len(headers))), (ROW, pa.int64())])
    with pq.ParquetWriter(target, schema, compression="snappy", use_dictionary=False) as writer:
        for batch in lines.batches():
            writer.write_batch(pa.RecordBatch.from_arrays(batch, schema=schema))
    guessed = encoding == "gb18030" and options.encoding is None
    note = f"{path.name} is not UTF-8 and was read as GB18030; if texts look wrong, set encoding: in the mapping"
    return Staged(target, headers, tuple(lines.malformed), notes=(note,) if guessed else ())


class _Lines:
    """The rows of one file, numbered, with the malformed ones set aside."""

    def __init__(self, path: Path, separator: str, width: int, skipped: int, encoding: str) -> None:
        self.path, self.separator, self.width = path, separator, width
        self.skipped, self.encoding = skipped, encoding
        self.malformed: list[Malformed] = []
        self.row = 0
        self.last = self.last_malformed = ""

    def batches(self) -> Iterator[list[pa.Array]]:
        """Columns of texts and the row numbers, block by block; the header is taken off."""
        try:
            for batch in self._open():
                first = 1 if self.row == 0 else 0
                numbers = self._numbers(batch.num_rows)
                if batch.num_rows:
                    self.last = batch.column(self.width - 1)[-1].as_py() or ""
                if batch.num_rows > first:
                    yield [*(column.slice(first) for column in batch.columns), _int64(numbers[first:] - 1)]
        except pa.ArrowInvalid as wrong:
            if "straddling" in str(wrong):
                raise UnclosedQuote(self.path.name, self.row or 1, "") from wrong
            raise UnknownEncoding(self.path.name, self.encoding, str(wrong).splitlines()[0]) from wrong
        self._check_the_end()

    def _open(self) -> arrow_csv.CSVStreamingReader:
        names = [f"c{n}" for n in range(self.width)]
        return arrow_csv.open_csv(
            str(self.path),
            # One thread: only then does Arrow tell the numbers of malformed rows.
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                column_names=names,
                skip_rows=self.skipped,
                encoding=self.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
                null_values=[],
            ),
        )

    def _set_aside(self, row: arrow_csv.InvalidRow) -> str:
        reason = f"the line has {row.actual_columns} fields, the header has {row.expected_columns}"
        fix = f"quote texts that hold '{self.separator}' or a line break, and complete short lines"
        self.malformed.append(Malformed(row.number - 1, row.text[:TEXT_LIMIT].replace("\x00", "\ufffd"), reason, fix))
        self.last_malformed = row.text
        return "skip"

    def _numbers(self, count: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """The file's row numbers (header = 1) of the next `count` good rows."""
        skipped = np.array([bad.row + 1 for bad in self.malformed if bad.row + 1 > self.row], dtype=np.int64)
        numbers = np.arange(self.row + 1, self.row + 1 + count + len(skipped), dtype=np.int64)
        numbers = numbers[~np.isin(numbers, skipped)][:count] if len(skipped) else numbers
        self.row = int(numbers[-1]) if count else self.row
        return numbers

    def _check_the_end(self) -> None:
        """A last row with line breaks in a file that does not end in a quote was never closed."""
        row, last = self.row - 1, self.last
        if self.malformed and self.malformed[-1].row > row:
            row, last = self.malformed[-1].row, self.last_malformed
        if len(last.rstrip().splitlines()) < 2:
            return
        with self.path.open("rb") as stream:
            stream.seek(max(0, self.path.stat().st_size - 64))
            end = stream.read().decode(self.encoding, "ignore").rstrip("\r\n\x00 ")
        if not end.endswith('"'):
            raise UnclosedQuote(self.path.name, row, last[:60].replace("\n", " "))


def _int64(numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pa.Array:
    """`pa.array` would look for pandas first, which takes longer than many an import."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])


def _refuse_other_kinds(path: Path) -> None:
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic == OLD_EXCEL:
        raise OldWorkbook(path.name)
    if magic in FOREIGN:
        raise NotDelimited(path.name, *FOREIGN[magic])


def _encoding(path: Path, asked: str | None) -> str:
    """The encoding asked for if the file is text in it; else UTF-8, UTF-16 by its mark, or GB18030."""
    with path.open("rb") as stream:
        marked = stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if asked is None and not marked:
        return "utf-8" if _misfit(path, "utf-8") is None else _checked(path, "gb18030")
    return _checked(path, asked or "utf-16")


def _checked(path: Path, encoding: str) -> str:
    if (byte := _misfit(path, encoding)) is not None:
        raise UnknownEncoding(path.name, encoding.upper(), byte)
    return encoding


def _misfit(path: Path, encoding: str) -> int | None:
    """The position of the first byte, roughly, that is no text in this encoding; None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeError as wrong:
                return done + (wrong.start if isinstance(wrong, UnicodeDecodeError) else 0)
            done += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return done
    return None


def _layout(path: Path, encoding: str) -> tuple[int, str, list[str]]:
    """Lines to skip, the separator and the header, from the beginning of the file."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as stream:
        head = stream.read(1 << 16)
    line, _, rest = head.partition("\n")
    told = line.rstrip("\r")[4:5] if line.lower().startswith("sep=") else ""
    if told and told != '"' and told.isascii() and (told.isprintable() or told == "\t"):
        separator, head, skipped = told, rest, 1
    else:
        separator, skipped = "", 0
    while head[:1] in "\r\n" and head:
        _, _, head = head.partition("\n")
        skipped += 1
    separator = separator or max(SEPARATORS, key=lambda mark: _fit(_records(head, mark, 50)))
    return skipped, separator, (_records(head, separator, 1) or [["column_1"]])[0]


def _fit(records: list[list[str]]) -> tuple[float, int]:
    """How well a separator explains the first records: share of them as wide as the header, and its width."""
    if not records or len(records[0]) < 2:
        return (0.0, 0)
    width = len(records[0])
    agreeing = sum(len(record) == width for record in records) / len(records)
    return (round(agreeing, 1), width)


def _records(head: str, separator: str, count: int) -> list[list[str]]:
    try:
        return list(islice(csv.reader(head.splitlines(keepends=True), delimiter=separator), count))
    except csv.Error:
        return []
