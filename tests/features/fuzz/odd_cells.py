"""What may stand in a cell of an export? By kind of column: plain values, odd ones, and what no one would write."""

from functools import cache

from hypothesis import strategies as st

from features.contracts import Column, Kind

ODD = [
    "", " ", "\u3000", "\ufeff", "NULL", "null", "None", "nan", "NaN", "-", "?", "\\N", "0", "00", "1.0", "1e3",
    "=1+1", "=cmd|' /C calc'!A0", "+1", "@x", "'; DROP TABLE deals; --", "a\x00b", "\x00", "\x1a", "\x85", "\u2028",
    "a,b", "a;b", "a\tb", "a|b", "a\nb", "a\r\nb", "a\rb", '"', 'a"b', '""', "'", "''", "e\u0301", "\u00e9", "\ufb01",
    "\u0130", "\u00df", "SS", "\u202eabc", "\u200b", "\U0001d4b3", "\U0001f600", "\ud7ff\ue000", "甲", "，", "１２",
    "{0}", "{value}", "{nearest}", "%s", "$1", "[1]", "*", "/etc/passwd", "true", "x" * 300,
    "y" * 70_000,
]  # fmt: skip
"""Texts that have troubled somebody's import."""

MOMENTS = [
    "2024-01-01", "2024-01-02", "2024-01-03 10:00", "2024-02-01T10:00:00Z", "2024-02-01 10:00:00+08:00", "2025-06-30",
    "2023-12-31 23:59:59.999999", "2024-03-04", "2024-05-06 07:08",
]  # fmt: skip
ODD_MOMENTS = [
    "0001-01-01", "0000-01-01", "9999-12-31", "10000-01-01", "-0044-03-15", "1899-12-31", "1900-01-01",
    "1900-01-01 00:00+14", "2200-12-31 23:59:59.999999", "2200-12-31 23:59-12", "2201-01-01",
    "9999-12-31 23:59-12:00", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-00", "0000-00-00", "13/02/2024",
    "02/13/2024", "03/04/2024", "3.4.2024", "3/4/24", "2024年3月4日", "2024年13月40日", "20240304", "infinity",
    "-infinity",     "epoch", "now", "today", "2024-03-10 02:30", "2024-01-01T00:00:00.123456789", "2024-01-01 24:00",
    "2024-01-01 25:61", "1:2:3", "12:00 PM", "2024-01-01 12:00 AM", "2024-01-01 99:00 PM", "31/12/2023 11:59:59 p.m.",
    "2024-01-01 10:00+15:59", "2024-01-01 10:00+16:00", "2024-01-01 10:00+99:99", "2024-01-01 10:00 Z", "1e9",
    "1704067200", "45292", "2024-W01-1", "294247-01-10", "290309-12-22 (BC) 00:00:00", "99/99/9999", "00/00/0000",
    "1/1/0001", "Jan 5 2024", "2024/1/5", "2024-01-01 10:00 America/New_York", "2024-01-01 10:00:60",
    "2016-12-31 23:59:60", "1970-01-01", "1582-10-10",
]  # fmt: skip
NUMBERS = ["1", "10", "2.5", "-3", "1000", "0", "1e3", "0.5", "99.99"]
ODD_NUMBERS = [
    "1e308", "1e309", "-1e400", "1e999", "1e-400", "nan", "inf", "-inf", "Infinity", "1,234.56", "1.234,56", "1,5",
    "$5", "5 EUR", "99999999999999", "99999999999999.9999", "99999999999999.99999", "100000000000000", "1e14", "-1e14",
    "0x10", "1_000", "１２", "٣", "--1", "+1", "1.23456789012345678901234567890", "12%", "(5)", "\u22125", "9" * 400,
    "0.00005", "-0", "-0.0", ".5", "5.", ".", "e5", "1e", "9223372036854775807", "9223372036854775808", "2147483648",
    "-9223372036854775808", "0.1e1", "1 000", "1'000", "1.0000000001", "32767.5",
]  # fmt: skip
PERIODS = ["2026", "2026Q4", "2026-11", "2026-W47", "2026Q5", "2026-13", "2026-W54", "0000", "9999Q4", "Q4 2026"]
FIELDS = ["stage", "amount", "expected_close_on", "rep_id", "status", "forecast_category", "competitor", "Stage", ""]
NEW_VALUES = ["talk", "offer", "won", "lost", "open", "100", "1e3", "2024-05-01", "2024-02-30", "r1", "nan", "1e400"]
CODES = ["CNY", "USD", "EUR", "usd", "Yuan", "US", "XXX", "€", "元"]
FLAGS = ["yes", "no", "true", "0", "是", "perhaps", "TRUE"]
WORDS = ["a", "b", "north", "Talk", "offer", "talk", "new", "other"]
ANY = "any text"
_ANY = st.text(max_size=4)
IDS = ["1", "2", "3", "d1", "d2", "c1", "c2", "r1", "D1"]


@cache
def cells(column: Column) -> st.SearchStrategy[str]:
    """Texts for one column of the contract: four in five are what belongs there."""
    plain, odd = _of(column)
    troubling = [*odd, *odd, *ODD]
    times = 4 * len(troubling) // len(plain) + 1
    pool = st.sampled_from([*plain * times, *troubling, ANY])
    return pool.flatmap(lambda text: _ANY if text is ANY else st.just(text))


def _of(column: Column) -> tuple[list[str], list[str]]:
    kind = column.kind
    by_name = {"period": PERIODS, "field": FIELDS, "new_value": NEW_VALUES, "old_value": NEW_VALUES, "currency": CODES}
    if column.name in by_name:
        return by_name[column.name], []
    if kind is Kind.CHOICE:
        return [*column.choices], [column.choices[0].upper(), "Unknown", *column.choices[1:2]]
    if kind in (Kind.MOMENT, Kind.DAY):
        return MOMENTS, ODD_MOMENTS
    if kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.SHARE):
        return NUMBERS, ODD_NUMBERS
    if kind is Kind.FLAG:
        return FLAGS, []
    return (IDS if kind is Kind.ID else WORDS), []
