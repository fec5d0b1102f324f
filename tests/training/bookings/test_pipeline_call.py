"""A served rival within a month: what is left of it, and what becomes of deals that it no longer has time for."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from features.bookings.calendar import edges_between
from features.bookings.pace import OWNERS, Sales
from features.bookings.pipeline import NO_DAY
from features.kernel import MISSING
from training.bookings.pipeline_call import Learned, PipelineCall
from training.bookings.profile import DayProfile, fit_profile, shares
from training.bookings.rest import QUANTILES

CALL = PipelineCall(
    "point of period",
    Learned(({"proposal": 0.2},), (0.2,), (20.0,)),
    (tuple(np.linspace(-0.1, 0.1, len(QUANTILES))),),
)


def day_number(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)) // timedelta(days=1)


def texts(value: str, count: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full(count, value, object)


@pytest.fixture(scope="module")
def sold() -> Sales:
    days = np.array([day_number(2023, month, 15) for month in range(1, 13)])
    owners = {owner: texts("a", 12) for owner in OWNERS}
    return Sales(texts("", 12), days, np.full(12, 100.0), owners, np.zeros(12, np.int64), np.full(12, MISSING))


@pytest.fixture(scope="module")
def profile(sold: Sales) -> DayProfile:
    return fit_profile(sold.day, sold.amount, int(sold.day[0]), int(sold.day[-1]), None)


def draws(sold: Sales, profile: DayProfile, day: int) -> np.ndarray:  # type: ignore[type-arg]
    """Of January and the month after, as of a day of it: five deals are due on the 20th, five have no day."""
    due = np.array([day_number(2024, 1, 20)] * 5 + [NO_DAY] * 5)
    there = SimpleNamespace(amount=np.full(10, 40.0), stage=texts("proposal", 10), category=texts("", 10), expected=due)
    base = edges_between(day, day_number(2024, 2, 15), "month")
    return CALL.totals(SimpleNamespace(day=day, sold=sold, open=there), base, profile, 400)  # type: ignore[arg-type]


def test_on_the_last_day_of_a_month_next_to_nothing_of_its_figure_is_left(sold: Sales, profile: DayProfile) -> None:
    first, last = day_number(2024, 1, 1), day_number(2024, 1, 31)
    whole, left = draws(sold, profile, first), draws(sold, profile, last)
    share = shares(profile, np.array([first, last + 1]), np.array([first, last, last + 1]))[0, 1]

    assert whole[0].mean() == pytest.approx(100, rel=0.01)
    assert share < 0.15
    assert left[0].mean() == pytest.approx(share * 100, rel=0.1)
    # What the open deals do not bring on that day they bring the month after.
    assert left[1].mean() - whole[1].mean() == pytest.approx(80 * (1 - share), rel=0.02)


def test_the_spread_of_a_day_is_not_as_small_beside_a_months_as_its_figure(sold: Sales, profile: DayProfile) -> None:
    first, middle = day_number(2024, 1, 1), day_number(2024, 1, 16)
    share = shares(profile, np.array([first, first + 31]), np.array([first, middle, first + 31]))[0, 1]
    whole, left = (np.ptp(draws(sold, profile, day)[0]) for day in (first, middle))

    assert left / whole == pytest.approx(np.sqrt(share), rel=0.02)
