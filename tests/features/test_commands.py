"""import, check and features, from the command line."""

import csv
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from features.catalog import CATALOG, CUSTOMER_CATALOG
from features.commands import app
from features.doors import run as run_door
from features.doors import set_home

DEALS = """deal_id,status,created_at,closed_at,amount,source
d1,open,2024-01-01,,100,fair
d2,won,2024-01-02,2024-02-01,200,web
d3,lost,2024-01-03,2024-02-02,300,web
d4,gone,2024-01-03,2024-02-02,300,web
"""


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def foresell(tmp_path) -> Callable[..., Said]:
    """Runs a command of the ground floor in this process, with a home of its own."""

    def run(*words: object) -> Said:
        out, err, before, status = StringIO(), StringIO(), sys.argv, 0
        sys.argv = ["features", "--home", str(tmp_path / "home"), *map(str, words)]
        try:
            with redirect_stdout(out), redirect_stderr(err):
                app.callback()(set_home)
                run_door(app)
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            sys.argv = before
        return Said(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def export(tmp_path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "deals.csv").write_text(DEALS, "utf-8")
    return folder


def test_an_import_ends_with_counts_and_says_nothing_in_between(foresell, export):
    said = foresell("import", export, "--as-of", "2024-03-01")

    assert said.status == 0, said
    assert said.err == ""
    assert "deals" in said.out
    again = json.loads(foresell("import", export, "--as-of", "2024-03-02", "--json").out)
    assert "deals" in json.dumps(again)


def test_a_check_is_printed_or_written_as_json_or_html(foresell, export, tmp_path):
    foresell("import", export, "--as-of", "2024-03-01")
    assert foresell("check", "--as-of", "2024-03-01").out
    findings = json.loads(foresell("check", "--as-of", "2024-03-01", "--json").out)
    assert foresell("check", "--as-of", "2024-03-01", "--out", tmp_path / "out.json").status == 0
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == findings
    assert foresell("check", "--out", tmp_path / "out.html").status == 0
    assert "<html" in (tmp_path / "out.html").read_text("utf-8")


def test_features_are_listed_with_their_meaning_before_there_is_a_history(foresell, tmp_path):
    listed = json.loads(foresell("features", "list", "--json").out)

    assert [one["name"] for one in listed] == [*CATALOG, *CUSTOMER_CATALOG]
    assert [one["entity"] for one in listed] == ["deal"] * len(CATALOG) + ["customer"] * len(CUSTOMER_CATALOG)
    assert all({"name", "entity", "meaning", "meaning_zh", "needs"} <= one.keys() for one in listed)
    assert listed[0]["left_out"] is None
    assert "deal_amount (deal)\n    The deal's amount" in foresell("features", "list").out
    of_customers = json.loads(foresell("features", "list", "--entity", "customer", "--json").out)
    assert [one["name"] for one in of_customers] == list(CUSTOMER_CATALOG)
    assert not (tmp_path / "home").exists()


def test_a_listing_says_what_this_history_does_not_have(foresell, export):
    foresell("import", export, "--as-of", "2024-03-01")
    listed = {one["name"]: one for one in json.loads(foresell("features", "list", "--json").out)}

    assert listed["deal_calls"]["left_out"]
    assert listed["deal_source"]["left_out"] is None
    assert "not in this history: " in foresell("features", "list").out


def test_features_of_the_open_deals_are_written(foresell, export, tmp_path):
    foresell("import", export, "--as-of", "2024-03-01")
    said = foresell("features", "build", "deals", "--as-of", "2024-01-15", "--out", tmp_path / "out.parquet")

    assert said.status == 0, said
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["deal_id"].to_pylist() == ["d1", "d2", "d3"]
    assert table["deal_source"].to_pylist() == ["fair", "web", "web"]
    assert said.out.startswith("3 rows of deals, ")


@pytest.mark.parametrize(("every", "moments"), [("week", 3), ("day", 15)])
def test_features_are_built_for_a_row_of_moments(foresell, export, tmp_path, every, moments):
    foresell("import", export, "--as-of", "2024-03-01")
    words = ("--as-of", "2024-01-29", "--every", every, "--since", "2024-01-15", "--out", tmp_path / "out.csv")
    assert foresell("features", "build", "deals", *words).status == 0

    with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["as_of"] for row in rows}) == moments
    assert len(rows) == 3 * moments
    assert rows == sorted(rows, key=lambda row: (row["as_of"], row["deal_id"]))


