import numpy as np
import pytest

from serving.decisions.quotas.over_assignment import over_assign
from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.reasons import company

DRAWS = np.linspace(50_000, 150_000, 1001)


def test_the_sum_is_made_as_often_as_not_when_the_target_is_made_with_the_stated_chance() -> None:
    sure = int(np.quantile(DRAWS, 0.2))
    found = over_assign(DRAWS, sure, 0.8, 1.0)

    assert found.chance == pytest.approx(0.8, abs=0.002)
    assert found.assigned == pytest.approx(np.median(DRAWS), abs=2)
    assert found.sure == pytest.approx(sure, abs=1)


def test_a_surer_company_hands_out_more_and_an_even_chance_nothing() -> None:
    amounts = [over_assign(DRAWS, 90_000, chance, 1.0).amount for chance in (0.3, 0.5, 0.6, 0.7, 0.8)]

    assert amounts[:2] == [0, 0]
    assert amounts[1:] == sorted(set(amounts[1:]))


def test_no_more_than_allowed_and_it_says_so(small) -> None:
    plan = propose(small(target=1_500_000, company_chance=0.9, most_over=0.1))

    assert plan.over is not None
    assert plan.over.held
    assert plan.over.amount == 150_000
    assert plan.amounts[0] == 1_650_000
    assert "More over-assignment than you allow" in company(plan, "en")


def test_the_line_between_target_and_sum_is_told_in_both_languages(small) -> None:
    plan = propose(small(target=2_600_000, company_chance=0.7, unit=1000))

    assert plan.over is not None
    assert plan.over.chance < 0.7
    en, zh = company(plan, "en"), company(plan, "zh")
    assert "CNY 26,000" in en
    assert "70 %" in en
    assert "2.6 万元" in zh
    assert "把握" in zh
