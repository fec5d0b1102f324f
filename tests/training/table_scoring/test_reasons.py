"""Reasons of many rows at once are those of each row, word by word."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from features.catalog import CATALOG
from features.evaluate import Category
from features.open_deals import open_deals
from features.table import feature_values
from training.reasons import explain
from training.rivals.rival import log_odds
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reasons import ReasonTexts, quoted, reasons_json
from training.table_scoring.wins import WinTable


@pytest.fixture(scope="module")
def columns(company, steady, as_of):
    moments = open_deals(company.history, as_of)
    return FeatureColumns(feature_values(steady.features, moments, company.history))


@pytest.fixture(scope="module")
def numbers(steady, columns):
    return WinTable(steady).numbers(columns, [30.0], why=True)


@pytest.mark.parametrize(("language", "most"), [("en", 5), ("zh", 1), ("en", 1000)])
def test_each_row_is_told_as_it_would_be_alone(steady, columns, numbers, language, most):
    answers = numbers.answers
    distance = np.log(numbers.probability) - np.log1p(-numbers.probability) - log_odds(steady.base_rate)
    texts = ReasonTexts(steady.features, steady.comparisons, most, language)
    told = texts.of(answers.names, answers.effects, columns, distance)

    # A second time the words are remembered.
    assert texts.of(answers.names, answers.effects, columns, distance) == told
    named = {feature.name: feature for feature in steady.features}
    for row in range(len(columns)):
        effects = steady.estimate.curve.effects(columns.row(row))
        alone = explain(effects, columns.row(row), named, float(distance[row]), most, language, steady.comparisons)
        found = json.loads(told[row])
        assert [(r["feature"], r["value"], r["text"]) for r in found] == [(r.feature, r.value, r.text) for r in alone]
        np.testing.assert_allclose([r["effect"] for r in found], [r.effect for r in alone], rtol=0, atol=1e-12)


def test_values_written_alike_may_still_be_told_apart():
    """A value just above one is not one, nor is one that rounds to nothing none."""
    counted = CATALOG["deal_activities"]
    values = np.array([0.0, 1e-5, 1.0, 1.0001, np.nan])
    texts = ReasonTexts([counted], None, 1, "en")
    found = texts.of([counted.name], np.ones((5, 1)), FeatureColumns({counted.name: values}), np.ones(5))

    said = [json.loads(each)[0]["text"].split(" (")[0] for each in found]
    assert said[0].startswith("No activities")
    assert said[2].startswith("1 activity ")
    assert said[3].startswith("1 activities ")
    assert said[4].endswith("not known")


def test_texts_are_written_as_json_writes_them():
    stage = CATALOG["deal_stage"]
    odd = Category(np.array([0, 1, -1]), np.array(['a "quoted" \\ line\n', "投标"], object))
    texts = ReasonTexts([stage], None, 1, "zh")
    told = texts.of([stage.name], np.full((3, 1), -0.5), FeatureColumns({stage.name: odd}), np.full(3, 1.0))

    assert [json.loads(each)[0]["value"] for each in told] == ['a "quoted" \\ line\n', "投标", None]
    assert all(
        json.loads(each)[1] == {**json.loads(each)[1], "feature": "everything_else", "effect": 1.5} for each in told
    )
    assert quoted("投标") == '"投标"'


def test_a_number_beyond_measure_is_written_as_json_writes_it():
    amount = CATALOG["deal_amount"]
    values = np.array([np.inf])
    told = ReasonTexts([amount], None, 1, "en").of(
        [amount.name], np.ones((1, 1)), FeatureColumns({amount.name: values}), np.ones(1)
    )

    assert json.loads(told[0])[0]["value"] == float("inf")


def test_where_nothing_moves_all_is_the_rest():
    told = ReasonTexts([], None, 5, "en").of([], np.empty((2, 0)), FeatureColumns({}, 2), np.array([0.5, 0.0]))

    assert [len(json.loads(each)) for each in told] == [1, 0]


def test_a_list_of_reasons_is_what_its_fields_are(steady, columns):
    named = {feature.name: feature for feature in steady.features}
    row = columns.row(0)
    told = explain(steady.estimate.curve.effects(row), row, named, 1.0, 3, "en", steady.comparisons)

    assert json.loads(reasons_json(told)) == [asdict(each) for each in told]
