from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.questions.records import FIELDS, NOT_IN_CHANGES, read_changes, read_record

ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = datetime(2026, 11, 21, 9, 30)


def record(**given: object) -> dict[str, object]:
    described = read_record(given, ZONE, AS_OF)
    assert described.faults == ()
    return dict(described.fields)


def fault(**given: object) -> str:
    (one,) = read_record(given, ZONE, AS_OF).faults
    return f"{one.field}: {one.message}"


def test_each_kind_of_field_gets_its_type():
    assert record(
        deal_id="D-9",
        stage="Proposal",
        status="open",
        type="new",
        created_at="2026-11-01",
        expected_close_on="2026-12-31",
        amount=12000.5,
        currency="cny",
        crm_probability=0.25,
        attributes={"region": "north", "seats": 5, "trial": True, "gone": None},
    ) == {
        "deal_id": "D-9",
        "stage": "Proposal",
        "status": "open",
        "type": "new",
        "created_at": datetime(2026, 10, 31, 16),
        "expected_close_on": date(2026, 12, 31),
        "amount": Decimal("12000.5000"),
        "currency": "CNY",
        "crm_probability": 0.25,
        "attributes": {"region": "north", "seats": "5", "trial": "true", "gone": None},
    }


def test_a_new_deal_is_created_at_the_moment_asked_about():
    assert record()["created_at"] == AS_OF
    assert record(created_at=None)["created_at"] == AS_OF


def test_empty_texts_are_missing_values_as_in_files():
    assert record(stage="  ", amount="", expected_close_on=None) == {
        "stage": None,
        "amount": None,
        "expected_close_on": None,
        "created_at": AS_OF,
    }


def test_times_keep_their_offset_and_days_are_local():
    assert record(created_at="2026-11-21T10:00:00+08:00")["created_at"] == datetime(2026, 11, 21, 2)
    assert record(expected_close_on="2026-12-31T23:00:00Z")["expected_close_on"] == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ammount": 1}, "ammount: is no field of a deal. Did you mean 'amount'?"),
        ({"recorded_at": "2026-01-01"}, "recorded_at: is no field of a deal."),
        ({"stage": 5}, "stage: is a text; write it in quotes, not as a number"),
        ({"customer_id": 77}, "customer_id: is a text"),
        ({"status": "pending"}, "status: is one of open, won, lost"),
        ({"status": None}, "status: is open, won or lost, never empty"),
        ({"type": "New"}, "type: is one of new, renewal, upsell"),
        ({"amount": "$5"}, "amount: is a plain number such as 12000.50"),
        ({"amount": "1_000"}, "amount: is a plain number"),
        ({"amount": "12,000"}, "amount: is a plain number"),
        ({"amount": True}, "amount: is a number, not true or false"),
        ({"amount": [1]}, "amount: is a number, not a list"),
        ({"amount": float("nan")}, "amount: is a finite number"),
        ({"amount": 1e15}, "amount: is too large"),
        ({"amount": 10**400}, "amount: is a finite number"),
        ({"crm_probability": 40}, "crm_probability: is a share from 0 to 1; divide percent by 100"),
        ({"currency": "Yuan"}, "currency: is a currency code of three letters"),
        ({"expected_close_on": "31/12/2026"}, "expected_close_on: is a day such as"),
        ({"created_at": "yesterday"}, "created_at: is a time such as"),
        ({"created_at": "0001-01-01"}, "created_at: is a time such as"),
        ({"created_at": "2026-11-22"}, "created_at: is later than the moment asked about"),
        ({"closed_at": "2026-11-01"}, "closed_at: an open deal has none"),
        ({"lost_reason": "price"}, "lost_reason: an open deal has none"),
        ({"stage": "\ud800"}, "stage: holds half a letter"),
        ({"stage": "x" * 10_001}, "stage: is longer than"),
        ({"attributes": ["region"]}, "attributes: is an object"),
        ({"attributes": {"region": {"a": 1}}}, "attributes: region is a text, a number, true or false, not an object"),
        ({"attributes": {"region": float("inf")}}, "attributes: region is not a finite number"),
        ({"attributes": {"\ud800": 1}}, "attributes: ? holds half a letter"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_field(given, said):
    assert fault(**given).startswith(said)


def test_all_faults_are_named_at_once():
    assert [one.field for one in read_record({"stage": 1, "amount": "x", "zz": 0}, ZONE, AS_OF).faults] == [
        "stage",
        "amount",
        "zz",
    ]


def test_a_closed_deal_may_say_how_it_ended():
    assert record(status="lost", closed_at="2026-11-02", lost_reason="price")["lost_reason"] == "price"


def test_changes_are_read_like_a_record_without_its_identity_and_outcome():
    assert read_changes({"amount": "5"}, ZONE).fields == {"amount": Decimal("5.0000")}
    for name in NOT_IN_CHANGES:
        (one,) = read_changes({name: "won"}, ZONE).faults
        assert one.message.startswith("cannot be changed here")
    (nothing,) = read_changes({}, ZONE).faults
    assert "names no field" in nothing.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=6))
def test_any_json_is_read_or_refused_and_never_breaks(given):
    described = read_record(given, ZONE, AS_OF)

    assert {one.field for one in described.faults} | described.fields.keys() >= {
        name for name in given if name in FIELDS
    }
    for value in described.fields.values():
        assert value is None or type(value) in (str, float, Decimal, date, datetime, dict)
        assert not isinstance(value, datetime) or value.tzinfo is not UTC
