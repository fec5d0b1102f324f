from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.sources import stage
from features.sources.columnar import BrokenParquet, _is_of_the_disk
from features.sources.staged import DuplicateHeader, Options, ReservedHeader


def read(tmp_path, table):
    pq.write_table(table, tmp_path / "f.parquet")
    staged = stage(tmp_path / "f.parquet", tmp_path / "out.parquet", Options())
    return staged, duckdb.execute(f"SELECT * FROM read_parquet('{staged.path}')").fetchall()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1641984.0, 0.1, None], pa.float64(), ["1641984", "0.1", None]),
        ([7, None], pa.int32(), ["7", None]),
        ([Decimal("1.50")], pa.decimal128(9, 2), ["1.50"]),
        ([datetime(2020, 1, 2, 3)], pa.timestamp("ns"), ["2020-01-02 03:00:00"]),
        ([datetime(2020, 1, 2, 3)], pa.timestamp("us", "Asia/Shanghai"), ["2020-01-02 03:00:00+00"]),
        ([date(2020, 1, 2)], pa.date32(), ["2020-01-02"]),
        ([True, False], pa.bool_(), ["true", "false"]),
        (["x", "x"], pa.dictionary(pa.int8(), pa.string()), ["x", "x"]),
    ],
)
def test_values_become_texts_that_lose_nothing(tmp_path, values, kind, expected):
    _, rows = read(tmp_path, pa.table({"a": pa.array(values, kind)}))
    assert rows == [(text, n) for n, text in enumerate(expected, 1)]


def test_a_column_of_lists_is_told_and_left(tmp_path):
    staged, rows = read(tmp_path, pa.table({"a": ["x"], "many": [[1, 2]]}))
    assert staged.headers == ("a",)
    assert staged.unreadable[0][0] == "many"
    assert rows == [("x", 1)]


@pytest.mark.parametrize("cut", [slice(0, 0.5), slice(0, 0.95)])
def test_a_truncated_file_is_named(tmp_path, cut):
    pq.write_table(pa.table({"a": list(range(10_000))}), tmp_path / "f.parquet")
    whole = (tmp_path / "f.parquet").read_bytes()
    (tmp_path / "f.parquet").write_bytes(whole[: int(len(whole) * cut.stop)])
    with pytest.raises(BrokenParquet, match=r"f\.parquet"):
        stage(tmp_path / "f.parquet", tmp_path / "out.parquet", Options())


def test_a_damaged_description_is_named(tmp_path):
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "f.parquet")
    whole = bytearray((tmp_path / "f.parquet").read_bytes())
    length = int.from_bytes(whole[-8:-4], "little")
    for place in range(len(whole) - 8 - length, len(whole) - 8):
        torn = whole.copy()
        torn[place] ^= 0xFF
        (tmp_path / "f.parquet").write_bytes(torn)
        with suppress(BrokenParquet, DuplicateHeader, ReservedHeader):
            stage(tmp_path / "f.parquet", tmp_path / "out.parquet", Options())


def test_a_damaged_middle_is_named(tmp_path):
    pq.write_table(pa.table({"a": [str(n) for n in range(10_000)]}), tmp_path / "f.parquet", compression="gzip")
    whole = bytearray((tmp_path / "f.parquet").read_bytes())
    whole[1000:1200] = b"\0" * 200
    (tmp_path / "f.parquet").write_bytes(whole)
    with pytest.raises(BrokenParquet):
        stage(tmp_path / "f.parquet", tmp_path / "out.parquet", Options())


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("IO Error: Parquet writer: map key column is not allowed to contain NULL values", False),
        ("IO Error: Could not write file: something", True),
        ('IO Error: Cannot open file "/home/staging/1/out.parquet": Permission denied', True),
        ("IO Error: No space left on device", True),
    ],
)
def test_what_blames_the_disk(reason, answer):
    """DuckDB names both what it cannot read and where it cannot write an IO Error."""
    assert _is_of_the_disk(reason, Path("/home/staging/1")) is answer
