import numpy as np
import pytest

from serving.decisions.quotas.incentives import Bonus, PayPlan, Rate, paid, simulate, told
from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.question import BadQuestion

PLAN = PayPlan([Rate(0.5, 0.02), Rate(1.0, 0.05), Rate(1.5, 0.03)], [Bonus(1.0, 500)])


@pytest.mark.parametrize(
    ("booked", "pay"), [(0, 0), (5_000, 0), (8_000, 60), (9_999, 99.98), (10_000, 600), (14_000, 800), (20_000, 1000)]
)
def test_pay_by_hand(booked: float, pay: float) -> None:
    assert paid(np.array([[float(booked)]]), np.array([10_000.0]), PLAN)[0, 0] == pytest.approx(pay)


def test_a_retroactive_rate_holds_for_all_that_was_booked() -> None:
    plan = PayPlan([Rate(0.0, 0.02), Rate(1.0, 0.05)], retroactive=True)
    booked = np.array([[9_000.0, 10_000.0, 12_000.0]])

    assert paid(booked, np.array([10_000.0]), plan)[0] == pytest.approx([180, 500, 600])


def test_pay_never_falls_with_bookings_and_nothing_is_paid_without_a_quota() -> None:
    booked = np.arange(0, 30_000.0, 7)[None, :]

    assert (np.diff(paid(booked, np.array([10_000.0]), PLAN)) >= -1e-9).all()
    assert paid(booked, np.array([0.0]), PLAN).sum() == 0


def test_the_cost_is_a_distribution(small) -> None:
    plan = propose(small(target=1_800_000, draws=1000))
    free = simulate(plan.outlook, plan.of_sellers, PLAN, budget=60_000)
    capped = simulate(plan.outlook, plan.of_sellers, PayPlan(PLAN.rates, PLAN.bonuses, cap=1.5), budget=60_000)

    assert list(free.levels) == sorted(free.levels)
    assert free.levels[0] < free.mean < free.levels[-1]
    assert free.by_seller.sum() == pytest.approx(free.mean, abs=12)
    assert free.over_budget == pytest.approx((free.draws > 60_000).mean())
    assert 0 < free.above < 1
    assert free.capped == 0 < capped.capped
    assert capped.mean < free.mean
    assert capped.over_budget <= free.over_budget
    assert "The budget of CNY 600 is exceeded" in told(free, "CNY", "en")
    assert "封顶" in told(capped, "CNY", "zh")


@pytest.mark.parametrize(
    "plan",
    [
        PayPlan([]),
        PayPlan([Rate(1.0, 0.1), Rate(0.5, 0.2)]),
        PayPlan([Rate(0.0, -0.1)]),
        PayPlan([Rate(0.0, 0.1)], cap=0.5),
        PayPlan([Rate(0.0, 0.1)], [Bonus(1.0, -5)]),
    ],
)
def test_a_plan_without_sense_is_named(small, plan: PayPlan) -> None:
    found = propose(small())
    with pytest.raises(BadQuestion):
        simulate(found.outlook, found.of_sellers, plan)
