"""Plain values of rows: what DuckDB makes of the same texts and numbers, to the last bit."""

from datetime import date, datetime
from decimal import Decimal
from math import isnan
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import micros
from features.contracts import Kind
from features.plain_rows import (
    day_text,
    fixed,
    midnight,
    moment,
    money,
    money_text,
    plain,
    plain_row,
    text_day,
    text_real,
    typed,
)
from features.stream_sql import number


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(":memory:") as connection:
        yield connection


def asked(con: duckdb.DuckDBPyConnection, expression: str, value: object) -> object:
    found = con.execute(f"SELECT {expression}", [value]).fetchone()
    assert found is not None
    return found[0]


@given(value=st.one_of(st.floats(), st.integers(-(10**7), 10**7).map(lambda n: (n + 0.5) / 10_000)))
def test_numbers_are_kept_as_duckdb_rounds_them(con, value):
    assert fixed(value) == asked(con, number("?::DOUBLE"), value)


TEXTS = ["12", "-1.5", " 7 ", "1e3", "1_000", "", "much", "inf", "nan", ".5", "5.", "+3", "0x10", "1,5", "1e400", "١٢"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_the_numbers_duckdb_reads(con, text):
    told, expected = text_real(text), asked(con, "try_cast(? AS DOUBLE)", text)

    assert told == expected or (
        isinstance(told, float) and isinstance(expected, float) and isnan(told) and isnan(expected)
    )


@pytest.mark.parametrize("text", ["2024-02-29", "2023-02-29", "2024-2-9", "soon", "", "20240229", " 2024-01-01"])
def test_texts_are_the_days_duckdb_reads(con, text):
    assert text_day(text) == asked(con, "try_cast(? AS DATE)", text)


@given(value=st.integers(-(10**17), 10**17))
def test_money_is_what_duckdb_makes_of_a_decimal(con, value):
    amount = Decimal(value).scaleb(-4)

    assert money(value) == asked(con, "try_cast(?::DECIMAL(18,4) AS DOUBLE)", amount)
    assert money_text(value) == asked(con, "?::DECIMAL(18,4)::VARCHAR", amount)


@given(day=st.dates(date(1900, 1, 1), date(2200, 1, 1)), zone=st.sampled_from(["Asia/Shanghai", "America/New_York"]))
def test_days_begin_where_duckdb_lets_them(con, day, zone):
    number_of_day = (day - date(1970, 1, 1)).days

    assert day_text(number_of_day) == asked(con, "?::DATE::VARCHAR", day)
    if day.year >= 1970:
        begins = f"epoch_us(timezone('{zone}', ?::DATE::TIMESTAMP)::TIMESTAMP)"
        con.execute("SET TimeZone='UTC'")
        assert midnight(number_of_day, ZoneInfo(zone)) == asked(con, begins, day)


@given(at=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))
def test_moments_are_microseconds(at):
    assert moment(at) == micros(at)
    assert typed("deals", "created_at", moment(at)) == at


def test_a_row_is_itself_again():
    row = {
        "deal_id": "d",
        "created_at": datetime(2024, 1, 2, 3, 4, 5, 6),
        "expected_close_on": date(2024, 5, 6),
        "amount": Decimal("12.3400"),
        "crm_probability": 0.25,
        "attr_colour": "red",
        "closed_at": None,
    }

    assert {column: typed("deals", column, value) for column, value in plain_row("deals", row).items()} == row
    assert plain(Kind.FLAG, 1) is True
    assert plain(Kind.INTEGER, "7") == 7
