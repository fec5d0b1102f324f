"""What may a file of an export be? CSV, Parquet and XLSX with every trouble that we could think of, and torn ones."""

import csv
import io
import random
import re
import zipfile
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from openpyxl import Workbook

from features.contracts import TABLES, Column, Kind
from tests.features.fuzz.odd_cells import MOMENTS, cells

Draw = st.DrawFn
TABLE_NAMES = ["deals"] * 6 + ["deal_changes"] * 3 + ["orders"] * 2 + ["activities"] * 2 + list(TABLES)
EXTRAS = [
    "Region", "notes", "attr_x", "_row", "_file", "version_at", "retired_at", "delivery", "delivery_row", "known_key",
    "deleted_at", "c0", "x0", "k0", "f0", "r0", "t0", "w0", "_part", "_bad", "part", "turn", "on_record", "same", "",
    "version", "a b", 'q"q', "ü", "重要", "select", "'", "{0}", "file_row_number", "recorded_at ", "key", "value",
]  # fmt: skip
ENCODINGS = ["utf-8"] * 12 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "latin-1", "utf-32", "utf-7"]


@dataclass(frozen=True)
class Sheet:
    """One table's rows as texts, before they become a file."""

    table: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_DICE = {n: st.integers(0, n - 1) for n in range(2, 101)}


def one_in(draw: Draw, n: int) -> bool:
    """True once in `n` times, and never in the simplest example."""
    return draw(_DICE[n]) == n - 1


@st.composite
def sheets(draw: Draw) -> Sheet:
    """Rows of one table: what it needs, some of what it may have, and now and then what it may not."""
    table = TABLES[draw(st.sampled_from(TABLE_NAMES))]
    optional = [column for column in table.columns if not column.required]
    chosen = draw(st.lists(st.sampled_from(optional), max_size=6, unique=True)) if optional else []
    columns = [column for column in table.columns if column.required or column in chosen]
    if one_in(draw, 20):
        columns.pop(draw(st.integers(0, len(columns) - 1)))
    extras = draw(st.lists(st.sampled_from(EXTRAS), max_size=2)) if one_in(draw, 3) else []
    columns += [Column(name, Kind.MOMENT if name == "deleted_at" else Kind.TEXT) for name in extras]
    if one_in(draw, 25) and columns:
        columns.append(draw(st.sampled_from(columns)))
    if one_in(draw, 4):
        columns = draw(st.permutations(columns))
    header = tuple(c.name.upper() if one_in(draw, 60) else c.name for c in columns)
    row = st.tuples(*(cells(column) for column in columns))
    return Sheet(table.name, header, tuple(draw(st.lists(row, max_size=5))))


@st.composite
def corrected(draw: Draw, sheet: Sheet) -> Sheet:
    """The same rows again, some of them in another version, order or company."""
    rows = list(sheet.rows)
    columns = [TABLES[sheet.table].column(name) or Column(name, Kind.TEXT) for name in sheet.header]
    for place in range(len(rows)):
        if one_in(draw, 2) and columns:
            at = draw(st.integers(0, len(columns) - 1))
            value = draw(cells(columns[at]))
            rows[place] = tuple(value if n == at else cell for n, cell in enumerate(rows[place]))
    if one_in(draw, 2):
        rows = draw(st.permutations(rows))
    if one_in(draw, 3):
        rows = rows[: draw(st.integers(0, len(rows)))]
    if one_in(draw, 3):
        rows += rows[:2]
    if one_in(draw, 4) and "deleted_at" not in sheet.header:
        moments = st.sampled_from(["", *MOMENTS])
        return replace(sheet, header=(*sheet.header, "deleted_at"), rows=tuple((*row, draw(moments)) for row in rows))
    return replace(sheet, rows=tuple(rows))


@st.composite
def csv_bytes(draw: Draw, sheet: Sheet) -> bytes:
    """A delimited file; most of them plain."""
    plain = not one_in(draw, 2)
    separator = "," if plain else draw(st.sampled_from([",", ";", "\t", "|", "\x1f"]))
    quoting = csv.QUOTE_MINIMAL if plain else draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]))
    stream = io.StringIO(newline="")
    ends = "\n" if plain else draw(st.sampled_from(["\n", "\r\n", "\r"]))
    writer = csv.writer(stream, delimiter=separator, quoting=quoting, lineterminator=ends, escapechar="\\")
    lines = [sheet.header, *sheet.rows]
    if not plain and one_in(draw, 4):
        lines.insert(
            draw(st.integers(0, len(lines))), draw(st.sampled_from([(), sheet.header, ("a", "b"), ("",) * 40]))
        )
    writer.writerows(lines)
    text = stream.getvalue()
    if not plain:
        before = draw(
            st.sampled_from(["", "", "", "\n", "\r\n\n", f"sep={separator}\n", "sep=\n", "# a remark\n", "\x00"])
        )
        after = draw(st.sampled_from(["", "", "\n\n", '"', "\x00", "\x1a", '"a\nb', " ", "\r"]))
        text = before + text + after
    encoding = draw(st.sampled_from(ENCODINGS)) if one_in(draw, 3) else "utf-8"
    return text.encode(encoding, "replace" if encoding == "latin-1" else "surrogatepass")


