import json
from dataclasses import replace

import numpy as np
import pytest

from training.rivals.rfm_logistic import FREQUENCY, RECENCY, VALUE, RfmLogistic
from training.rivals.rival import RivalNotApplicable, log_odds


@pytest.fixture
def past(deals):
    random = np.random.default_rng(0)
    days, many = random.uniform(1, 300, 600), random.integers(1, 20, 600)
    odds = 3 - 1.2 * np.log1p(days) + 1.0 * np.log1p(many)
    came = random.random(600) < 1 / (1 + np.exp(-odds))
    rows = [
        (f"c{i}", float(came[i]), {RECENCY: days[i], FREQUENCY: float(many[i]), VALUE: float(i % 50)})
        for i in range(600)
    ]
    return deals(*rows)


def test_the_directions_are_those_of_the_truth(past):
    rival = RfmLogistic().fit(past)

    assert rival.columns == (RECENCY, FREQUENCY, VALUE)
    assert rival.weights[0] < -0.5 < 0.25 < rival.weights[1]
    assert abs(rival.weights[2]) < 0.3


def test_a_row_is_scored_as_a_table_and_effects_add_up(past):
    rival = RfmLogistic().fit(past)
    predicted = rival.predict(past.x)
    row = {name: float(past.x[name].iloc[7]) for name in past.x.columns}

    assert rival.score(row) == pytest.approx(predicted[7], abs=1e-12)
    assert sum(rival.effects(row).values()) == pytest.approx(log_odds(rival.score(row)) - log_odds(rival.baseline))
    again = RfmLogistic.from_json(json.loads(json.dumps(rival.to_json())))
    assert again.score(row) == rival.score(row)


def test_who_gave_more_back_than_they_bought_counts_as_none(past):
    rival = RfmLogistic().fit(past)

    assert rival.score({RECENCY: 5.0, FREQUENCY: 2.0, VALUE: -80.0}) == rival.score({RECENCY: 5.0, FREQUENCY: 2.0})


def test_without_recency_it_is_refused(past):
    with pytest.raises(RivalNotApplicable, match="recency"):
        RfmLogistic().fit(replace(past, x=past.x.drop(columns=RECENCY)))


def test_with_one_outcome_it_is_refused(past):
    with pytest.raises(RivalNotApplicable, match="only one outcome"):
        RfmLogistic().fit(replace(past, outcome=np.ones(len(past))))
