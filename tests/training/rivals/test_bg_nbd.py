import json

import numpy as np
import pandas as pd
import pytest

from training.dataset import Dataset
from training.rivals.bg_nbd import BgNbd, fit_parameters, log_likelihood
from training.rivals.buying import PURCHASES, SINCE_FIRST, SINCE_LAST, Buying
from training.rivals.purchase_rival import PurchaseRival
from training.rivals.rival import RivalNotApplicable, log_odds


def with_parameters(r: float, alpha: float, a: float, b: float, days: float = 90.0) -> BgNbd:
    model = BgNbd(days)
    model.r, model.alpha, model.a, model.b = r, alpha, a, b
    return model


CDNOW = with_parameters(0.243, 4.414, 0.793, 2.426)
"""The estimates of Fader, Hardie and Lee (2005), table 2, in weeks."""


def one(x: float, tx: float, total: float) -> Buying:
    return Buying(np.array([x]), np.array([tx]), np.array([total]))


def simulated(customers: int, seed: int, r: float, alpha: float, a: float, b: float, days: float = 500.0) -> Buying:
    """Customers who first buy within `days`, followed to the end."""
    random = np.random.default_rng(seed)
    rate, stops = random.gamma(r, 1 / alpha, customers), random.beta(a, b, customers)
    total = random.uniform(60, days, customers)
    x, tx = np.zeros(customers), np.zeros(customers)
    for each in range(customers):
        at = 0.0
        while True:
            at += random.exponential(1 / rate[each])
            if at > total[each]:
                break
            x[each], tx[each] = x[each] + 1, at
            if random.random() < stops[each]:
                break
    return Buying(x, tx, total)


def test_expected_purchases_are_those_of_the_paper():
    # The worked example of Fader, Hardie and Lee: two repeat purchases, the last in week 30.43 of 38.86.
    assert CDNOW.expected(one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=0.0005)


def test_customer_1516_of_cdnow_as_published():
    # 26 repeat purchases, as in the vignette of the R package BTYD.
    told = one(26, 30.86, 31.0)

    assert CDNOW.expected(told, 52)[0] == pytest.approx(25.76, abs=0.01)
    assert CDNOW.alive(told)[0] == pytest.approx(0.9688, abs=0.0005)


def test_who_never_came_back_is_alive_for_sure():
    assert CDNOW.alive(one(0, 0, 30))[0] == 1


def test_the_chance_of_any_purchase_is_the_expected_number_where_two_are_out_of_the_question():
    told = one(2, 30.43, 38.86)

    assert CDNOW.by(told, 0.001)[0] == pytest.approx(CDNOW.expected(told, 0.001)[0], rel=1e-3)
    assert CDNOW.by(told, 39)[0] < CDNOW.expected(told, 39)[0]


def test_the_chance_grows_with_the_horizon_up_to_being_alive():
    told = one(2, 30.43, 38.86)
    chances = [CDNOW.by(told, days)[0] for days in (1, 10, 100, 1e4, 1e9)]

    assert chances == sorted(chances)
    assert chances[-1] == pytest.approx(CDNOW.alive(told)[0], abs=0.01)


def test_the_likelihood_adds_up_to_one():
    # One period of a customer: no purchase, or a first one at any time and what followed.
    grid = (np.arange(4000) + 0.5) / 4000 * 10
    likely = 0.0
    for x in range(1, 60):
        # Times of the purchases before the last are spread as x - 1 uniform ones up to it.
        ways = np.exp((x - 1) * np.log(grid) - float(np.sum(np.log(np.arange(1, x)))))
        told = Buying(np.full(len(grid), float(x)), grid, np.full(len(grid), 10.0))
        likely += float((np.exp(log_likelihood(told, 2.0, 8.0, 1.0, 2.0)) * ways).mean() * 10)
    nothing = float(np.exp(log_likelihood(one(0, 0, 10), 2.0, 8.0, 1.0, 2.0))[0])

    assert nothing + likely == pytest.approx(1, abs=0.002)


