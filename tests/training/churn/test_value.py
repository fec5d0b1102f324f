import json

import numpy as np
import pytest

from training.churn.value import Value, Worth, fit_worth, payments
from training.rivals.bg_nbd import BgNbd

ROW = {"customer_purchases": 4.0, "customer_days_since_first_purchase": 200.0, "customer_days_since_purchase": 20.0}


@pytest.fixture
def value() -> Value:
    model = BgNbd()
    model.r, model.alpha, model.a, model.b = 0.8, 50.0, 0.3, 3.0
    return Value(model, Worth(6.0, 4.0, 50.0))


def test_a_mean_worth_is_drawn_to_everybodys_by_few_purchases():
    worth = Worth(6.0, 4.0, 50.0)

    assert worth.mean(0, 0) == pytest.approx(100)
    assert worth.mean(1, 400) == pytest.approx(3 / 9 * 100 + 6 / 9 * 400)
    assert 399 < worth.mean(1000, 400) < 400
    assert worth.mean(3, float("nan")) == pytest.approx(100)


def test_the_worth_of_purchases_is_found_again():
    random = np.random.default_rng(0)
    x = random.integers(1, 12, 4000).astype(float)
    scale = random.gamma(4.0, 1 / 80.0, 4000)
    seen = np.array([random.gamma(6.0, 1 / s, int(n)).mean() for n, s in zip(x, scale, strict=True)])
    worth = fit_worth(x, seen)

    assert worth.mean(0, 0) == pytest.approx(6 * 80 / 3, rel=0.05)
    assert worth.p == pytest.approx(6, rel=0.2)
    assert worth.q == pytest.approx(4, rel=0.2)


def test_with_few_customers_there_is_no_worth():
    assert fit_worth(np.ones(5), np.ones(5) * 10) is None
    assert fit_worth(np.zeros(50), np.full(50, np.nan)) is None


def test_orders_follow_the_chance_that_is_stated(value):
    plain = float(value.model.by(_told(), 90)[0])

    assert value.orders(ROW, plain, 90) == pytest.approx(float(value.model.expected(_told(), 90)[0]))
    assert value.orders(ROW, plain / 2, 90) < value.orders(ROW, plain, 90)
    assert value.orders(ROW, 0.99, 90) >= 0.99


def test_what_is_at_risk_is_the_chance_of_silence_times_what_orders_bring(value):
    orders = value.orders(ROW, 0.5, 90)
    row = {**ROW, "customer_order_value": 100.0}

    assert value.at_risk_of_buyer(row, 0.5, orders) == pytest.approx(0.5 * 100 * orders / 0.5)
    assert Value(value.model, None).at_risk_of_buyer(row, 0.5, orders) is None
    assert Value(None, None).orders(ROW, 0.5, 90) is None


def test_payments_of_a_contract_and_what_is_at_risk():
    row = {"customer_recurring_amount": 100.0, "customer_contract_months": 1.0}
    due, at_risk = payments(row, [0.0, 0.25, 0.5], 365.25 / 12 * 4)

    assert due == pytest.approx(4 * 0.75)
    assert at_risk == pytest.approx(4 * 0.25 * 100)
    assert payments({}, [0.0, 0.5], 30) is None


def test_it_survives_json(value):
    again = Value.from_json(json.loads(json.dumps(value.to_json())))

    assert again.orders(ROW, 0.4, 60) == value.orders(ROW, 0.4, 60)
    assert again.worth == value.worth
    assert Value.from_json(Value(None, None).to_json()) == Value(None, None)


def _told():
    from training.rivals.buying import buying_of_row

    return buying_of_row(ROW)
