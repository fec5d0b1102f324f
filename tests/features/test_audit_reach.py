"""A finding must reach every feature made of what it speaks against, and no other."""

import pytest

from features.audit_reach import looks_at
from features.audit_report import Finding
from features.definition import Feature
from features.verbs import Count, DaysSince, Latest, Ratio, SmoothedRate, Verb

CALLS = Count("activities", where=(("type", "call"),))
NOTES = Count("activities", where=(("type", "note"),))


def against(table: str, column: str, value: str = "") -> Finding:
    return Finding(table, column, "any-finding", "error", "Why.", "原因。", "So.", "所以。", value)


def feature(verb: Verb) -> Feature:
    return Feature("mine", "Mine.", "我的。", verb)


@pytest.mark.parametrize(
    ("verb", "finding", "reached"),
    [
        (Latest("deals", "attr_x"), against("deals", "x"), True),
        (Latest("deals", "attr_x:number"), against("deals", "x"), True),
        (Latest("deals", "attr_xy"), against("deals", "x"), False),
        (Latest("customers", "tier", of="customer"), against("customers", "tier"), True),
        (Latest("customers", "attr_x:number", of="customer"), against("customers", "x"), True),
        (Latest("customers", "tier", of="customer"), against("deals", "tier"), False),
        (SmoothedRate("outcomes", "won", of="customer"), against("deals", "customer_id"), True),
        (SmoothedRate("outcomes", "won", of="product"), against("deals", "customer_id"), False),
        (DaysSince("stage_changes"), against("deals", "stage"), True),
        (DaysSince("stage_changes"), against("deal_changes", "stage"), True),
        (DaysSince("stage_changes"), against("deal_changes", "amount"), False),
        (CALLS, against("activities", "happened_at"), True),
        (CALLS, against("activities", "type", "call"), True),
        (CALLS, against("activities", "type", "note"), False),
        (Count("activities"), against("activities", "type", "note"), True),
        (Ratio(CALLS, NOTES), against("activities", "type", "note"), True),
        (CALLS, against("activities", "outcome", "handed over"), True),
        (Count("orders", of="customer"), against("activities", "happened_at"), False),
        (Count("orders", of="customer"), against("orders", "ordered_at"), True),
        (Count("purchases", of="customer"), against("orders", "ordered_at"), True),
        (SmoothedRate("outcomes", "won", of="attr_x"), against("deals", "x"), True),
        (SmoothedRate("outcomes", "won", of="rep&segment"), against("customers", "segment"), True),
        (DaysSince("creations"), against("deals", "created_at"), True),
        (DaysSince("creations", of="customer"), against("deals", "created_at"), False),
        (CALLS, against("features", "mine"), True),
        (CALLS, against("features", "yours"), False),
    ],
)
def test_a_finding_reaches_what_is_made_of_it(verb: Verb, finding: Finding, reached: bool) -> None:
    assert looks_at(feature(verb), finding) is reached
