from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.written_dates import MIXED, MONTH_FIRST, Evidence, create_date_macros, find_evidence


@pytest.fixture(scope="module")
def run():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        create_date_macros(connection)
        yield connection


def utc(run, written, order=MONTH_FIRST, zone="Asia/Shanghai"):
    sql = f"SELECT utc_time(written_iso(x, '{order}'), '{zone}')::TIMESTAMP::VARCHAR FROM (SELECT ? AS x)"
    return run.execute(sql, [written]).fetchone()[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2020-01-02", "2020-01-01 16:00:00"),
        ("2020-1-2 10:30", "2020-01-02 02:30:00"),
        ("2020-01-02T10:30:05.123456", "2020-01-02 02:30:05.123456"),
        ("2020-01-02T10:30:05.123456789Z", "2020-01-02 10:30:05.123456"),
        ("2020-01-02 10:30:00+08", "2020-01-02 02:30:00"),
        ("2020-01-02T10:30+0530", "2020-01-02 05:00:00"),
        ("2020-01-02 10:30:00 -05:00", "2020-01-02 15:30:00"),
        ("2020/1/2", "2020-01-01 16:00:00"),
        ("2020.01.02 10:30", "2020-01-02 02:30:00"),
        ("2020年1月2日", "2020-01-01 16:00:00"),
        ("2020年1月2日 10:30", "2020-01-02 02:30:00"),
        ("1/2/2020", "2020-01-01 16:00:00"),
        ("1/2/2020, 3:05 PM", "2020-01-02 07:05:00"),
        ("1/2/2020 12:05:06 am", "2020-01-01 16:05:06"),
        ("2020-02-30", None),
        ("13/13/2020", None),
        ("2020-01-02x", None),
        ("1/2/20", None),
        ("20200102", None),
        ("soon", None),
    ],
)
def test_a_written_moment_in_utc(run, written, expected):
    assert utc(run, written) == expected


def test_the_order_decides(run):
    assert utc(run, "1/2/2020", "dmy", "UTC") == "2020-02-01 00:00:00"
    assert utc(run, "1.2.2020", "mixed", "UTC") is None
    assert utc(run, "20/1/2020", "mixed", "UTC") == utc(run, "1/20/2020", "mixed", "UTC")


def test_a_time_that_the_clock_skipped_counts_as_the_later_valid_one(run):
    assert utc(run, "2024-03-10 02:30", zone="America/New_York") == "2024-03-10 07:30:00"


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)),
    st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
)
def test_iso_with_an_offset_is_the_same_instant(run, moment, zone):
    there = moment.replace(tzinfo=zone)
    found = datetime.fromisoformat(utc(run, there.isoformat()))
    assert found == there.astimezone(UTC).replace(tzinfo=None)


def test_evidence_of_day_and_month(run):
    run.execute(
        "CREATE OR REPLACE TEMP TABLE dates AS SELECT * FROM (VALUES ('10/20/2016', '1.2.2020', '2020-01-01', "
        "'20/1/2020'), ('1/2/2016', '5.5.2020', NULL, '1/20/2020')) t(a, b, c, d)"
    )
    found = find_evidence(run, "dates", ["a", "b", "c", "d"])
    assert found["a"] == Evidence(0, 1, 1, "1/2/2016")
    assert found["a"].order == MONTH_FIRST
    assert found["b"].order is None
    assert found["b"].unclear == 1
    assert found["c"] == Evidence(0, 0, 0, None)
    assert found["d"].order == MIXED
