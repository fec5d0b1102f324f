from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts import TABLES, Kind
from features.told_rows import columns_of, read_again, read_row, written

ZONE = ZoneInfo("Asia/Shanghai")


def row(table: str, **given: object) -> dict[str, object]:
    read = read_row(table, given, ZONE)
    assert read.faults == ()
    return dict(read.values)


def fault(table: str, *, deleted: bool = False, **given: object) -> str:
    (one,) = read_row(table, given, ZONE, deleted=deleted).faults
    return f"{one.field}: {one.message}"


DEAL = {"deal_id": "D", "status": "open", "created_at": "2026-11-01"}
CHANGE = {"deal_id": "D", "field": "stage", "changed_at": "2026-11-01", "new_value": "Offer"}


def test_each_kind_of_column_gets_its_type():
    assert row("contacts", contact_id=" P-1 ", is_decision_maker=True, created_at="2026-11-01T10:00:00Z") == {
        "contact_id": "P-1",
        "is_decision_maker": True,
        "created_at": datetime(2026, 11, 1, 10),
    }
    assert row("stages", pipeline="p", stage="s", position=3.0, status="open", default_probability="0.5") == {
        "pipeline": "p",
        "stage": "s",
        "position": 3,
        "status": "open",
        "default_probability": 0.5,
    }
    found = row("orders", order_id="o", customer_id="C", ordered_at="2026-11-02", amount="12.5", quantity=-1)
    assert (found["ordered_at"], found["amount"], found["quantity"]) == (
        datetime(2026, 11, 1, 16),
        Decimal("12.5000"),
        -1.0,
    )
    assert row("fx_rates", currency="usd", valid_on="2026-11-02", rate=7) == {
        "currency": "USD",
        "valid_on": date(2026, 11, 2),
        "rate": 7.0,
    }


def test_columns_of_ones_own_stand_under_attributes():
    found = row(
        "deals", **DEAL, attributes={"seats": 5, "region": " north ", "trial": True, "gone": None, "blank": " "}
    )

    assert {name: value for name, value in found.items() if name.startswith("attr_")} == {
        "attr_seats": "5",
        "attr_region": "north",
        "attr_trial": "true",
        "attr_gone": None,
        "attr_blank": None,
    }


def test_values_of_changes_are_texts_however_they_are_written():
    assert row("deal_changes", **{**CHANGE, "field": "amount", "new_value": 12000.5})["new_value"] == "12000.5"
    assert row("deal_changes", **CHANGE, old_value=7)["old_value"] == "7"


def test_a_closing_on_the_day_of_creation_counts_at_its_end():
    found = row("deals", deal_id="D", status="won", created_at="2026-11-01T10:00:00+08:00", closed_at="2026-11-01")
    assert found["closed_at"] == datetime(2026, 11, 1, 15, 59, 59, 999999)
    same = row("tickets", ticket_id="t", customer_id="C", opened_at="2026-11-01", closed_at="2026-11-01")
    assert same["closed_at"] == same["opened_at"]


def test_a_deleted_row_is_its_key():
    read = read_row("deal_changes", {"deal_id": "D", "field": "stage", "changed_at": "2026-11-01"}, ZONE, deleted=True)
    assert (read.faults, read.values["field"]) == ((), "stage")
    assert fault("deals", deleted=True, deal_id="D", status="open") == (
        "status: says nothing of a deleted row; send deal_id alone"
    )
    assert fault("deals", deleted=True).startswith("deal_id: is what names the row")


