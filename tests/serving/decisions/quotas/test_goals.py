import numpy as np
import pytest

from serving.decisions.quotas.goals import new_customers, retention, told_kept, told_new
from serving.decisions.quotas.question import BadQuestion


def test_new_customers_add_up_and_are_told(small) -> None:
    question = small(target=1_800_000)
    counts = np.random.default_rng(0).poisson(5, (500, 12)).astype(float)
    plan = new_customers(question, counts, target=60)

    assert plan.amounts[0] == plan.of_sellers.sum() == 60
    assert plan.of_sellers.min() >= 4
    assert plan.of_sellers.max() <= 6
    assert told_new(plan, "co", "en").startswith("60 new customers; made in ")
    assert told_new(plan, "co", "zh").startswith("新增客户 60 家，达成把握约")


def test_a_goal_of_keeping_is_made_as_often_as_stated_and_few_customers_have_none(small) -> None:
    question = small()
    customers = [40] * 11 + [3]
    kept = np.random.default_rng(0).binomial(customers, 0.85, (2000, 12)).astype(float)
    goals = retention(question, kept, customers, 0.7)
    teams = goals.outlook.tree.teams

    assert (goals.chances >= 0.7).all()
    assert goals.customers[0] == 443
    assert goals.goals[0] / 443 > (goals.goals[teams] / 40)
    assert goals.own.tolist() == [True] * (teams + 11) + [False]
    assert told_kept(goals, "s00", "en").startswith("Keep 3")
    assert "too few" in told_kept(goals, "s11", "en")
    assert "不足以考核个人" in told_kept(goals, "s11", "zh")


def test_counts_that_do_not_fit_are_named(small) -> None:
    with pytest.raises(BadQuestion):
        retention(small(), np.ones((5, 12)), [1, 2])
