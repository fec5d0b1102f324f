import zipfile
from datetime import date, datetime

import duckdb
import pytest
from openpyxl import Workbook

from features.sources import stage
from features.sources.staged import Options
from features.sources.workbook import BrokenWorkbook, EmptySheet, NotWorkbook, UnknownSheet


def read(tmp_path, rows, second=None, **options):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for row in second or ():
        (book["Second"] if "Second" in book.sheetnames else book.create_sheet("Second")).append(row)
    book.save(tmp_path / "f.xlsx")
    staged = stage(tmp_path / "f.xlsx", tmp_path / "out.parquet", Options(**options))
    return staged.headers, duckdb.execute(f"SELECT * FROM read_parquet('{staged.path}')").fetchall()


def test_cells_become_the_texts_a_person_means(tmp_path):
    headers, rows = read(
        tmp_path,
        [
            ["id", "when", "day", "sum", None, "flag"],
            [42.0, datetime(2020, 1, 2, 3, 4, 5), date(2020, 1, 2), 1.5, None, True],
            [None] * 6,
            ["007", None, None, 1234567890123, "x", False],
        ],
    )
    assert headers == ("id", "when", "day", "sum", "column_5", "flag")
    assert rows == [
        ("42", "2020-01-02 03:04:05", "2020-01-02 00:00:00", "1.5", None, "true", 1),
        ("007", None, None, "1234567890123", "x", "false", 3),
    ]


def test_a_sheet_is_chosen_by_name(tmp_path):
    assert read(tmp_path, [["a"], [1]], [["b"], [2]], sheet="Second") == (("b",), [("2", 1)])


def test_an_unknown_sheet_is_named_with_the_nearest(tmp_path):
    with pytest.raises(UnknownSheet, match="Did you mean 'Second'"):
        read(tmp_path, [["a"], [1]], [["b"]], sheet="Secnod")


def test_a_sheet_without_header_is_named(tmp_path):
    with pytest.raises(EmptySheet):
        read(tmp_path, [])


def _torn(path, member, tear):
    """The workbook at `path` with one member of its archive altered."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, tear(content) if name == member else content)


@pytest.mark.parametrize(
    ("member", "tear"),
    [
        ("xl/worksheets/sheet1.xml", lambda whole: whole[:-40]),
        ("xl/worksheets/sheet1.xml", lambda whole: whole.replace(b'<row r="2"', b'<row r="99999999999"')),
        ("xl/worksheets/sheet1.xml", lambda whole: whole.replace(b'r="A2"', b'r="ZZZZZ2"')),
        ("xl/worksheets/sheet1.xml", lambda whole: b""),
        ("xl/_rels/workbook.xml.rels", lambda whole: whole[:-5]),
        ("xl/workbook.xml", lambda whole: whole.replace(b"<sheet ", b"<shee\x00 ")),
        ("xl/styles.xml", lambda whole: b"<"),
        ("[Content_Types].xml", lambda whole: b""),
    ],
)
def test_a_workbook_damaged_inside_is_named(tmp_path, member, tear):
    book = Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, "x"])
    book.save(tmp_path / "f.xlsx")
    _torn(tmp_path / "f.xlsx", member, tear)
    with pytest.raises(BrokenWorkbook, match=r"f\.xlsx is a damaged"):
        stage(tmp_path / "f.xlsx", tmp_path / "out.parquet", Options())


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PK\x03\x04 not a zip"])
def test_a_file_that_is_no_workbook_is_named(tmp_path, content):
    (tmp_path / "f.xlsx").write_bytes(content)
    with pytest.raises(NotWorkbook, match=r"f\.xlsx"):
        stage(tmp_path / "f.xlsx", tmp_path / "out.parquet", Options())
