"""A season of the calendar that is there, and those that only seem to be."""

import json

import numpy as np
import pytest

from training.curve.season import FEWEST_YEARS, Season, Told, find_season, fit_season
from training.rivals.rival import probabilities

WAVE = 0.8


def told(seed: int, *, height: float, years: float, deals: int = 3000, shock: float = 0.0, trend: float = 0.0) -> Told:
    """Deals whose true log-odds are above what was said by a wave of the year, shocks by month and a trend."""
    random = np.random.default_rng(seed)
    year = np.sort(random.uniform(0, years, deals))
    month = np.floor(year % 1 * 12) + 1
    of_month = random.normal(0, shock, round(years * 12) + 1)[np.floor(year * 12).astype(int)]
    odds = random.normal(-0.4, 0.8, deals)
    true = odds + height * np.sin(2 * np.pi * (month - 0.5) / 12) + of_month + trend * (year - years / 2)
    happened = (random.random(deals) < probabilities(true)).astype(float)
    return Told(odds, happened, np.ones(deals), month, year, np.array([f"d{n}" for n in range(deals)], object))


def parts(all_of: Told, cut: float) -> tuple[Told, Told]:
    """What was looked at before a moment in years, and after."""
    return tuple(
        Told(*(each[chosen] for each in vars(all_of).values())) for chosen in (all_of.year < cut, all_of.year >= cut)
    )


def test_the_months_shifts_are_found_and_sum_to_nothing():
    found = np.array(fit_season(told(1, height=WAVE, years=3)).months)
    truth = WAVE * np.sin(2 * np.pi * (np.arange(12) + 0.5) / 12)

    assert np.abs(found - truth).max() < 0.25
    assert found.sum() == pytest.approx(0, abs=1e-9)


def test_a_season_that_is_there_is_kept_and_lowers_the_loss():
    for seed in range(3):
        season = find_season(*parts(told(seed, height=WAVE, years=4), 2.6))
        assert season is not None
        assert season.months[2] > 0.4
        assert season.months[8] < -0.4


@pytest.mark.parametrize("other", [{}, {"shock": 0.3}, {"trend": 0.5}])
def test_no_season_is_seldom_taken_for_one(other):
    """Not without anything, nor where single months or the level go their own way."""
    found = [find_season(*parts(told(seed, height=0.0, years=4, **other), 2.6)) for seed in range(12)]
    kept = [season for season in found if season is not None]

    assert len(kept) <= 3
    assert all(max(np.abs(season.months)) < 0.35 for season in kept)


def test_single_months_that_went_well_make_no_large_season():
    quiet = [max(np.abs(fit_season(told(seed, height=0.0, years=3, shock=0.5)).months)) for seed in range(8)]

    assert np.median(quiet) < 0.35


def test_on_the_rows_that_levels_were_learned_from_a_season_adds_nothing_on_average():
    earlier, later = parts(told(2, height=WAVE, years=4), 3.4)
    season = find_season(earlier, later)

    assert season is not None
    assert season.shift(later.month).mean() == pytest.approx(0, abs=1e-9)
    assert abs(np.mean(season.months)) > 0.2  # that part of the year was above or below the rest


def test_less_than_two_years_tell_no_season():
    assert find_season(*parts(told(1, height=WAVE, years=FEWEST_YEARS - 0.1), 1.2)) is None


def test_looks_at_a_deal_are_one_piece_of_evidence():
    once = told(4, height=WAVE, years=3, deals=900)
    often = Told(*(np.repeat(each, 4) for each in vars(once).values()))

    np.testing.assert_allclose(fit_season(often).months, fit_season(once).months, atol=1e-6)


def test_what_later_outcomes_were_does_not_change_what_the_earlier_part_taught():
    earlier, later = parts(told(5, height=WAVE, years=4), 2.6)
    assert fit_season(earlier) == fit_season(Told(*(each.copy() for each in vars(earlier).values())))
    against = Told(later.odds, 1 - later.happened, later.weight, later.month, later.year, later.subject)
    assert find_season(earlier, against) is None


def test_a_month_that_is_not_known_shifts_nothing():
    season = Season(tuple(float(n) for n in range(12)))

    assert season.shift(np.array([1.0, 12.0, np.nan])).tolist() == [0.0, 11.0, 0.0]
    assert season.shift_of({"month": 3.0}) == 2.0
    assert season.shift_of({}) == 0.0


def test_it_comes_back_from_json_as_it_was():
    season = fit_season(told(1, height=WAVE, years=3))

    assert Season.from_json(json.loads(json.dumps(season.to_json()))) == season
    assert Season.from_json(None) is None