def test_before_the_first_deal_the_table_is_empty(foresell, export, tmp_path):
    foresell("import", export, "--as-of", "2024-03-01")
    said = foresell("features", "build", "deals", "--as-of", "2020-01-01", "--out", tmp_path / "out.csv")

    assert said.status == 0, said
    assert said.out.startswith("0 rows")


@pytest.mark.parametrize("ending", ["nowhere/out.csv", "out.txt"])
def test_a_place_that_will_not_do_is_told_before_the_work(foresell, export, tmp_path, ending):
    foresell("import", export, "--as-of", "2024-03-01")
    for words in (("check",), ("features", "build", "deals", "--as-of", "2024-01-15")):
        said = foresell(*words, "--out", tmp_path / ending)
        assert said.status == 1
        assert "To fix: " in said.err


ORDERS = """order_id,customer_id,ordered_at,amount
o1,c1,2024-01-01,100
o2,c1,2024-01-11,100
o3,c2,2022-01-01,100
o4,c3,2024-01-13,100
"""


def test_features_of_the_active_customers_are_written(foresell, export, tmp_path):
    (export / "orders.csv").write_text(ORDERS, "utf-8")
    foresell("import", export, "--as-of", "2024-03-01")
    words = ("--as-of", "2024-01-22", "--every", "week", "--since", "2024-01-01", "--out", tmp_path / "out.parquet")
    said = foresell("features", "build", "customers", *words)

    assert said.status == 0, said
    table = pq.read_table(tmp_path / "out.parquet")
    asked = list(zip(table["customer_id"].to_pylist(), [at.day for at in table["as_of"].to_pylist()], strict=True))
    assert asked == [("c1", 8), ("c1", 15), ("c3", 15), ("c1", 22), ("c3", 22)]
    assert table["customer_purchases"].to_pylist() == [1, 2, 1, 2, 1]
    assert said.out.startswith("5 rows of customers, ")
    assert [path.name for path in tmp_path.glob("*out*")] == ["out.parquet"]


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_other_formats_hold_the_same_table(foresell, export, tmp_path, ending):
    (export / "orders.csv").write_text(ORDERS, "utf-8")
    foresell("import", export, "--as-of", "2024-03-01")
    for name in ("out.parquet", f"out.{ending}"):
        words = ("--as-of", "2024-01-22", "--memory", "256", "--engine", "local", "--out", tmp_path / name)
        assert foresell("features", "build", "customers", *words).status == 0

    text = (tmp_path / f"out.{ending}").read_text("utf-8")
    rows = json.loads(text) if ending == "json" else list(csv.DictReader(StringIO(text)))
    expected = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["customer_id"] for row in rows] == [row["customer_id"] for row in expected] == ["c1", "c3"]
    assert [float(row["customer_revenue"]) for row in rows] == [row["customer_revenue"] for row in expected]
    assert list(rows[0]) == list(expected[0])


@pytest.mark.parametrize(("entity", "other"), [("customers", "deals"), ("deals", "orders")])
def test_a_history_without_customers_or_deals_says_so(foresell, tmp_path, export, entity, other):
    if other == "orders":
        (export / "deals.csv").unlink()
        (export / "orders.csv").write_text(ORDERS, "utf-8")
    foresell("import", export, "--as-of", "2024-03-01")
    said = foresell("features", "build", entity, "--as-of", "2024-01-15", "--out", tmp_path / "out.csv")

    assert said.status == 1
    assert f"says nothing of {entity}" in said.err
    assert "To fix: import" in said.err
    assert not (tmp_path / "out.csv").exists()


def test_an_unknown_engine_is_a_named_error(foresell, export, tmp_path):
    foresell("import", export, "--as-of", "2024-03-01")
    words = ("--as-of", "2024-01-15", "--engine", "abacus", "--out", tmp_path / "out.csv")
    said = foresell("features", "build", "deals", *words)

    assert said.status == 1
    assert "no engine named abacus" in said.err