_STAMPS = [0, 1, -1, 2**31, 1_704_067_200, -62_135_596_800, 253_402_300_799, 2**40, -(2**40)]


def _arrow_columns(draw: Draw, column: Column | None, texts: list[str]) -> pa.Array:
    """One column as Parquet would have it: often texts, else some other type."""
    count = len(texts)
    kind = draw(st.sampled_from([*["string"] * 14, *_ODD_TYPES]))
    if kind == "string" or (column is not None and column.required and not one_in(draw, 4)):
        spelled = [None if text == "" else text for text in texts]
        how = draw(st.sampled_from(["string", "string", "large", "dictionary", "view"]))
        array = pa.array(spelled, pa.large_string() if how == "large" else pa.string())
        return array.dictionary_encode() if how == "dictionary" else array
    values = [draw(st.sampled_from(_ODD_TYPES[kind][1])) for _ in range(count)]
    return pa.array(values, _ODD_TYPES[kind][0])


_ODD_TYPES = {
    "int8": (pa.int8(), [0, 1, -128, 127, None]),
    "int64": (pa.int64(), [0, 1, 2**63 - 1, -(2**63), None]),
    "uint64": (pa.uint64(), [0, 1, 2**64 - 1, None]),
    "uint8": (pa.uint8(), [0, 255, None]),
    "float16": (pa.float16(), [0.0, 1.5, None]),
    "float32": (pa.float32(), [0.0, 1.5, 3e38, float("nan"), None]),
    "float64": (pa.float64(), [0.0, -0.0, 1e15, 1e300, float("inf"), float("nan"), None]),
    "decimal": (pa.decimal128(38, 10), [Decimal("1.5"), Decimal("-99999999999.9999999999"), None]),
    "decimal_wide": (pa.decimal256(60, 20), [Decimal("1.5"), None]),
    "decimal_whole": (pa.decimal128(5, 0), [Decimal("12"), None]),
    "bool": (pa.bool_(), [True, False, None]),
    "date32": (pa.date32(), [date(2024, 1, 1), date(1, 1, 1), date(9999, 12, 31), None]),
    "date64": (pa.date64(), [date(2024, 1, 1), date(9999, 12, 31), None]),
    "seconds": (pa.timestamp("s"), [*_STAMPS, None]),
    "milliseconds": (pa.timestamp("ms"), [1_704_067_200_000, 2**55, -(2**55), None]),
    "micro_zone": (pa.timestamp("us", "Asia/Shanghai"), [1_704_067_200_000_000, 2**62, -(2**62), 2**63 - 1, None]),
    "odd_zone": (pa.timestamp("us", "+07:30"), [1_704_067_200_000_000, None]),
    "nano": (pa.timestamp("ns"), [1_704_067_200_000_000_001, 2**63 - 1, -(2**63) + 1, None]),
    "nano_zone": (pa.timestamp("ns", "UTC"), [1_704_067_200_000_000_001, 2**63 - 1, None]),
    "time": (pa.time64("us"), [time(1, 2, 3), None]),
    "time_nano": (pa.time64("ns"), [1, None]),
    "duration": (pa.duration("us"), [timedelta(1), None]),
    "binary": (pa.binary(), [b"a", b"\xff\x00", None]),
    "large_binary": (pa.large_binary(), [b"a", None]),
    "fixed_binary": (pa.binary(16), [b"0123456789abcdef", None]),
    "list": (pa.list_(pa.string()), [["a"], [], None]),
    "struct": (pa.struct([("a", pa.int64())]), [{"a": 1}, None]),
    "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1)], None]),
    "nothing": (pa.null(), [None]),
}


@st.composite
def parquet_bytes(draw: Draw, sheet: Sheet) -> bytes:
    """A Parquet file of the sheet, in types that a warehouse might choose."""
    if one_in(draw, 25):
        table = draw(st.sampled_from([pa.table({}), pa.table({"a": pa.array([], pa.string())})]))
    else:
        columns = [TABLES[sheet.table].column(name) for name in sheet.header]
        arrays = [_arrow_columns(draw, column, [row[n] for row in sheet.rows]) for n, column in enumerate(columns)]
        if one_in(draw, 15) and arrays:
            arrays[draw(st.integers(0, len(arrays) - 1))] = _not_utf8(len(sheet.rows))
        table = pa.Table.from_arrays(arrays, names=list(sheet.header))
    stream = io.BytesIO()
    pq.write_table(
        table,
        stream,
        compression=draw(st.sampled_from(["snappy", "none", "zstd", "gzip"])),
        store_schema=not one_in(draw, 4),
        version=draw(st.sampled_from(["2.6", "2.6", "1.0"])),
        row_group_size=draw(st.sampled_from([1, 1000])),
    )
    return stream.getvalue()


