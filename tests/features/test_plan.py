"""A step finds what it takes in the steps before it, and a stream is not read more often than that needs."""

import pytest

from features.catalog import CATALOG
from features.definition import Feature
from features.needs import leaves_of
from features.owners import owners_needed
from features.plan import plan
from features.verbs import Count, DaysSince, Latest, SmoothedRate, SumBefore, inputs_of


def feature(verb, entity="deal") -> Feature:
    return Feature("f", "", "", verb, entity)


@pytest.mark.parametrize("entity", ["deal", "customer"])
def test_everything_a_step_takes_is_in_a_step_before_it(entity):
    features = [f for f in CATALOG.values() if f.entity == entity] or [feature(Count("orders", of="customer"), entity)]
    features.append(feature(SmoothedRate("outcomes", "won", of="rep&segment"), entity))
    known: set = set()

    for step in plan(features, entity):
        for verb in step.verbs:
            parts = (*inputs_of(verb, entity), *owners_needed(verb.of, entity))
            assert {leaf for part in parts for leaf in leaves_of(part, entity)} - {verb} <= known
        known |= set(step.verbs)
    assert known == {leaf for f in features for leaf in leaves_of(f.verb, entity)}


def test_what_nothing_waits_for_is_read_with_the_last_of_its_stream():
    since = Count("activities", since=DaysSince("stage_changes"))
    steps = plan([feature(Count("activities")), feature(since), feature(Latest("stage_changes", "stage"))], "deal")

    assert [(step.stream, len(step.verbs)) for step in steps] == [("stage_changes", 2), ("activities", 2)]


def test_a_place_in_the_queue_takes_the_owner_and_the_deals_own_time():
    steps = plan([feature(SumBefore("openings", "delta", "born", of="rep"))], "deal")

    assert [(step.stream, step.of) for step in steps] == [
        ("openings", "deal"),
        ("owner_changes", "deal"),
        ("openings", "rep"),
    ]
    assert steps[-1].columns == {"delta", "born"}
