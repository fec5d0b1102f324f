import string
from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest

from features import verbs
from features.catalog import (
    CATALOG,
    CATALOGS,
    CUSTOMER_CATALOG,
    CUSTOMER_FAMILIES,
    FAMILIES,
    UnknownFeature,
    find,
    fingerprint,
    offered,
    select,
)  # fmt: skip
from features.contracts import Known
from features.needs import needs_of
from features.streams import STREAMS
from features.verbs import Count, Verb


def parts_of(verb: Verb) -> list[Verb]:
    """A verb and those it is made of."""
    inner = [getattr(verb, f.name) for f in fields(verb)]
    return [verb, *(part for v in inner if isinstance(v, Verb) for part in parts_of(v))]


@pytest.mark.parametrize("feature", [*CATALOG.values(), *CUSTOMER_CATALOG.values()], ids=str)
def test_a_feature_has_a_name_a_meaning_in_two_languages_and_a_verb(feature):
    assert set(feature.name) <= set(string.ascii_lowercase + string.digits + "_")
    assert feature.meaning.endswith(".")
    assert feature.meaning_zh.endswith("。")
    assert len(feature.meaning) > 15
    assert any("一" <= letter <= "鿿" for letter in feature.meaning_zh)
    assert type(feature.verb) in Verb.__args__
    assert {need.stream for need in needs_of(feature.verb, feature.entity)} <= STREAMS.keys()


@pytest.mark.parametrize("families", [FAMILIES, CUSTOMER_FAMILIES])
def test_no_two_features_share_a_name_a_meaning_or_a_verb(families):
    every = [feature for family in families for feature in family.FEATURES]

    for said in ("name", "meaning", "meaning_zh", "verb"):
        assert len({getattr(feature, said) for feature in every}) == len(every), said


def test_features_of_customers_are_asked_of_customers():
    assert len(CUSTOMER_CATALOG) >= 60
    for feature in CUSTOMER_CATALOG.values():
        assert feature.entity == "customer"
        assert feature.name.startswith("customer_")
        assert "deal" not in {need.of for need in needs_of(feature.verb, "customer")}


def test_a_name_that_deals_and_customers_share_means_the_same_of_both():
    shared = CATALOG.keys() & CUSTOMER_CATALOG.keys()

    assert "customer_industry" in shared
    assert [name for name in shared if CATALOG[name].verb != CUSTOMER_CATALOG[name].verb] == []


def test_a_feature_is_found_by_its_name_and_whom_it_is_asked_of():
    assert find("deal_amount") is CATALOG["deal_amount"]
    assert find("customer_win_rate") is CATALOG["customer_win_rate"]
    assert find("customer_win_rate", "customer") is CATALOGS["customer"]["customer_win_rate"]
    with pytest.raises(UnknownFeature, match="customer_season_month"):
        find("customer_season_month")
    assert [f.name for f in select("customer_lateness", entity="customer")] == ["customer_lateness"]


def test_orders_alone_are_enough_for_some_features_of_customers(story):
    story.order("c", on="2020-01-01").order("c", on="2023-06-01")

    found = offered(story.history, entity="customer")
    names = {feature.name for feature in found.features}

    assert {"customer_lateness", "customer_revenue_365d", "customer_season_month"} <= names
    assert names | found.left_out.keys() == CUSTOMER_CATALOG.keys()
    assert found.left_out["customer_days_silent"] == "the history has nothing that gives activities"
    young = offered(story.history, datetime(2021, 1, 1), "customer")
    assert young.left_out["customer_season_month"] == "it takes 3 years of history to learn from it; there are 1.0"


def test_attributes_of_customers_are_features_of_customers(story):
    story.declares("customers", seats=Known.AT_CREATION, colour=Known.AT_CREATION, secret=Known.CURRENT)
    story.customer("c", attributes={"seats": "12", "colour": "red", "secret": "x"})
    story.customer("e", recorded="2024-06-01", attributes={"seats": "many", "colour": "blue", "secret": "y"})

    own = {f.name: f for f in offered(story.history, datetime(2024, 1, 1), "customer").features}

    assert own.keys() >= {"customer_attr_seats", "customer_attr_colour"}
    assert "customer_attr_secret" not in own
    assert story.value_of_customer(own["customer_attr_seats"], "c", as_of="2024-02-01") == 12
    assert story.value_of_customer(own["customer_attr_colour"], "c", as_of="2024-02-01") == "red"
    later = {f.name: f for f in offered(story.history, datetime(2024, 7, 1), "customer").features}
    assert later["customer_attr_seats"].verb.column == "attr_seats"


def test_every_verb_is_used_by_a_feature():
    used = {type(part) for feature in CATALOG.values() for part in parts_of(feature.verb)}

    assert set(Verb.__args__) - used <= {verbs.DaysSinceFirst}


def test_select_gives_features_in_the_catalogues_order():
    chosen = select("rep_win_rate", "deal_amount", "deal_stage")

    assert [feature.name for feature in chosen] == ["deal_amount", "deal_stage", "rep_win_rate"]


def test_an_unknown_feature_is_a_named_error():
    with pytest.raises(UnknownFeature, match=r"no feature named deal_colour, rep_shoe(.|\n)*foresell features list"):
        select("deal_amount", "rep_shoe", "deal_colour")


