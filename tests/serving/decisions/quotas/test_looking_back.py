from dataclasses import replace

import numpy as np
import pytest

from serving.decisions.quotas.looking_back import OURS, PastPeriod, look_back, told
from serving.decisions.quotas.question import BadQuestion
from serving.decisions.quotas.rivals import RIVALS


def past(small, count: int, **wish: object) -> list[PastPeriod]:
    """Periods whose bookings come from the same law as the draws."""
    found = []
    for seed in range(count):
        question = small(sellers=40, draws=400, seed=seed, **wish)
        found.append(PastPeriod(replace(question, totals=question.totals[1:]), question.totals[0].astype(int).tolist()))
    return found


def test_quotas_at_a_stated_chance_are_made_that_often(small) -> None:
    judged = {one.name: one for one in look_back(past(small, 30, chance=0.6))}
    ours = judged[OURS]

    assert set(judged) == {OURS, *RIVALS}
    assert ours.stated == pytest.approx(0.6, abs=0.01)
    assert ours.low < 0.6 < ours.high
    assert ours.made == pytest.approx(0.6, abs=0.06)
    assert ours.spread < judged["even"].spread
    assert ours.ratchet.value < judged["proportional to last year"].ratchet.value
    assert "made" in told(ours, "en")
    assert "达成" in told(ours, "zh")


def test_periods_and_not_sellers_are_independent(small) -> None:
    one = look_back(past(small, 12, chance=0.6), {})[0]
    alone = 1.96 * np.sqrt(one.made * (1 - one.made) / one.quotas)

    assert one.high - one.low > 2 * alone


def test_a_period_without_a_plan_is_left_out_and_named(small) -> None:
    periods = past(small, 2, target=6_000_000)
    wish = replace(periods[0].question.wish, chances=(0.95, None))
    periods[0] = replace(periods[0], question=replace(periods[0].question, period="2026Q4", wish=wish))
    judged = look_back(periods, {})[0]

    assert judged.left_out == ("2026Q4",)
    assert judged.periods == 1
    assert judged.company in (0.0, 1.0)


def test_no_period_is_named() -> None:
    with pytest.raises(BadQuestion):
        look_back([])
