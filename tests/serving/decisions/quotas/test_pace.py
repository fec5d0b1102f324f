import numpy as np
import pytest

from serving.decisions.quotas.pace import pace, told
from serving.decisions.quotas.question import BadQuestion

WEEK = np.array([1.0, 1, 1, 1, 1, 0, 0])
DAYS = np.tile(WEEK, 4)


def test_what_is_due_goes_by_working_days() -> None:
    found = pace(200_000, 80_000, DAYS, 14)

    assert (found.due, found.ahead, found.days_left) == (100_000, -20_000, 10)
    assert found.a_day == 12_000
    assert found.effort == pytest.approx(1.2)
    assert told(found, "CNY", "en") == (
        "CNY 800 of CNY 2,000 booked (40 %); by now it should be CNY 1,000: CNY 200 behind. "
        "10 working days are left: CNY 120 per working day, 120 % of the planned rate."
    )
    assert told(found, "CNY", "zh") == (
        "已完成 800 元，定额 2,000 元（40%）；按进度应为 1,000 元，落后 200 元。"
        "剩余 10 个工作日：平均每个工作日 120 元，为计划节奏的 120%。"
    )


def test_a_weekend_changes_nothing() -> None:
    assert pace(200_000, 0, DAYS, 5).due == pace(200_000, 0, DAYS, 7).due == 50_000


@pytest.mark.parametrize(
    ("booked", "over", "said"),
    [(250_000, 14, "The number is made."), (150_000, 28, "The period is over, CNY 500 short.")],
)
def test_the_end_is_told(booked: int, over: int, said: str) -> None:
    assert told(pace(200_000, booked, DAYS, over), "CNY", "en").endswith(said)


def test_a_day_outside_is_named() -> None:
    with pytest.raises(BadQuestion):
        pace(1, 0, DAYS, 40)