@pytest.mark.parametrize(
    ("table", "told", "said"),
    [
        ("deals", {**DEAL, "ammount": 1}, "ammount: is no column of deals. Did you mean 'amount'?"),
        ("deals", {**DEAL, "recorded_at": "2026-01-01"}, "recorded_at: stands beside the row, not in it"),
        ("deals", {**DEAL, "deleted_at": "2026-01-01"}, 'deleted_at: is told by "deleted": true'),
        ("deals", {"deal_id": "D", "status": "open"}, "created_at: is in every row of deals; give it"),
        ("deals", {"status": "open", "created_at": "2026-11-01"}, "deal_id: is what names the row; give it"),
        ("deals", {**DEAL, "deal_id": " "}, "deal_id: is empty, and every row has it"),
        ("deals", {**DEAL, "deal_id": 7}, "deal_id: is a text; write it in quotes"),
        ("deals", {**DEAL, "status": None}, "status: is empty, and every row has it"),
        ("deals", {**DEAL, "closed_at": "2026-11-02"}, "closed_at: is given and the deal is open"),
        ("deals", {**DEAL, "status": "won", "closed_at": "2026-10-01"}, "closed_at: lies before created_at"),
        ("deals", {**DEAL, "created_at": "1899-12-31"}, "created_at: lies outside the years 1900 to 2200"),
        ("deals", {**DEAL, "expected_close_on": "9999-12-31"}, "expected_close_on: lies outside the years"),
        ("deals", {**DEAL, "attributes": {"": 1}}, "attributes: '' is no name"),
        ("deals", {**DEAL, "attributes": {str(n): 1 for n in range(201)}}, "attributes: holds more than 200 names"),
        ("deal_changes", {**CHANGE, "field": "status", "new_value": "Won"}, "new_value: of a status is one of open"),
        ("deal_changes", {**CHANGE, "field": "amount", "new_value": "$5"}, "new_value: of an amount is a plain number"),
        ("deal_changes", {**CHANGE, "field": "expected_close_on", "new_value": "soon"}, "new_value: of expected_close"),
        ("deal_changes", {**CHANGE, "origin": "snapshot"}, "origin: snapshot stands for what an import found itself"),
        ("fx_rates", {"currency": "USD", "valid_on": "2026-11-01", "rate": 0}, "rate: must be above zero"),
        (
            "contacts",
            {"contact_id": "P", "is_decision_maker": "yes"},
            "is_decision_maker: is true or false, not a text",
        ),
        ("stages", {"pipeline": "p", "stage": "s", "position": 1.5, "status": "open"}, "position: is a whole number"),
        ("stages", {"pipeline": "p", "stage": "s", "position": 2**63, "status": "open"}, "position: is a whole number"),
        (
            "quotas",
            {"owner_type": "rep", "owner_id": "R", "period": "May", "amount": 1},
            "period: is no period; write it as 2026",
        ),
        (
            "subscriptions",
            {"subscription_id": "S", "customer_id": "C", "started_on": "2026-02-01", "ends_on": "2026-01-01"},
            "ends_on: lies before started_on",
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_field_and_the_way_out(table, told, said):
    assert fault(table, **told).startswith(said)


def test_all_faults_are_named_at_once():
    faults = read_row("deals", {"stage": 1, "amount": "x", "zz": 0}, ZONE).faults
    assert [one.field for one in faults] == ["stage", "amount", "zz", "deal_id", "status", "created_at"]


def test_a_row_is_written_the_same_however_it_was_told():
    one = row("deals", **DEAL, amount=5, attributes={"a": 1})
    other = row(
        "deals", attributes={"a": "1"}, amount="5.00", created_at="2026-10-31T16:00:00Z", status="open", deal_id="D"
    )

    assert written("deals", one) == written("deals", other)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("nothing", "{}"),
        ("deals", '{"deal_id":"D","mood":"good"}'),
        ("deals", "{}"),
        ("deals", '{"deal_id":"D","created_at":"soon"}'),
        ("deals", "["),
    ],
)
def test_what_was_kept_by_another_release_is_refused_where_this_one_cannot_read_it(table, text):
    with pytest.raises(ValueError):  # noqa: PT011
        read_again(table, text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
LIKELY = st.sampled_from(["2026-11-01", "2026-11-01T10:00:00Z", "open", "won", "call", "1.5", 3, True, "2026Q4", "rep"])


@given(st.sampled_from(list(TABLES)).flatmap(lambda table: st.tuples(st.just(table), told_of(table))), st.booleans())
def test_any_json_is_read_or_refused_and_what_is_read_comes_back_the_same(told, deleted):
    table, given = told
    read = read_row(table, given, ZONE, deleted=deleted)

    assert all(fault.message for fault in read.faults)
    if not read.faults:
        text = written(table, read.values)
        assert read_again(table, text) == dict(read.values)
        assert written(table, read_again(table, text)) == text


def told_of(table: str) -> st.SearchStrategy[dict[str, object]]:
    """Rows that are often right: required columns with likely values, others with anything."""
    needed = dict.fromkeys(TABLES[table].required, LIKELY)
    others = {name: LIKELY | JSON for name in columns_of(table) if name not in needed}
    return st.fixed_dictionaries(needed, optional={**others, "unheard of": JSON})


def test_every_kind_of_the_contract_can_be_told():
    kinds = {column.kind for table in TABLES.values() for column in table.columns}
    assert kinds == set(Kind)
