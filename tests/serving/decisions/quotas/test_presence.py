import numpy as np
import pytest

from serving.decisions.quotas.presence import present, ramp, there, working
from serving.decisions.quotas.question import BadQuestion


def test_joining_late_leaving_early_and_leave_take_days_away() -> None:
    days = there(100, 110, joined=102, left=109, leave=[(104, 106), (90, 101)])

    assert days.tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 1, 0]
    assert present(np.ones(10), days) == 0.5


def test_a_newcomer_grows_to_full_strength() -> None:
    days = np.ones(90)
    strengths = [ramp(1000, joined, 6, 0.2, days, there(1000, 1090, joined)) for joined in (1060, 1000, 950, 800)]

    assert strengths == sorted(strengths)
    assert 0.2 < strengths[0] < 0.35
    assert strengths[-1] == 1.0
    assert ramp(1000, None, 6, 0.2, days, days) == 1.0


def test_a_period_that_ends_before_it_begins_is_named() -> None:
    with pytest.raises(BadQuestion):
        working(10, 10, None)


def test_only_working_days_count() -> None:
    week = working(4, 11, None)  # 1970-01-05 is a Monday

    assert week.tolist() == [1, 1, 1, 1, 1, 0, 0]
