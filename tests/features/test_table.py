import numpy as np
import pyarrow as pa
import pytest

from features.as_of import Moments, micros, parse_moment
from features.catalog import CATALOG, offered, select
from features.table import NotInHistory, build_table
from features.verbs import Count, Distinct, Mean, SmoothedRate, Sum


def test_a_table_has_a_row_for_each_moment_in_their_order(story):
    story.deal("a", amount=100, source="web").activity(on="2024-02-01")
    story.deal("b", created="2024-02-10")
    asked = [
        ("b", "2024-03-01"),
        ("a", "2024-03-01"),
        ("nobody", "2024-03-01"),
        ("a", "2024-01-15"),
        ("a", "2024-03-01"),
    ]

    table = story.table(["deal_amount", "deal_source", "deal_activities"], asked)

    assert table.to_pydict() == {
        "deal_id": ["b", "a", "nobody", "a", "a"],
        "as_of": [parse_moment(day, "Asia/Shanghai") for _, day in asked],
        "deal_amount": [None, 100, None, 100, 100],
        "deal_source": [None, "web", None, "web", "web"],
        "deal_activities": [0, 1, 0, 0, 1],
    }
    types = [pa.string(), pa.timestamp("us"), pa.float64(), pa.string(), pa.float64()]
    assert table.schema.types == types


def test_a_table_of_no_moments_has_its_columns(story):
    story.deal("a", amount=100).activity(on="2024-01-02")

    table = build_table(
        select("deal_amount", "deal_calls"), Moments(np.empty(0, object), np.empty(0, np.int64)), story.history
    )

    assert table.num_rows == 0
    assert table.column_names == ["deal_id", "as_of", "deal_amount", "deal_calls"]


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        ("deal_calls", "the history has nothing that gives activities"),
        ("rep_win_rate", "the history has nothing that gives owner_changes"),
        ("product_win_rate", "deals have no product_id known at the time"),
        ("deal_source", "deals have no source known at the time"),
    ],
)
def test_a_feature_the_history_cannot_give_is_refused_by_name(story, feature, reason):
    story.deal("a", amount=100)

    with pytest.raises(NotInHistory, match=f"{feature} cannot be computed from this history: {reason}"):
        story.value(feature, "a", as_of="2024-02-01")


def test_many_deals_are_told_like_few(story):
    """Beyond two thousand deals names are found another way."""
    deals = [f"d{n}" for n in range(2_100)]
    for number, deal in enumerate(deals):
        story.row(
            "deals",
            deal_id=deal,
            status="open",
            created_at="2024-01-01",
            source=f"s{number % 7}",
            customer=f"c{number % 5}",
        )
    at = micros(parse_moment("2024-03-01", "Asia/Shanghai"))
    features = select("deal_age_days", "deal_source", "customer_deals_365d")

    many = build_table(features, Moments(np.array(deals, object), np.full(len(deals), at)), story.history)
    few = build_table(features, Moments(np.array(deals[-3:], object), np.full(3, at)), story.history)

    assert many.slice(len(deals) - 3).to_pylist() == few.to_pylist()
    assert set(many["deal_age_days"].to_pylist()) == {60}
    assert many["deal_source"].to_pylist() == [f"s{number % 7}" for number in range(len(deals))]
    assert many["customer_deals_365d"].to_pylist() == [420] * len(deals)


def test_every_feature_of_the_catalogue_can_be_asked_of_a_history_with_nothing_closed(story):
    deal = story.deal(
        "a", amount=1, rep="r", customer="c", product="p", pipeline="s", source="w", type="new", crm_probability=0.5
    )
    for field, value in (("stage", "Lead"), ("expected_close_on", "2024-05-01"), ("forecast_category", "commit")):
        deal.changes(field, value, on="2024-01-02")
    deal.activity(
        on="2024-01-03", direction="inbound", outcome="ok", contact="x", rep="r", customer="c", duration_minutes=1
    )
    story.order("c", on="2024-01-03").ticket("c", on="2024-01-03", kind="complaint", satisfaction=1)
    described = dict.fromkeys(("industry", "segment", "size", "tier", "region", "country"), "x")
    story.customer("c", annual_revenue=1, **described).contact("x", "c", is_decision_maker=True, role="boss")
    story.product("p", family="f", list_price=2).rep("r", hired_on="2020-01-01", team_id="t", region="n")
    story.deal("a", currency="CNY")

    given = offered(story.history)
    young = [name for name, reason in given.left_out.items() if reason.startswith("it takes")]

    row = story.values([f.name for f in given.features] + young, "a", as_of="2024-02-01")

    assert len(row) > 120
    missing = {name for name, value in row.items() if value is None}
    of_outcomes = {
        f.name for f in CATALOG.values() if type(f.verb) in (SmoothedRate, Mean) and f.verb.stream == "outcomes"
    }
    assert of_outcomes & row.keys() <= missing
    assert not {f.name for f in CATALOG.values() if type(f.verb) in (Count, Sum, Distinct)} & missing
