"""Series of the M1 competition become customers whose hold-outs all begin on one day."""

import runpy
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from features.importing import import_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def convert(monkeypatch, source, target, period):
    monkeypatch.setattr(sys, "argv", ["m1_to_tables.py", str(source), str(target), period])
    runpy.run_path(str(EXAMPLES / "m1_to_tables.py"), run_name="__main__")


@pytest.fixture
def told(tmp_path):
    rows = [
        ("A", "MONTHLY", "MICRO1", part, pos, 10 * pos + 1) for part, n in (("x", 3), ("xx", 2)) for pos in range(n)
    ]
    rows += [("B", "QUARTERLY", "INDUST", "x", pos, 5.00004) for pos in range(2)] + [
        ("B", "QUARTERLY", "INDUST", "xx", 0, 7)
    ]
    (tmp_path / "in").mkdir()
    columns = ["series", "period", "type", "part", "pos", "value"]
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "in" / "series.parquet")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("month", [("2000-10-01", 1), ("2000-11-01", 11), ("2000-12-01", 21), ("2001-01-01", 1), ("2001-02-01", 11)]),
        ("quarter", [("2000-07-01", 5), ("2000-10-01", 5), ("2001-01-01", 7)]),
    ],
)
def test_the_hold_out_begins_with_2001(told, tmp_path, monkeypatch, period, expected):
    convert(monkeypatch, told, tmp_path / "out", period)

    orders = pd.read_csv(tmp_path / "out" / "orders.csv")
    assert list(zip(orders["ordered_at"].str[:10], orders["amount"], strict=True)) == expected
    customers = pd.read_csv(tmp_path / "out" / "customers.csv")
    assert customers["segment"].tolist() == ["MICRO1" if period == "month" else "INDUST"]


def test_other_words_are_refused(told, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="usage"):
        convert(monkeypatch, told, tmp_path / "out", "year")


def test_the_real_series_import_without_a_reject(shared_data, tmp_path, monkeypatch):
    convert(monkeypatch, shared_data / "m1", tmp_path / "out", "quarter")
    report = import_folder(tmp_path / "out", tmp_path / "home", EXAMPLES / "m1.yaml", datetime(2024, 1, 1))

    assert {table.table: table.new for table in report.tables} == {"customers": 203, "orders": 9_944}
    assert not report.rejects
