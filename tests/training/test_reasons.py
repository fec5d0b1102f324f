import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from features.catalog import CATALOG, CUSTOMER_CATALOG
from features.evaluate import Category
from training.bundle import Bundle
from training.reasons import REST, explain
from training.rivals.base_rate import BaseRate
from training.rivals.rival import log_odds
from training.trial import ESTIMATES
from training.wording.comparisons import Comparisons

FEATURES = tuple(
    CATALOG[name] for name in ("deal_stage", "deal_pipeline", "deal_crm_probability", "team", "deal_minutes")
)


@pytest.fixture(scope="module")
def learned(invented):
    """A data set with all that any estimate needs, by features of the catalogue."""

    def columns(random, deal):
        per_deal = random.normal(size=deal.max() + 1)
        teams = np.array(["red", "blue", None], object)
        pipelines = np.array(["new business", "renewal"], object)
        return {
            "deal_crm_probability": random.uniform(0.05, 0.95, len(deal)),
            "deal_minutes": np.where(random.random(len(deal)) < 0.2, np.nan, 50 + 20 * per_deal[deal]),
            "team": teams[deal % 3],
            "deal_pipeline": pipelines[deal % 2],
        }

    dataset = invented(500, 8, strength=1.0, extra=columns).dataset
    return dataset.rows(np.arange(len(dataset)))


@pytest.fixture(scope="module")
def fitted(learned):
    """Estimates by name, each fitted once."""
    return cache(lambda name: ESTIMATES[name]().fit(learned))


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("most", [1, 3, 50])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_reasons_add_up_to_the_distance_from_the_base_rate(learned, fitted, bundle_of, name, most, language):
    estimate = fitted(name)
    bundle: Bundle = bundle_of(estimate, learned, FEATURES)
    some = learned.rows(np.arange(0, len(learned), 40))
    scores = bundle.score(_values(some.x), [30.0], language, most)

    assert len(scores) == len(some) > 10
    for score, row in zip(scores, some.x.to_dict("records"), strict=True):
        assert score.probability == pytest.approx(estimate.score(_plain(row)), abs=1e-12)
        total = sum(reason.effect for reason in score.reasons)
        assert total == pytest.approx(log_odds(score.probability) - log_odds(bundle.base_rate), abs=1e-12)
        named = [reason for reason in score.reasons if reason.feature != REST]
        assert len(named) <= most
        assert [abs(one.effect) for one in named] == sorted((abs(one.effect) for one in named), reverse=True)
        assert all(one.text for one in score.reasons)
        json.dumps([vars(one) for one in score.reasons], allow_nan=False)
    told = [reason for score in scores for reason in score.reasons]
    assert (name == BaseRate.name) == (not told)


def test_a_bundle_keeps_what_its_reasons_are_compared_with(learned, fitted, bundle_of, tmp_path):
    bundle = replace(bundle_of(fitted("default_trees"), learned, FEATURES), comparisons=Comparisons.fit(learned))
    values = _values(learned.rows(np.arange(20)).x)
    bundle.save(tmp_path)
    again = Bundle.load(tmp_path)

    told = [[one.text for one in score.reasons] for score in again.score(values, [30.0])]
    assert told == [[one.text for one in score.reasons] for score in bundle.score(values, [30.0])]
    assert again.comparisons == bundle.comparisons
    assert any("of such deals are won" in text for texts in told for text in texts)
    assert any("typical" in text for texts in told for text in texts)
    without = replace(bundle, comparisons=None).score(values, [30.0])
    assert not any("typical" in one.text for score in without for one in score.reasons)


def test_the_strongest_are_named_and_the_rest_is_one_line():
    effects = {"deal_stage": 0.5, "team": -1.0, "deal_minutes": 0.25, "deal_calls": 0.0}
    reasons = explain(effects, {"team": "red", "deal_stage": None}, CATALOG, -0.05, 2, "en")

    assert [(one.feature, one.effect) for one in reasons[:2]] == [("team", -1.0), ("deal_stage", 0.5)]
    assert reasons[-1].feature == REST
    assert reasons[-1].effect == pytest.approx(0.45)
    assert sum(one.effect for one in reasons) == pytest.approx(-0.05, abs=1e-15)
    assert reasons[0].text == "Team red (lowers the chance)"
    assert reasons[1].text == "The stage the deal is in: not known (raises the chance)"
    assert reasons[2].text == "everything else together (raises the chance)"


def test_reasons_are_told_in_chinese():
    reasons = explain({"team": -1.0}, {"team": "红队"}, CATALOG, -1.5, 5, "zh")

    assert reasons[0].text == "销售团队：红队（降低赢单概率）"
    assert reasons[1].text == "其余因素合计（降低赢单概率）"


