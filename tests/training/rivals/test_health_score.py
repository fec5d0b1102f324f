import json
from dataclasses import replace

import pytest

from training.rivals.health_score import HealthScore, colour_of
from training.rivals.rival import RivalNotApplicable, log_odds

LATE, COMPLAINTS, TICKETS = "customer_lateness", "customer_complaints_180d", "customer_tickets_open"


@pytest.fixture
def past(deals):
    rows = [(f"g{i}", float(i % 10 > 0), {LATE: 0.5, COMPLAINTS: 0.0, TICKETS: 0.0}) for i in range(200)]
    rows += [(f"r{i}", float(i % 5 == 0), {LATE: 3.0, COMPLAINTS: 0.0, TICKETS: 0.0}) for i in range(200)]
    rows += [(f"y{i}", float(i % 2), {LATE: 0.5, COMPLAINTS: 1.0, TICKETS: 0.0}) for i in range(200)]
    return deals(*rows)


def test_points_add_up_to_a_colour():
    assert colour_of({LATE: 0.5}) == "green"
    assert colour_of({LATE: 1.5, TICKETS: 1.0}) == "yellow"
    assert colour_of({LATE: 2.5, COMPLAINTS: 2.0}) == "red"
    assert colour_of({}) == "green"


def test_each_colour_gets_its_true_share(past):
    score = HealthScore().fit(past)

    assert score.shares["green"] == pytest.approx(0.9, abs=0.02)
    assert score.shares["yellow"] == pytest.approx(0.5, abs=0.02)
    assert score.shares["red"] == pytest.approx(0.2, abs=0.02)


def test_a_row_is_scored_as_a_table_and_effects_add_up(past):
    score = HealthScore().fit(past)
    predicted = score.predict(past.x)

    for place in (0, 250, 450):
        row = {name: float(past.x[name].iloc[place]) for name in past.x.columns}
        assert score.score(row) == predicted[place]
        assert sum(score.effects(row).values()) == pytest.approx(log_odds(score.score(row)) - log_odds(score.baseline))
    again = HealthScore.from_json(json.loads(json.dumps(score.to_json())))
    assert again.predict(past.x).tolist() == predicted.tolist()


def test_without_any_warning_sign_it_is_refused(past):
    with pytest.raises(RivalNotApplicable, match="warning signs"):
        HealthScore().fit(replace(past, x=past.x.rename(columns=lambda name: f"no_{name}")))
