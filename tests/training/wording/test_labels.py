from dataclasses import replace
from typing import get_args

from features.catalog import CATALOG, CATALOGS, attribute_feature
from features.verbs import Count, Difference, Latest
from training.wording.labels import NAMED, kind_of, label_of
from training.wording.numbers import Kind


def test_kinds_come_from_verbs():
    kinds = {name: kind_of(CATALOG[name]) for name in ("deal_amount", "deal_days_silent", "deal_calls", "team")}

    assert kinds == {"deal_amount": "money", "deal_days_silent": "days", "deal_calls": "count", "team": "text"}
    assert kind_of(CATALOG["deal_amount_drift"]) == "times"
    assert kind_of(CATALOG["deal_amount_above_usual"]) == "money"
    assert kind_of(CATALOG["stage_win_rate_above"]) == "points"
    assert kind_of(CATALOG["rep_win_rate"]) == "share"
    assert kind_of(attribute_feature("size", True)) == "number"
    assert kind_of(attribute_feature("size", False)) == "text"
    assert kind_of(replace(CATALOG["deal_calls"], name="x", verb=Difference(Count("a"), Latest("b", "c")))) == "days"


def test_every_kind_is_one_that_can_be_written_and_every_name_is_a_feature():
    every = {name: feature for catalog in CATALOGS.values() for name, feature in catalog.items()}

    assert {kind_of(feature) for feature in every.values()} <= set(get_args(Kind))
    assert [name for name in NAMED if name not in every] == []


def test_labels_leave_explanations_off():
    assert label_of(CATALOG["rep_win_rate"], "en") == "Share of the seller's closed deals that were won"
    assert label_of(CATALOG["deal_amount"], "zh") == "商机金额"
    assert label_of(CATALOG["deal_days_in_stage"], "en") == "Days since the deal last changed stage"
