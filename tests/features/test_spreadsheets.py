"""Texts that a spreadsheet would run stand behind an apostrophe, in every way the same, and come back as they were."""

import csv
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.output import write_table
from features.spreadsheets import guarded, guarded_table, sql_guarded, unguarded, unguarded_texts

RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
HARMLESS = ["", "Acme", "A=1", "'s-Gravenhage", "1-2", "中国", " x", "'"]
texts = st.text(alphabet=st.sampled_from("=+-@'\t\r\n\uff1da1 ."), max_size=5)


@pytest.mark.parametrize("text", [*RISKY, "'=1", "''@x"])
def test_a_formula_stands_behind_an_apostrophe(text: str) -> None:
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(texts)
def test_nothing_is_lost_and_nothing_begins_a_formula(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in tuple("=+-@\t\r\n\uff1d")


@given(st.lists(texts, min_size=1, max_size=5))
def test_columns_and_the_database_do_the_same(told: list[str]) -> None:
    wanted = [guarded(text) for text in told]
    table = guarded_table(pa.table({"a": told, "b": pa.array(told).dictionary_encode(), "n": range(len(told))}))

    assert table["a"].to_pylist() == table["b"].cast(pa.string()).to_pylist() == wanted
    assert unguarded_texts(pa.array(wanted)).to_pylist() == told
    with duckdb.connect() as con:
        found = [
            con.execute(f"SELECT {sql_guarded('t')} FROM (SELECT ? AS t)", [text]).fetchall()[0][0] for text in told
        ]
    assert found == wanted


def test_missing_texts_and_numbers_stay() -> None:
    table = pa.table({"a": ["=1", None], "n": [-1.5, None], "=x": [1, 2]})
    found = guarded_table(table)

    assert found.column_names == ["a", "n", "'=x"]
    assert found["a"].to_pylist() == ["'=1", None]
    assert found["n"].to_pylist() == [-1.5, None]


def test_a_table_written_as_csv_is_guarded_and_as_parquet_is_not(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pa.table({"customer": ["=HYPERLINK(1)", "Acme"], "n": [-1, 2]})
    for ending in ("csv", "parquet"):
        write_table(table, tmp_path / f"out.{ending}")

    with (tmp_path / "out.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [["customer", "n"], ["'=HYPERLINK(1)", "-1"], ["Acme", "2"]]
    assert pq.read_table(tmp_path / "out.parquet") == table