def test_features_that_tell_the_same_are_one_reason_led_by_the_one_that_moves_it_most():
    effects = {"deal_stage": 0.2, "deal_days_in_stage": -0.7, "deal_stage_changes": -0.1, "team": -0.5}
    row = {"deal_stage": "Proposal", "deal_days_in_stage": 41.0, "deal_stage_changes": 3.0, "team": "red"}
    reasons = explain(effects, row, CATALOG, -1.1, 5, "en")

    assert [(one.feature, one.value) for one in reasons] == [("deal_days_in_stage", 41.0), ("team", "red")]
    assert [one.effect for one in reasons] == pytest.approx([-0.6, -0.5])
    assert reasons[0].text == "In stage Proposal for 41 days (lowers the chance)"


def test_the_leader_of_a_group_pulls_the_way_the_group_does():
    effects = {"deal_stage": 0.9, "deal_days_in_stage": -0.5, "deal_steps_back": -0.6}
    reasons = explain(effects, dict.fromkeys(effects), CATALOG, -0.2, 5, "en")

    assert [one.feature for one in reasons] == ["deal_steps_back"]
    assert reasons[0].effect == pytest.approx(-0.2)


def test_a_group_whose_members_cancel_out_is_no_reason():
    assert explain({"deal_stage": 0.5, "deal_days_in_stage": -0.5}, {}, CATALOG, 0.0, 5, "en") == ()


def test_where_as_many_are_asked_for_as_there_are_features_each_is_told_for_itself():
    effects = {"deal_stage": 0.2, "deal_days_in_stage": -0.7}
    features = {name: CATALOG[name] for name in effects}

    assert [one.feature for one in explain(effects, {}, features, -0.5, 2, "en")] == [
        "deal_days_in_stage",
        "deal_stage",
    ]
    assert [one.feature for one in explain(effects, {}, features, -0.5, 1, "en")] == ["deal_days_in_stage"]
    assert explain(effects, {}, features, -0.5, 1, "en")[0].effect == pytest.approx(-0.5)


def test_groups_learned_from_the_history_join_reasons_too():
    known = Comparisons(groups={"attr_size": "stage"})
    effects = {"deal_stage": 0.5, "attr_size": 0.25}

    assert len(explain(effects, {}, CATALOG, 0.75, 5, "en")) == 2
    assert [one.effect for one in explain(effects, {}, CATALOG, 0.75, 5, "en", known)] == [0.75]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "3 complaints in the last 180 days (raises the risk of leaving)"),
        ("zh", "最近 180 天投诉 3 次（提高流失风险）"),
    ],
)
def test_of_customers_a_reason_says_what_it_does_to_the_risk(language, text):
    effects, row = {"customer_complaints_180d": 0.4}, {"customer_complaints_180d": 3.0}
    reasons = explain(effects, row, CUSTOMER_CATALOG, 0.3, 3, language, about="churn")

    assert reasons[0].text == text
    assert reasons[1].text.endswith("(lowers the risk of leaving)" if language == "en" else "（降低流失风险）")


def test_ties_go_by_name_so_that_the_order_never_changes():
    effects = {"b": 0.5, "a": -0.5, "c": 0.5}

    assert [one.feature for one in explain(effects, {}, CATALOG, 0.5, 3, "en")] == ["a", "b", "c"]


def test_no_rest_is_named_where_nothing_is_left():
    reasons = explain({"team": 0.75}, {"team": "red"}, CATALOG, 0.75, 3, "en")

    assert [one.feature for one in reasons] == ["team"]


def test_nothing_is_said_where_nothing_moves():
    assert explain({}, {}, CATALOG, 0.0, 3, "en") == ()


def test_a_feature_unknown_to_the_catalogue_is_told_by_its_name():
    assert explain({"attr_x": 1.0}, {"attr_x": 2.0}, {}, 1.0, 1, "en")[0].text == "attr_x: 2 (raises the chance)"


def _plain(row: dict[str, object]) -> dict[str, float | str | None]:
    return {
        name: None if value is None or (isinstance(value, float) and math.isnan(value)) else value  # type: ignore[misc]
        for name, value in row.items()
    }


def _values(x):
    """A table as the features' values a bundle scores."""
    found = {}
    for name in x.columns:
        if x[name].dtype == object:
            levels = sorted({text for text in x[name] if text is not None})
            codes = np.array([-1 if text is None else levels.index(text) for text in x[name]], np.int64)
            found[name] = Category(codes, np.array(levels, object))
        else:
            found[name] = x[name].to_numpy(float)
    return found
