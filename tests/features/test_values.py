"""Every kind of value, read through a real import: text in, typed row or reject out."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEADER = "deal_id,status,created_at,{}"


def read(door, column, written, mapping=None):
    if mapping:
        door.mapping(mapping)
    report = door.deals(f'd1,open,2024-01-01,"{written}"', header=HEADER.format(column))
    rows = door.rows("deals", column)
    return (rows[0][0] if rows else None), [group.reason for group in report.rejects]


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        ("amount", "12.34567", Decimal("12.3457")),
        ("amount", "-3", Decimal("-3")),
        ("amount", "1e3", Decimal("1000")),
        ("amount", ".5", Decimal("0.5")),
        ("amount", "", None),
        ("crm_probability", "0.25", 0.25),
        ("expected_close_on", "2024-02-03", date(2024, 2, 3)),
        ("expected_close_on", "2024-02-03 23:30:00", date(2024, 2, 3)),
        ("type", "Renewal", "renewal"),
        ("source", "None", "None"),
        ("source", "NA", "NA"),
        ("source", "null", "null"),
        ("source", "  two words\u3000", "two words"),
        ("currency", "eur", "EUR"),
        ("customer_id", "007", "007"),
        ("customer_id", "1641984.0", "1641984.0"),
    ],
)
def test_a_value_that_is_read(door, column, written, expected):
    assert read(door, column, written) == (expected, [])


@pytest.mark.parametrize(
    ("column", "written", "reason"),
    [
        ("amount", "$12", "carries a currency sign"),
        ("amount", "12 EUR", "carries a currency sign"),
        ("amount", "1,234", "has thousands marks"),
        ("amount", "12,5", "has a decimal comma"),
        ("amount", "nan", "not a number"),
        ("amount", "inf", "not a number"),
        ("amount", "1_000", "not a number"),
        ("amount", "0x1F", "not a number"),
        ("amount", "much", "not a number"),
        ("amount", "1" * 15, "too large for an amount of money"),
        ("crm_probability", "50", "looks like percent; a share runs from 0 to 1"),
        ("crm_probability", "50%", "written in percent; a share runs from 0 to 1"),
        ("crm_probability", "-0.1", "a share runs from 0 to 1"),
        ("expected_close_on", "2024-02-30", "there is no such day or time"),
        ("expected_close_on", "3024-02-03", "the year is outside 1900 to 2200"),
        ("expected_close_on", "2/3/24", "the year has two digits"),
        ("expected_close_on", "soon", "not a date or time that can be read"),
        ("expected_close_on", "45000", "not a date or time that can be read"),
        ("type", "newish", "not one of new, renewal, upsell"),
        ("currency", "€", "not a currency code of three letters"),
        ("source", "a\x00b", "holds a NUL byte"),
    ],
)
def test_a_value_that_is_not_read_says_why(door, column, written, reason):
    assert read(door, column, written) == (None, [reason])


def test_the_nearest_choice_is_in_the_fix(door):
    report = door.deals("d1,wonn,2024-01-01", header="deal_id,status,created_at")
    assert report.rejects[0].fix == 'map it in the mapping: values: {status: {"wonn": won}}'


def test_percents_and_signs_are_read_when_the_mapping_says_so(door):
    mapping = 'tables: {deals: {numbers: {crm_probability: "50%"}}}'
    assert read(door, "crm_probability", "12.5%", mapping) == (0.125, [])
    mapping = 'tables: {deals: {numbers: {amount: "$1,234.56"}}}'
    assert read(door, "amount", "$1,250.5", mapping) == (Decimal("1250.5"), [])


def test_a_format_reads_what_is_not_iso(door):
    mapping = 'tables: {deals: {dates: {expected_close_on: "%d %b %y"}}}'
    assert read(door, "expected_close_on", "03 Feb 24", mapping) == (date(2024, 2, 3), [])


def test_values_map_to_texts_and_to_nothing(door):
    mapping = "tables: {deals: {values: {source: {Select: null, No: none given}}}}"
    assert read(door, "source", "Select", mapping) == (None, [])
    assert read(door, "source", "No", mapping) == ("none given", [])


def test_a_time_without_offset_is_read_in_the_time_zone(door):
    door.mapping("timezone: Asia/Shanghai\ntables: {deals: }")
    door.deals("d1,won,2024-01-02,2024-01-02T08:00:00Z,1")
    assert door.rows("deals", "created_at, closed_at") == [(datetime(2024, 1, 1, 16), datetime(2024, 1, 2, 8))]


def test_a_day_with_an_offset_is_the_day_in_the_time_zone(door):
    door.mapping("timezone: Asia/Shanghai\ntables: {deals: }")
    door.deals("d1,open,2024-01-02,2024-01-31T20:00:00Z", header=HEADER.format("expected_close_on"))
    assert door.rows("deals", "expected_close_on") == [(date(2024, 2, 1),)]


@pytest.mark.parametrize(("written", "expected"), [("是", True), ("否", False), ("Yes", True), ("0", False)])
def test_flags(door, written, expected):
    door.file("contacts.csv", f"contact_id,is_decision_maker\nk1,{written}\n")
    door.imports()
    assert door.rows("contacts", "is_decision_maker") == [(expected,)]


def test_whole_numbers(door):
    door.file("stages.csv", "pipeline,stage,position,status\nmain,a,1.0,open\nmain,b,1.5,open\n")
    report = door.imports()
    assert door.rows("stages", "stage, position") == [("a", 1)]
    assert [group.reason for group in report.rejects] == ["not a whole number"]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(-(10**13), 10**13, places=4), min_size=1, max_size=50))
def test_money_keeps_its_four_decimals(door, amounts):
    door.deals(*(f"d{n:03},open,2024-01-01,,{amount}" for n, amount in enumerate(amounts)))
    assert [row[1] for row in door.rows("deals", "deal_id, amount")][: len(amounts)] == amounts
