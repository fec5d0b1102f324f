import numpy as np
import pytest

from training.churn.money import Campaign, empc, profit_of, roc_hull


def invented(customers: int = 4000, seed: int = 0):
    random = np.random.default_rng(seed)
    p = random.beta(1.2, 3, customers)
    return (random.random(customers) < p).astype(float), p


def test_empc_is_the_integral_of_the_best_profit_over_how_many_accept():
    churned, p = invented()
    terms = Campaign(value=100, offer=20, contact=3)
    found, wrongly = roc_hull(churned, p)
    rate = churned.mean()
    grid = (np.arange(20_000) + 0.5) / 20_000
    from scipy.stats import beta

    profit = (
        grid[:, None] * (terms.value - terms.offer) * rate * found
        - terms.contact * rate * found
        - (terms.offer + terms.contact) * (1 - rate) * wrongly
    )
    expected = float((profit.max(axis=1) * beta.pdf(grid, 6, 14)).mean())

    assert empc(churned, p, terms) == pytest.approx(expected, rel=1e-4)


def test_knowing_earns_more_than_guessing():
    churned, p = invented()

    assert empc(churned, churned * 0.8 + 0.1) > empc(churned, p) > empc(churned, np.full(len(p), 0.3))


def test_who_knows_contacts_exactly_those_who_leave():
    churned = np.array([1.0, 1, 0, 0, 0])
    found = profit_of(churned, np.array([0.9, 0.9, 0.1, 0.1, 0.1]), Campaign())

    assert found.share == pytest.approx(0.4)
    assert found.best == pytest.approx(0.4 * (0.3 * 190 - 1))


def test_where_it_never_pays_nobody_is_contacted():
    churned, p = invented()
    found = profit_of(churned, p, Campaign(value=10, offer=9.9, contact=5))

    assert (found.empc, found.best, found.share) == (0, 0, 0)
    assert found.as_said == 0


def test_chances_that_are_off_cost_money_when_acted_on():
    churned, p = invented()
    terms = Campaign(value=60, offer=15, contact=5)

    right, bold = profit_of(churned, p, terms), profit_of(churned, np.clip(p * 3, 0, 0.99), terms)
    assert right.as_said > bold.as_said
    assert right.as_said <= right.best + 1e-12


def test_the_hull_lies_above_the_diagonal():
    churned, _ = invented()
    found, wrongly = roc_hull(churned, np.random.default_rng(3).random(len(churned)))

    assert (found[0], wrongly[0], found[-1], wrongly[-1]) == (0, 0, 1, 1)
    assert (found >= wrongly - 1e-12).all()
    slopes = np.diff(found) / np.maximum(np.diff(wrongly), 1e-12)
    assert (np.diff(slopes) <= 1e-9).all()


def test_the_assumptions_are_said():
    assert "30% of those about to leave accept" in Campaign().said()
