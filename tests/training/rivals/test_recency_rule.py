import json
from dataclasses import replace

import numpy as np
import pytest

from training.rivals.recency_rule import SINCE_LAST, RecencyRule
from training.rivals.rival import NothingDecided, RivalNotApplicable, log_odds


def silent_for(deals, *rows):
    """Rows of (customer, came back, days since the last order)."""
    return deals(*[(name, came, {SINCE_LAST: days}) for name, came, days in rows])


@pytest.fixture
def past(deals):
    rows = [(f"r{i}", float(i % 10 != 0), 10.0 + i % 70) for i in range(200)]
    rows += [(f"s{i}", float(i % 10 == 0), 130.0 + i) for i in range(200)]
    return silent_for(deals, *rows)


def test_the_limit_parts_those_who_come_back(past):
    rule = RecencyRule().fit(past)

    assert rule.limit in (90.0, 120.0)
    assert rule.recent == pytest.approx(0.9, abs=0.02)
    assert rule.silent == pytest.approx(0.1, abs=0.02)


def test_a_side_with_few_customers_is_drawn_to_all(deals):
    rule = RecencyRule().fit(silent_for(deals, *[(f"c{i}", 0.0, 20.0) for i in range(50)], ("late", 1.0, 400.0)))

    assert 0.1 < rule.silent < 0.3


def test_a_row_is_scored_as_a_table_and_effects_add_up(past):
    rule = RecencyRule().fit(past)
    predicted = rule.predict(past.x)

    for place, row in enumerate({SINCE_LAST: days} for days in past.x[SINCE_LAST].tolist()[::40]):
        assert rule.score(row) == predicted[place * 40]
        assert sum(rule.effects(row).values()) == pytest.approx(log_odds(rule.score(row)) - log_odds(rule.baseline))
    assert rule.score({}) == rule.silent
    assert RecencyRule.from_json(json.loads(json.dumps(rule.to_json()))).score({SINCE_LAST: 1.0}) == rule.recent


def test_without_the_days_or_without_outcomes_it_is_refused(past):
    with pytest.raises(RivalNotApplicable):
        RecencyRule().fit(replace(past, x=past.x.drop(columns=SINCE_LAST)))
    with pytest.raises(NothingDecided):
        RecencyRule().fit(replace(past, weight=np.zeros(len(past))))
