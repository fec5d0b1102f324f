"""Trips of a few quarters, and the real table, become customers and orders that import without a reject."""

import runpy
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.importing import import_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TRIPS = """Quarter,Region,State,Purpose,Trips
1998-01-01,Adelaide,South Australia,Business,135.0776903
1998-04-01,Adelaide,South Australia,Business,0
1998-07-01,Adelaide,South Australia,Business,12.5
1998-07-01,Hobart,Tasmania,Visiting,3
"""


def convert(monkeypatch, source, target):
    monkeypatch.setattr(sys, "argv", ["au_tourism_to_tables.py", str(source), str(target)])
    runpy.run_path(str(EXAMPLES / "au_tourism_to_tables.py"), run_name="__main__")


@pytest.fixture
def told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tourism.csv").write_text(TRIPS)
    return tmp_path / "in"


def test_a_region_and_purpose_is_a_customer_and_a_quarter_an_order(told, tmp_path, monkeypatch):
    convert(monkeypatch, told, tmp_path / "out")

    customers = pd.read_csv(tmp_path / "out" / "customers.csv").set_index("customer_id")
    assert customers.loc["Hobart / Visiting"].tolist() == ["Hobart", "Tasmania", "Visiting", "1998-07-01"]
    orders = pd.read_csv(tmp_path / "out" / "orders.csv")
    assert orders["ordered_at"].tolist() == ["1998-01-01 12:00:00", "1998-07-01 12:00:00", "1998-07-01 12:00:00"]
    assert orders["amount"].tolist() == [135.0777, 12.5, 3]


def test_quarters_as_the_r_package_writes_them(told, tmp_path, monkeypatch):
    text = TRIPS.replace("1998-01-01", "1998 Q1").replace("1998-04-01", "1998 Q2").replace("1998-07-01", "1998 Q3")
    (told / "tourism.csv").write_text(text)
    convert(monkeypatch, told, tmp_path / "out")

    assert pd.read_csv(tmp_path / "out" / "orders.csv")["ordered_at"].iloc[1] == "1998-07-01 12:00:00"


def test_a_wrong_folder_is_said(told, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"no \.csv file"):
        convert(monkeypatch, tmp_path, tmp_path / "out")
    (told / "tourism.csv").write_text("Quarter,Region\n1998-01-01,Adelaide\n")
    with pytest.raises(SystemExit, match="no column State, Purpose, Trips"):
        convert(monkeypatch, told, tmp_path / "out")


def test_the_real_table_imports_without_a_reject(shared_data, tmp_path, monkeypatch):
    convert(monkeypatch, shared_data / "au_tourism", tmp_path / "out")
    report = import_folder(tmp_path / "out", tmp_path / "home", EXAMPLES / "au_tourism.yaml", datetime(2024, 1, 1))

    assert {table.table: table.new for table in report.tables} == {"customers": 304, "orders": 20_455}
    assert not report.rejects
    (total,) = duckdb.execute(f"SELECT sum(Trips) FROM '{shared_data}/au_tourism/*.csv'").fetchall()[0]
    (kept,) = duckdb.execute(f"SELECT sum(amount) FROM '{tmp_path}/out/orders.csv'").fetchall()[0]
    assert kept == pytest.approx(total, abs=2)