def test_the_fingerprint_changes_with_any_definition_and_only_then():
    two = select("deal_amount", "deal_calls")

    assert fingerprint(two) == fingerprint(select("deal_calls", "deal_amount"))
    others = [
        two[:1],
        two[::-1],
        (two[0], replace(two[1], name="deal_phone_calls")),
        (two[0], replace(two[1], meaning="Calls, any.")),
        (two[0], replace(two[1], verb=Count("activities", within_days=7, where=(("type", "call"),)))),
        (two[0], replace(two[1], verb=Count("activities", where=(("type", "email"),)))),
        (two[0], replace(two[1], years=1)),
    ]
    assert len({fingerprint(two), *map(fingerprint, others)}) == len(others) + 1


def test_deals_alone_are_enough_for_some_features_and_the_rest_say_why_not(story):
    story.declares("deals", amount=Known.CURRENT, stage=Known.CURRENT)
    story.row("deals", deal_id="a", status="open", created_at="2024-01-01", amount=5, stage="Lead")

    found = offered(story.history)

    assert {feature.name for feature in found.features} >= {"deal_age_days", "weekday"}
    assert {f.name for f in found.features} | found.left_out.keys() == CATALOG.keys()
    assert found.left_out["deal_amount"] == "the history has nothing that gives amount_changes"
    assert found.left_out["deal_calls"] == "the history has nothing that gives activities"
    assert found.left_out["rep_win_rate"] == "the history has nothing that gives owner_changes"
    assert found.left_out["deal_source"] == "deals have no source known at the time"
    month = CATALOG["month"].years
    assert found.left_out["month"] == f"it takes {month:g} years of history to learn from it; there are 0.0"


def test_what_is_offered_follows_the_tables(story):
    story.deal("a", customer="c", amount=5, rep="r").activity(on="2024-01-02", direction="inbound")

    names = {feature.name for feature in offered(story.history).features}

    assert {"deal_amount", "rep_win_rate", "deal_inbound", "customer_win_rate"} <= names
    assert not {"deal_minutes", "customer_orders_365d", "team", "product"} & names


def test_what_comes_round_once_a_year_takes_years(story):
    story.deal("a", created="2020-01-01")
    story.deal("b", created="2020-06-01")
    month, month_end = CATALOG["month"].years, CATALOG["days_to_month_end"].years

    def names(until: datetime | None) -> set[str]:
        return {feature.name for feature in offered(story.history, until).features}

    def after(years: float) -> datetime:
        return datetime(2020, 1, 2) + timedelta(days=365.25 * years)

    assert month > month_end > 0
    assert "days_to_month_end" not in names(after(month_end - 0.1))
    assert "days_to_month_end" in names(after(month_end + 0.1))
    assert "month" not in names(after(month - 0.1))
    assert "month" in names(after(month + 0.1))
    assert "month" not in names(None)
    assert names(datetime(2019, 1, 1)) == names(datetime(2020, 1, 2))


def test_a_deal_told_of_later_does_not_make_the_history_older(story):
    story.deal("a", created="2023-12-01")
    story.deal("b", created="2010-01-01", recorded="2024-06-01")

    assert "month" not in offered(story.history, datetime(2024, 7, 1)).left_out
    assert "month" in offered(story.history, datetime(2024, 5, 1)).left_out


def test_attributes_known_at_creation_are_offered_and_others_are_not(story):
    story.declares("deals", region=Known.AT_CREATION, seats=Known.AT_CREATION, secret=Known.CURRENT)
    story.declares("activities", mood=Known.AT_CREATION)
    story.deal("a", attributes={"region": "1", "seats": "5", "secret": "x"})
    story.deal("b", attributes={"region": "1a", "seats": "0.5", "secret": "x"}).activity(
        on="2024-01-05", attributes={"mood": "good"}
    )

    own = {f.name: f for f in offered(story.history).features if f.name not in CATALOG}

    assert own.keys() == {"attr_region", "win_rate_above_by_region", "attr_seats", "last_activity_mood"}
    assert own["attr_region"].verb.column == "attr_region"
    assert own["attr_seats"].verb.column == "attr_seats:number"
    assert all(feature.meaning and feature.meaning_zh for feature in own.values())
    assert story.value("last_activity_mood", "b", as_of="2024-01-06") == "good"


def test_an_attribute_named_like_two_keys_has_no_win_rate(story):
    story.declares("deals", **{"R&D": Known.AT_CREATION})
    story.deal("a", attributes={"R&D": "yes"}).closes("won", on="2024-02-01")

    own = {f.name for f in offered(story.history).features if f.name not in CATALOG}

    assert own == {"attr_R&D"}


def test_whether_an_attribute_is_a_number_is_decided_by_what_was_on_record(story):
    story.declares("deals", size=Known.AT_CREATION)
    story.deal("a", attributes={"size": "5"})
    story.deal("b", created="2024-03-01", attributes={"size": "large"})

    def column(until: datetime | None) -> str:
        return next(f for f in offered(story.history, until).features if f.name == "attr_size").verb.column

    assert column(datetime(2024, 2, 1)) == "attr_size:number"
    assert column(datetime(2024, 4, 1)) == column(None) == "attr_size"
