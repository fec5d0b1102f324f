import json

import numpy as np
import pytest
from scipy.integrate import quad

from training.rivals.buying import Buying
from training.rivals.pareto_nbd import ParetoNbd, fit_parameters, log_likelihood


def with_parameters(r: float, alpha: float, s: float, beta: float) -> ParetoNbd:
    model = ParetoNbd()
    model.r, model.alpha, model.s, model.beta = r, alpha, s, beta
    return model


CDNOW = with_parameters(0.5533971, 10.5801985, 0.6060625, 11.6562237)
"""Estimates of the R package BTYD on CDNOW, in weeks."""


def one(x: float, tx: float, total: float) -> Buying:
    return Buying(np.array([x]), np.array([tx]), np.array([total]))


def test_customer_1516_of_cdnow_is_alive_as_published():
    assert CDNOW.alive(one(26, 30.86, 31.0))[0] == pytest.approx(0.9979, abs=0.0001)


def test_the_chance_of_a_purchase_is_that_of_a_simulation():
    model, told = with_parameters(0.9, 40.0, 0.7, 120.0), one(2, 80, 100)
    random = np.random.default_rng(1)
    # Given alive: the rate and the risk are gamma with the days watched added.
    alive = float(model.alive(told)[0])
    rate, risk = random.gamma(2.9, 1 / 140.0, 400_000), random.gamma(0.7, 1 / 220.0, 400_000)
    buys, goes = random.exponential(1 / rate), random.exponential(1 / np.maximum(risk, 1e-300))
    came = float(((buys <= 60) & (buys < goes)).mean())

    assert model.by(told, 60)[0] == pytest.approx(alive * came, abs=0.003)


def test_the_integral_is_that_of_a_fine_grid():
    r, alpha, s, beta, x, tx, total = 0.6, 30.0, 0.4, 90.0, 3.0, 40.0, 200.0
    at = tx + (np.arange(200_000) + 0.5) / 200_000 * (total - tx)
    from scipy.special import gammaln

    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    gone = (s * (alpha + at) ** -(r + x) * (beta + at) ** -(s + 1)).mean() * (total - tx)
    stays = (alpha + total) ** -(r + x) * (beta + total) ** -s

    found = log_likelihood(one(x, tx, total), r, alpha, s, beta)[0]
    assert found == pytest.approx(shared + np.log(gone + stays), abs=1e-8)


@pytest.mark.parametrize(("purchases", "last", "since"), [(50, 30, 700), (0, 0, 700), (200, 699, 700), (50, 12, 12)])
def test_the_integrals_hold_for_who_bought_often_and_fell_silent(purchases, last, since):
    """Most of what they sum lies within a day or two: even steps over the days would step over it."""
    r, alpha, s, beta = 1.0, 1.5, 0.5, 20.0
    model, told = with_parameters(r, alpha, s, beta), one(purchases, last, since)
    gone, _ = quad(
        lambda y: ((alpha + last) / (alpha + y)) ** (r + purchases) * s * beta**s / (beta + y) ** (s + 1),
        last, since, points=[last + (since - last) * share for share in (1e-3, 1e-2, 0.1)], limit=300,
    )  # fmt: skip
    there = ((alpha + last) / (alpha + since)) ** (r + purchases) * (beta / (beta + since)) ** s
    now, drop = alpha + since, beta + since
    soon, _ = quad(
        lambda u: (r + purchases) / now * (now / (now + u)) ** (r + purchases + 1) * (drop / (drop + u)) ** s,
        0, 365, points=[0.3, 3, 30], limit=300,
    )  # fmt: skip
    alive = there / (there + gone)

    assert model.alive(told)[0] == pytest.approx(alive, rel=1e-4)
    assert model.by(told, 365)[0] == pytest.approx(alive * soon, rel=1e-4)


def test_who_bought_at_this_moment_is_alive():
    assert CDNOW.alive(one(4, 20.0, 20.0))[0] == 1


def test_parameters_are_found_again():
    random = np.random.default_rng(2)
    customers = 4000
    rate, risk = random.gamma(1.2, 1 / 60.0, customers), random.gamma(0.8, 1 / 250.0, customers)
    total = random.uniform(100, 500, customers)
    lives = np.minimum(random.exponential(1 / np.maximum(risk, 1e-300)), total)
    x = random.poisson(rate * lives).astype(float)
    # The last of x uniform times.
    tx = np.where(x > 0, lives * random.random(customers) ** (1 / np.maximum(x, 1)), 0.0)
    told = Buying(x, tx, total)
    r, alpha, s, beta = fit_parameters(told)

    assert r / alpha == pytest.approx(1.2 / 60, rel=0.1)
    assert float(log_likelihood(told, r, alpha, s, beta).sum()) > float(
        log_likelihood(told, 1.2, 60.0, 0.8, 250.0).sum()
    )


def test_it_survives_json():
    again = ParetoNbd.from_json(json.loads(json.dumps(CDNOW.to_json() | {"days": 30.0})))

    assert again.by(one(3, 5, 7), 30) == CDNOW.by(one(3, 5, 7), 30)
