import numpy as np
import pytest

from features.as_of import Moments
from features.catalog import CATALOGS
from features.definition import Feature
from features.null_rules import COUNTING, WORDS_ZH, null_rule
from features.streams import STREAMS
from features.verbs import Calendar, Count, DaysSince, Difference, Latest, Mean, Ratio, SmoothedRate, Sum

EVERY = [feature for catalog in CATALOGS.values() for feature in catalog.values()]


def rule(verb: object) -> str:
    return null_rule(Feature("f", "F.", "甲。", verb)).en


def test_every_stream_has_a_word():
    assert WORDS_ZH.keys() == STREAMS.keys()


@pytest.mark.parametrize("feature", EVERY, ids=str)
def test_every_feature_has_a_rule_in_both_languages(feature):
    said = null_rule(feature)

    assert said.en.endswith(".")
    assert said.zh.endswith("。")
    assert ("never missing" in said.en.lower()) == ("不会缺失" in said.zh)
    assert isinstance(feature.verb, COUNTING) == said.en.startswith("0 where")


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (Count("activities"), "0 where there is none; never missing."),
        (
            Difference(Count("activities"), Sum("activities", "gap_days")),
            "Never missing; what there is none of counts as 0.",
        ),
        (Calendar("month"), "Never missing."),
        (Mean("activities", "gap_days", within_days=9), "Missing without activities in the window that have a value."),
        (Latest("activities", "type"), "Missing without activities, or where the latest says nothing."),
        (DaysSince("activities", where=(("type", "call"),)), "Missing without such activities."),
        (DaysSince("outcomes", of="rep"), "Missing without closed deals of its rep."),
        (Ratio(Count("activities"), Count("orders", of="customer")), "Missing where what it is divided by is 0."),
        (
            Ratio(DaysSince("activities"), Mean("activities", "gap_days")),
            "Missing without activities; without activities that have a value; where what it is divided by is 0.",
        ),
        (
            SmoothedRate("outcomes", "won", of="rep"),
            "Missing until anybody has closed deals with a value; where only others have, it is everyone's rate.",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_the_rule_of_a_verb(verb, said):
    assert rule(verb) == said


def test_the_rules_are_true_of_a_customer_nobody_knows(story):
    """0 where the rule says so, missing where it says so, in a history in which all tables have something."""
    from features.table import build_table

    story.customer("c", segment="a", industry="b", created="2020-01-01").contact("x", "c", is_decision_maker=True)
    story.deal("d", customer="c", amount=5, rep="r", created="2024-01-01").closes("won", on="2024-02-01")
    story.activity(on="2024-01-02", customer="c", contact="x", rep="r", direction="inbound", duration_minutes=5)
    story.order("c", on="2024-01-02", product="p", quantity=2, rep="r")
    story.ticket("c", on="2024-01-02", closed_at="2024-01-03", kind="complaint", severity="low", satisfaction=1)
    terms = {"ends_on": "2025-01-01", "recurring_amount": 5, "interval_months": 1, "product": "p"}
    story.contract("c", on="2023-01-01", cancelled_on="2024-01-01", **terms)
    story.product("p", family="f").rep("r", team_id="t")
    columns = ("size", "tier", "region", "country", "source")
    story.customer(
        "c", annual_revenue=5, segment="a", industry="b", created="2020-01-01", **dict.fromkeys(columns, "z")
    )
    features = tuple(CATALOGS["customer"].values())
    at = np.datetime64("2024-06-01", "us").astype(np.int64)

    table = build_table(features, Moments(np.array(["nobody"], object), np.array([at])), story.history)
    row = table.to_pylist()[0]

    for feature in features:
        said = null_rule(feature).en
        if said.startswith(("0 where", "Never missing; ")):
            assert row[feature.name] == 0, feature.name
        elif said == "Never missing." or "everyone's rate" in said:
            assert row[feature.name] is not None, feature.name
        elif "everyone" not in repr(feature.verb) and not isinstance(feature.verb, Calendar):
            assert row[feature.name] is None, feature.name
