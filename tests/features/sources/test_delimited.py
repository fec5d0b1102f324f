from pathlib import Path

import duckdb
import pytest

from features.sources import CannotRead, EmptyFile, UnknownEnding, stage
from features.sources.delimited import NotDelimited, OldWorkbook, UnclosedQuote, UnknownEncoding
from features.sources.staged import DuplicateHeader, Options, ReservedHeader


def read(tmp_path: Path, content: bytes, name="f.csv", **options):
    (tmp_path / name).write_bytes(content)
    staged = stage(tmp_path / name, tmp_path / "out.parquet", Options(**options))
    return staged, duckdb.execute(f"SELECT * FROM read_parquet('{staged.path}')").fetchall()


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a,b\n1,2\n", [("1", "2", 1)]),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [("1", "2", 1)]),
        (b"a;b\n1,5;2\n", [("1,5", "2", 1)]),
        (b"a\tb\n1,5\t2;3\n", [("1,5", "2;3", 1)]),
        (b"sep=;\na;b\n1;2\n", [("1", "2", 1)]),
        (b"sep=;\r\n\r\na;b\r\n1;2\r\n", [("1", "2", 1)]),
        (b"\n\na,b\n1,2", [("1", "2", 1)]),
        (b'a,b\n"x\r\ny","say ""hi"""\n3,4\n', [("x\r\ny", 'say "hi"', 1), ("3", "4", 2)]),
        (b'a,b\n5" pipe,2\n', [('5" pipe', "2", 1)]),
        (b"a,b\n", []),
        (b"a,b", []),
        ("a,b\n张三,李\n".encode("gb18030"), [("张三", "李", 1)]),
        ("a\tb\n张三\té\n".encode("utf-16"), [("张三", "é", 1)]),
    ],
)
def test_rows_are_read_whatever_the_dialect(tmp_path, content, rows):
    staged, found = read(tmp_path, content)
    assert staged.headers == ("a", "b")
    assert found == rows


@pytest.mark.parametrize(
    ("content", "headers"),
    [(b"sep=,\n", ("column_1",)), (b"sep=\xef\xbc\x8c\n", ("sep=，",)), (b"sep=\x01\na,b", ("sep=\x01",))],
)
def test_a_line_that_names_no_separator_or_stands_alone(tmp_path, content, headers):
    staged, found = read(tmp_path, content)
    assert staged.headers == headers
    assert found == []


def test_an_encoding_asked_for_is_used_and_a_guess_is_told(tmp_path):
    assert read(tmp_path, b"caf\xe9\n1\n", encoding="cp1252")[0].headers == ("café",)
    assert "GB18030" in read(tmp_path, "编号\n1\n".encode("gb18030"))[0].notes[0]
    assert read(tmp_path, "编号\n1\n".encode())[0].notes == ()


def test_lines_of_the_wrong_width_are_set_aside_with_their_number(tmp_path):
    lines = [b"%d,x" % n if n % 1000 else b"%d,x,y" % n for n in range(1, 200_001)]
    staged, rows = read(tmp_path, b"a,b\n" + b"\n".join(lines))
    assert [bad.row for bad in staged.malformed] == list(range(1000, 200_001, 1000))
    assert staged.malformed[0].text == "1000,x,y"
    assert len(rows) == 199_800
    assert all(int(a) == row for a, _, row in rows)


def test_a_short_line_is_set_aside_too(tmp_path):
    staged, rows = read(tmp_path, b"a,b\n1\n2,3\n")
    assert (staged.malformed[0].row, rows) == (1, [("2", "3", 2)])


@pytest.mark.parametrize(
    "content",
    [
        b'a,b\n1,2\n6,"un\n7,8\n9,10\n',
        b'a,b\n1,2\n"6,un\n7,8\n9,10\n',
        b'a,b\n1,2\n"6,un\n' + b"7,8\n" * 3_000_000,
    ],
    ids=["last column", "first column", "longer than a block"],
)
def test_a_quote_that_never_closes_is_an_error(tmp_path, content):
    with pytest.raises(UnclosedQuote, match="row 2"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "name", "error"),
    [
        (b"", "f.csv", EmptyFile),
        (b"PK\x03\x04rest", "f.csv", NotDelimited),
        (b"PAR1rest", "f.csv", NotDelimited),
        (b"\xd0\xcf\x11\xe0rest", "f.csv", OldWorkbook),
        (b"caf\xe9,b\n1,\xff\xff\n", "f.csv", UnknownEncoding),
        (b"a,A\n1,2\n", "f.csv", DuplicateHeader),
        (b"a,_row\n1,2\n", "f.csv", ReservedHeader),
        (b"a,b\n", "f.ods", UnknownEnding),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named(tmp_path, content, name, error):
    with pytest.raises(error, match=name.split(".")[0]):
        read(tmp_path, content, name)


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(CannotRead, match=r"gone\.csv"):
        stage(tmp_path / "gone.csv", tmp_path / "out.parquet", Options())


def test_a_nameless_column_gets_a_name(tmp_path):
    assert read(tmp_path, b",b\n1,2\n")[0].headers == ("column_1", "b")
