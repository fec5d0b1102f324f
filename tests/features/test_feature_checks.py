from dataclasses import replace

import pytest

from features.catalog import CATALOGS, LAST, RATE
from features.contracts import ATTRIBUTE_PREFIX
from features.definition import Feature
from features.feature_checks import RESERVED, VERBS, fault
from features.verbs import (
    Calendar,
    Count,
    DaysSince,
    DaysUntil,
    Difference,
    Distinct,
    Latest,
    Mean,
    Ratio,
    Share,
    SmoothedRate,
    Sum,
    SumBefore,
)  # fmt: skip

GOOD = Feature("calls", "Calls.", "通话次数。", Count("activities", where=(("type", "call"),)))


@pytest.mark.parametrize("feature", [f for catalog in CATALOGS.values() for f in catalog.values()], ids=str)
def test_nothing_is_wrong_with_our_own_features(feature):
    assert fault(feature) is None


def test_names_of_attributes_are_reserved():
    assert set(RESERVED) == {ATTRIBUTE_PREFIX, f"customer_{ATTRIBUTE_PREFIX}", LAST, RATE}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "Calls"}, "its name is not one"),
        ({"name": "a" * 64}, "its name is not one"),
        ({"name": 5}, "its name is not one"),
        ({"name": "attr_calls"}, "names that begin so stand for attributes"),
        ({"meaning": " "}, "its meaning is not given"),
        ({"meaning_zh": None}, "its meaning_zh is not given"),
        ({"meaning": "two\nlines"}, "its meaning is not given"),
        ({"entity": "rep"}, "its entity is 'rep'"),
        ({"entity": []}, r"its entity is \[\]"),
        ({"years": -1}, "its years are -1"),
        ({"years": float("nan")}, "its years are nan"),
        ({"years": "2"}, "its years are '2'"),
        ({"verb": "Count"}, "'Count' is no verb"),
        ({"verb": Count}, "is no verb"),
    ],
)
def test_what_may_be_wrong_with_a_feature(changes, problem):
    assert_wrong(replace(GOOD, **changes), problem)


@pytest.mark.parametrize(
    ("verb", "problem", "fix"),
    [
        (Count("calls"), "there is no stream 'calls'", "Known here: deals"),
        (Count("activitys"), "there is no stream 'activitys'", "Did you mean 'activities'"),
        (Count(5), "the stream of Count is a int", "a text"),
        (Count("orders"), "orders are not those of 'deal' for a deal", "of=: customer"),
        (Count("orders", of="moon"), "orders are not those of 'moon'", "of=:"),
        (Count("activities", within_days=0), "within_days of Count is 0", "above 0"),
        (Count("activities", within_days="30"), "within_days of Count is '30'", "above 0"),
        (Count("activities", where="call"), "where of Count is 'call'", "pairs"),
        (Count("activities", where=(("type",),)), "where of Count is", "pairs"),
        (Count("activities", where=(("tipe", "call"),)), "activities have no column 'tipe'", "Did you mean 'type'"),
        (Count("activities", where=(("gap_days", "1"),)), "where takes no number column", "type"),
        (Count("activities", since=Latest("activities", "type")), "since of Count is a Latest", "DaysSince"),
        (Count("activities", since=DaysSince("acts")), "there is no stream 'acts'", "Known here"),
        (Sum("activities", "minutes"), "activities have no column 'minutes'", "duration_minutes"),
        (Sum("activities", "type"), "Sum takes no category column", "duration_minutes"),
        (Distinct("activities", "gap_days"), "Distinct takes no number column", "contact_id"),
        (DaysUntil("subscriptions", "product_id", of="customer"), "DaysUntil takes no category column", "ends_on"),
        (Latest("close_date_changes", "expected_close_on"), "Latest takes no moment column", "slip"),
        (Share("activities", ()), None, None),
        (SmoothedRate("outcomes", "won", of="rep", strength=0), "strength of SmoothedRate is 0", "above 0"),
        (SmoothedRate("outcomes", "outcome", of="rep"), "SmoothedRate takes no category column", "won"),
        (SumBefore("openings", "delta", "worth", of="rep"), "SumBefore takes no number column", "born"),
        (Calendar("moon"), "Calendar knows no 'moon'", "month"),
        (Ratio(Count("activities"), 30), "a int is no verb", "Count"),
        (Ratio(Count("activities"), Mean("activities", "x")), "activities have no column 'x'", "Known here"),
        (Difference(Latest("activities", "type"), Count("activities")), "is arithmetic with texts", "number"),
    ],
    ids=str,
)  # fmt: skip
def test_what_may_be_wrong_with_a_verb(verb, problem, fix):
    found = fault(replace(GOOD, verb=verb))

    if problem is None:
        assert found is None
    else:
        assert found is not None
        assert problem in found[0]
        assert fix in found[1]


def test_a_key_that_customers_do_not_have_is_refused_for_them():
    verb = Count("outcomes", of="stage")

    assert fault(replace(GOOD, verb=verb)) is None
    assert_wrong(replace(GOOD, verb=verb, entity="customer"), "outcomes are not those of 'stage' for a customer")


def test_every_verb_is_offered():
    assert {"Count", "Ratio", "Calendar", "SmoothedRate", "DaysSinceFirst"} <= VERBS.keys()


def assert_wrong(feature: Feature, problem: str) -> None:
    import re

    found = fault(feature)
    assert found is not None
    assert re.search(problem, found[0])
    assert found[1].strip()