def test_parameters_are_found_again():
    told = simulated(4000, 1, 0.8, 50.0, 0.6, 3.0)
    r, alpha, a, b = fit_parameters(told)

    assert r / alpha == pytest.approx(0.8 / 50, rel=0.1)
    assert a / (a + b) == pytest.approx(0.6 / 3.6, rel=0.25)
    truth = float(log_likelihood(told, 0.8, 50.0, 0.6, 3.0).sum())
    assert float(log_likelihood(told, r, alpha, a, b).sum()) > truth - 0.5


def test_what_is_said_of_a_new_customer_comes():
    random = np.random.default_rng(4)
    rate = random.gamma(0.9, 1 / 45.0, 200_000)
    came = random.exponential(1 / rate) <= 90

    model = with_parameters(0.9, 45.0, 0.5, 3.0)
    assert model.by(one(0, 0, 0), 90)[0] == pytest.approx(came.mean(), abs=0.005)


def table(told: Buying) -> pd.DataFrame:
    return pd.DataFrame({PURCHASES: told.x + 1, SINCE_FIRST: told.T, SINCE_LAST: told.T - told.tx})


def past(told: Buying) -> Dataset:
    number, nothing = len(told.x), np.full(len(told.x), np.nan)
    at = np.full(number, np.datetime64("2024-01-01", "us"))
    names = np.array([f"c{i}" for i in range(number)], object)
    known, zero = np.full(number, -1), np.zeros(number)
    return Dataset(table(told), nothing, nothing, zero, zero, names, at, zero, known, 0)


def test_one_row_is_scored_as_a_table_and_effects_add_up():
    told = simulated(300, 3, 0.8, 50.0, 0.6, 3.0)
    rival = BgNbd(60.0).fit(past(told))
    x = table(told)
    predicted = rival.predict(x)

    for place in (0, 17, 200):
        row = {name: float(x[name].iloc[place]) for name in x.columns}
        assert rival.score(row) == pytest.approx(predicted[place], abs=1e-12)
        distance = log_odds(rival.score(row)) - log_odds(rival.baseline)
        assert sum(rival.effects(row).values()) == pytest.approx(distance, abs=1e-9)


@pytest.mark.parametrize("parameters", [(0.24, 4.4, 0.79, 2.4), (2.0, 60.0, 1.0, 3.0)])
def test_one_customer_in_plain_numbers_is_as_in_arrays(parameters):
    model = with_parameters(*parameters)
    for x, tx, total_days in ((0, 0, 0), (0, 0, 900), (1, 0, 10), (7, 300, 301), (40, 1, 5000)):
        told = one(x, tx, total_days)
        alive, said = model.one_by(float(x), float(tx), float(total_days), [1.0, 90.0, 3650.0])

        assert alive == pytest.approx(model.alive(told)[0], rel=1e-13)
        assert said == pytest.approx([model.by(told, days)[0] for days in (1.0, 90.0, 3650.0)], rel=1e-12)


def test_effects_are_those_that_any_purchase_model_tells():
    model = with_parameters(0.24, 4.4, 0.79, 2.4)
    row = {"customer_purchases": 6.0, "customer_days_since_first_purchase": 400.0, "customer_days_since_purchase": 90.0}
    for known in (row, {**row, "customer_days_since_purchase": 0.0}, {}):
        assert model.effects_by(known, 60.0) == pytest.approx(PurchaseRival.effects_by(model, known, 60.0), abs=1e-12)


def test_it_survives_json():
    rival = with_parameters(0.5, 40, 0.3, 2.0, 30.0)
    again = BgNbd.from_json(json.loads(json.dumps(rival.to_json())))

    assert again.by(one(3, 50, 70), 30) == rival.by(one(3, 50, 70), 30)
    assert again.days == 30


def test_few_customers_are_refused():
    with pytest.raises(RivalNotApplicable, match="fewer than 30 customers"):
        BgNbd().fit(past(simulated(20, 3, 0.8, 50.0, 0.6, 3.0)))
