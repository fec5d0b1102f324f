"""The quick reading of a question and the exact one: what fits the first fits the second, and means the same."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serving.questions.asked import READ_CUSTOMER, READ_CUSTOMERS, READ_DEAL, READ_DEALS
from serving.questions.questions import CustomerAsked, CustomersAsked, DealAsked, DealsAsked

PAIRS = {
    "deals": (READ_DEALS, READ_DEAL, DealsAsked, DealAsked, ("deal_id", "changes", "record", "features")),
    "customers": (READ_CUSTOMERS, READ_CUSTOMER, CustomersAsked, CustomerAsked, ("customer_id", "changes", "features")),
}


def both(what: str, body: bytes) -> tuple[object, object]:
    """What each reading makes of a request: plain data, or None where it refuses."""
    read_all, read_one, exact_all, _, fields = PAIRS[what]
    try:
        asked = read_all(body)
        ones = [read_one(one) for one in asked.subjects]
        said = [{name: getattr(one, name) for name in fields} for one in ones]
        quick = (said, asked.horizons, asked.dates, asked.reasons, asked.as_of)
    except msgspec.MsgspecError:
        quick = None
    try:
        whole = exact_all.model_validate_json(body)
        said = [{name: getattr(one, name) for name in fields} for one in getattr(whole, what)]
        exact = (said, whole.horizons, whole.dates, whole.reasons, whole.as_of)
    except ValidationError:
        exact = None
    return quick, exact


values = st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=1))
objects = st.dictionaries(st.text(max_size=5), values, max_size=3)
ids = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.just("x" * 501))


@st.composite
def requests(draw, what):
    fields = PAIRS[what][4]
    one = st.fixed_dictionaries({}, optional={fields[0]: ids, **dict.fromkeys(fields[1:], objects), "colour": values})
    usual = st.fixed_dictionaries({fields[0]: st.text(min_size=1, max_size=5)}, optional={"changes": objects})
    reasons = st.sampled_from([0, 100, 101, -1, 2.5, "3", None])
    if draw(st.booleans()):
        return json.dumps({what: draw(st.lists(usual, min_size=1, max_size=3)), "reasons": draw(reasons)}).encode()
    more = {
        "horizons": st.lists(st.sampled_from([30, 0, -1, 3650, 3650.5, "30", None]), max_size=3),
        "dates": st.lists(st.sampled_from(["2026-12-31", "2026-13-01", "31.12.2026", 5]), max_size=2),
        "reasons": reasons,
        "as_of": st.sampled_from(["2026-11-01", "x" * 41, 5, None]),
        "else": values,
    }
    found = draw(st.fixed_dictionaries({what: st.lists(one, max_size=3)}, optional=more))
    return json.dumps(found).encode()


@pytest.mark.parametrize("what", PAIRS)
def test_what_fits_the_quick_reading_fits_the_exact_one_and_means_the_same(what):
    taken = []

    @given(requests(what))
    def holds(body):
        quick, exact = both(what, body)
        if quick is not None:
            taken.append(body)
            assert exact is not None, body
            assert quick == exact, body

    holds()
    assert taken


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("deals", {"deal_id": "D"}),
        ("deals", {"deal_id": "D", "changes": {"amount": 5}}),
        ("deals", {"record": {"amount": "5"}}),
        ("deals", {"features": {"deal_amount": 5, "deal_stage": "Lead", "deal_age_days": None}}),
        ("deals", {"deal_id": "D", "features": {"deal_amount": 5}}),
        ("customers", {"customer_id": "C"}),
        ("customers", {"customer_id": "C", "changes": {}}),
        ("customers", {"customer_id": "C", "features": {"customer_orders": 1}}),
        ("customers", {"features": {"customer_orders": 1}}),
    ],
)
def test_every_usual_form_takes_the_quick_way(what, one):
    quick, exact = both(what, json.dumps({what: [one], "horizons": [45], "reasons": 0}).encode())

    assert quick is not None
    assert quick == exact


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("deals", {}),
        ("deals", {"changes": {}}),
        ("deals", {"deal_id": "D", "record": {}}),
        ("deals", {"record": {}, "features": {"a": 1}}),
        ("deals", {"deal_id": "D", "changes": {}, "features": {"a": 1}}),
        ("customers", {}),
        ("customers", {"changes": {}}),
        ("customers", {"customer_id": "C", "changes": {}, "features": {"a": 1}}),
        ("customers", {"customer_id": "C", "record": {}}),
        ("customers", {"customer_id": ""}),
        ("customers", {"features": {}}),
        ("customers", {"features": {"a": [1]}}),
    ],
)
def test_mixed_forms_fit_neither(what, one):
    assert both(what, json.dumps({what: [one]}).encode()) == (None, None)


@pytest.mark.parametrize("what", PAIRS)
def test_none_and_too_many_fit_neither(what):
    one = {"deals": {"deal_id": "D"}, "customers": {"customer_id": "C"}}[what]

    assert both(what, json.dumps({what: []}).encode()) == (None, None)
    assert both(what, json.dumps({what: [one] * 1001}).encode()) == (None, None)
    assert both(what, json.dumps({what: [one] * 1000}).encode())[0] is not None


def test_customers_need_a_horizon_and_deals_do_not():
    assert both("customers", b'{"customers": [{"customer_id": "C"}], "horizons": []}') == (None, None)
    quick, exact = both("deals", b'{"deals": [{"deal_id": "D"}], "horizons": []}')
    assert quick == exact is not None
