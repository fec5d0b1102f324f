import json
import math

import numpy as np
import pytest

from features.catalog import CATALOG
from features.evaluate import Category
from training.bundle import Bundle
from training.reasons import REST, explain
from training.rivals.base_rate import BaseRate
from training.rivals.rival import log_odds
from training.trial import ESTIMATES

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


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("most", [1, 3, 50])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_reasons_add_up_to_the_distance_from_the_base_rate(learned, bundle_of, name, most, language):
    estimate = ESTIMATES[name]().fit(learned)
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


def test_the_strongest_are_named_and_the_rest_is_one_line():
    effects = {"deal_stage": 0.5, "team": -1.0, "deal_minutes": 0.25, "deal_calls": 0.0}
    reasons = explain(effects, {"team": "red", "deal_stage": None}, CATALOG, -0.05, 2, "en")

    assert [(one.feature, one.effect) for one in reasons[:2]] == [("team", -1.0), ("deal_stage", 0.5)]
    assert reasons[-1].feature == REST
    assert reasons[-1].effect == pytest.approx(0.45)
    assert sum(one.effect for one in reasons) == pytest.approx(-0.05, abs=1e-15)
    assert reasons[0].text == "The seller's team: red (lowers the chance)"
    assert reasons[1].text == "The stage the deal is in: not known (raises the chance)"
    assert reasons[2].text == "everything else together (raises the chance)"


def test_reasons_are_told_in_chinese():
    reasons = explain({"team": -1.0}, {"team": "red"}, CATALOG, -1.5, 5, "zh")

    assert reasons[0].text == "销售所在团队: red（降低赢单概率）"
    assert reasons[1].text == "其余因素合计（降低赢单概率）"


def test_ties_go_by_name_so_that_the_order_never_changes():
    effects = {"b": 0.5, "a": -0.5, "c": 0.5}

    assert [one.feature for one in explain(effects, {}, {}, 0.5, 3, "en")] == ["a", "b", "c"]


def test_no_rest_is_named_where_nothing_is_left():
    reasons = explain({"team": 0.75}, {"team": "red"}, CATALOG, 0.75, 3, "en")

    assert [one.feature for one in reasons] == ["team"]


def test_nothing_is_said_where_nothing_moves():
    assert explain({}, {}, CATALOG, 0.0, 3, "en") == ()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "not known"),
        (3.0, "3"),
        (0.25, "0.25"),
        (12345.678, "12,346"),
        (-0.5, "-0.5"),
        (99.5, "99.5"),
        (99.96, "100"),
        (1.2e-11, "0"),
    ],
)
def test_numbers_are_shown_short(value, shown):
    text = explain({"deal_minutes": 1.0}, {"deal_minutes": value}, CATALOG, 1.0, 1, "en")[0].text

    assert text == f"Minutes spent in activities on the deal: {shown} (raises the chance)"


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