def _not_utf8(count: int) -> pa.Array:
    """A column that says it holds text, and does not."""
    raw = pa.array([b"\xff\xfe\x80"] * count, pa.binary())
    return pa.Array.from_buffers(pa.string(), count, raw.buffers())


_CELLS = [
    None, True, 1, 1.5, -0.0, 1e300, datetime(2024, 1, 1, 10, 30), datetime(1900, 1, 1), datetime(9999, 12, 31),
    date(2024, 2, 3), time(10, 30), timedelta(hours=30), "=1+1", "=A1", "#N/A", "#REF!", "a\nb", 2**70, "0012",
]  # fmt: skip


@st.composite
def xlsx_bytes(draw: Draw, sheet: Sheet) -> bytes:
    """A workbook; its cells partly dates, numbers, formulas and errors; at times torn inside."""
    book = Workbook()
    page = book.active
    assert page is not None
    if one_in(draw, 8):
        page.append([])
    page.append([_for_excel(name) for name in sheet.header])
    for row in sheet.rows:
        page.append([draw(st.sampled_from(_CELLS)) if one_in(draw, 8) else _for_excel(cell) for cell in row])
    if one_in(draw, 8):
        page.merge_cells("A1:B2")
    if one_in(draw, 6):
        book.create_sheet("other", draw(st.sampled_from([0, 1]))).append(["a", None, "b"])
    if one_in(draw, 30):
        book.create_chartsheet("chart", 0)
        if one_in(draw, 2):
            book.remove(page)
    stream = io.BytesIO()
    book.save(stream)
    members = _members(stream.getvalue())
    if one_in(draw, 4):
        victim = draw(st.sampled_from([name for name in members if "sheet1" in name] * 3 + [*members]))
        if one_in(draw, 4):
            del members[victim]
        else:
            members[victim] = draw(altered(members[victim]))
    return _packed(members)


def _members(archive: bytes) -> dict[str, bytes]:
    """What is in a workbook, but for the time at which it was made: the same examples at all times."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    core = "docProps/core.xml"
    members[core] = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2024-01-01T00:00:00Z", members[core])
    return members


def _packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _for_excel(text: str) -> str:
    """Excel knows no control characters and at most 32,767 characters."""
    return "".join(c for c in text if c >= " " or c in "\n\t")[:32_000]


_WRONG_PARTS = [b"\x00", b"\xff", b'"', b"\r", b"\n", b",", b"PK\x03\x04", b"PAR1", b"\xef\xbb\xbf", b"99999999999",
    b"-1", b"<", b"&x;", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"\xd0\xcf\x11\xe0", b"\x80\x30", b"'", b"e"]  # fmt: skip


@st.composite
def altered(draw: Draw, whole: bytes) -> bytes:
    """The bytes with some of them cut, flipped, doubled or put in."""
    found = bytearray(whole)
    dice = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(dice.choice([1, 1, 1, 2, 5, 20])):
        at = dice.randrange(len(found) + 1)
        match dice.randrange(6):
            case 0:
                del found[at:]
            case 1:
                del found[at : at + dice.choice([1, 4, 100])]
            case 2 if at < len(found):
                found[at] ^= 1 << dice.randrange(8)
            case 3:
                found[at:at] = dice.choice(_WRONG_PARTS)
            case 4:
                found[at:at] = found[at : at + dice.choice([1, 8, 200])]
            case _:
                found[at : at + 4] = dice.randbytes(4)
    return bytes(found)


@st.composite
def files(draw: Draw, sheet: Sheet, named: str | None = None) -> tuple[str, bytes]:
    """A file of the sheet: its name and its bytes. One in eight is damaged."""
    ending = draw(st.sampled_from(["csv"] * 7 + ["parquet"] * 3 + ["xlsx"]))
    try:
        content = draw({"csv": csv_bytes, "parquet": parquet_bytes, "xlsx": xlsx_bytes}[ending](sheet))
    except (pa.ArrowException, csv.Error, ValueError, OverflowError):
        content = b"what no writer would write"
    if one_in(draw, 8):
        content = draw(altered(content)) if one_in(draw, 2) else draw(st.binary(max_size=40))
    if one_in(draw, 40):
        ending = draw(st.sampled_from(["csv", "parquet", "xlsx", "txt", "tsv", "xls", "json"]))
    stem = named or sheet.table
    if one_in(draw, 40):
        stem = draw(st.sampled_from([stem.upper(), f"{stem}-2024", f"{stem}'s", f"{stem}-a,b", "other"]))
    return f"{stem}.{ending}", content
