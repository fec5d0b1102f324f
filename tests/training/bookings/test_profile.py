"""On which days is sold."""

from datetime import date

import numpy as np

from features.bookings.calendar import period_edges, period_start
from features.calendar import FIRST_DAY
from training.bookings.profile import DayProfile, fit_profile, shares

START = (date(2022, 1, 1) - FIRST_DAY).days
DAYS = np.arange(START, START + 1096)


def fitted(sold: np.ndarray, country: str | None = None) -> DayProfile:  # type: ignore[type-arg]
    return fit_profile(DAYS, sold, START, int(DAYS[-1]), country)


def test_shares_of_a_month_add_up_to_one_over_any_finer_periods() -> None:
    profile = fitted(np.random.default_rng(0).gamma(1, 100, len(DAYS)))
    months = period_edges(START, "month", 12)
    weeks = np.unique(np.concatenate([period_edges(START, "week", 60), months]))

    found = shares(profile, months, weeks[(weeks >= months[0]) & (weeks <= months[-1])])

    assert np.allclose(found.sum(axis=1), 1)


def test_sales_on_weekdays_only_give_weekends_next_to_nothing() -> None:
    profile = fitted(np.where((DAYS + 3) % 7 < 5, 100.0, 0.0))

    weight = profile.weight(DAYS[:28])

    assert weight[(DAYS[:28] + 3) % 7 >= 5].max() < 0.05 * weight.max()


def test_sales_posted_on_one_day_are_expected_on_that_day() -> None:
    profile = fitted(np.where(period_start(DAYS, "month") == DAYS, 3000.0, 0.0))
    months = period_edges(int(DAYS[-1]) + 1, "month", 1)

    found = shares(profile, months, np.array([months[0], months[0] + 1, months[1]]))

    assert found[0, 0] > 0.95


def test_differences_that_may_be_chance_are_drawn_to_none() -> None:
    profile = fitted(np.random.default_rng(1).gamma(0.2, 100, len(DAYS)))

    weight = profile.weight(DAYS[:365])

    assert weight.std() / weight.mean() < 0.2


def test_golden_week_is_learned_as_days_off() -> None:
    from features.bookings.calendar import worked

    profile = fitted(np.where(worked(DAYS, "CN"), 100.0, 0.0), "CN")
    golden = (date(2026, 10, 1) - FIRST_DAY).days

    weight = profile.weight(np.arange(golden - 14, golden + 5))

    assert weight[-5:].sum() < 0.1 * weight[:5].sum()


def test_it_is_read_as_it_was_written() -> None:
    profile = fitted(np.random.default_rng(0).gamma(1, 100, len(DAYS)), "CN")

    assert np.array_equal(DayProfile.from_json(profile.to_json()).weight(DAYS), profile.weight(DAYS))
