import numpy as np
import pytest

from simulation.company import CompanySettings
from simulation.effort import Answers
from simulation.errors import BadCompany
from simulation.years import run_years

COMPANY = CompanySettings(deals=2200, seed=4)
COLD = Answers(gradient=0, slack=0, gaming=0, fear=0)


def last_year_and_ten(past):
    return 1.1 * past.booked[-4] + 50_000


def own_average(past):
    return past.booked[-8:].mean(axis=0) + 20_000


def hopeless(past):
    return np.full(past.tenure.size, 1e9)


def idle(past):
    return np.full(past.tenure.size, 1.0)


def test_sellers_whom_quotas_leave_cold_book_the_same_under_every_planner():
    one, other = (run_years(COMPANY, planner, 3, answers=COLD) for planner in (last_year_and_ten, hopeless))

    np.testing.assert_array_equal(one.booked, other.booked)
    assert one.effort == pytest.approx(1.0)
    assert not one.pulled.any()
    assert not one.held.any()


def test_luck_before_planning_is_common_and_runs_repeat():
    one, other = (run_years(COMPANY, planner, 2) for planner in (last_year_and_ten, own_average))

    np.testing.assert_array_equal(one.booked[:8], other.booked[:8])
    np.testing.assert_array_equal(one.booked, run_years(COMPANY, last_year_and_ten, 2).booked)
    assert not np.array_equal(one.booked[8:], other.booked[8:])


def test_a_quota_in_reach_brings_more_than_one_that_is_none():
    reach, lost, made = (run_years(COMPANY, planner, 6) for planner in (own_average, hopeless, idle))

    assert reach.booked[8:].sum() > 1.05 * lost.booked[8:].sum()
    assert reach.booked[8:].sum() > 1.05 * made.booked[8:].sum()
    assert reach.pulled.sum() > 1e6
    assert lost.pulled.sum() == 0
    assert made.pulled.sum() < 1e3


def test_a_ratchet_is_felt_and_costs_sales():
    ratchet, average = (run_years(COMPANY, planner, 12) for planner in (last_year_and_ten, own_average))
    fearless = run_years(COMPANY, last_year_and_ten, 12, answers=Answers(fear=0))

    assert ratchet.ratchet[-1] > 0.5 > average.ratchet[-1]
    assert ratchet.booked[8:].sum() < 0.97 * average.booked[8:].sum()
    assert ratchet.booked[8:].sum() < 0.99 * fearless.booked[8:].sum()


def test_moving_deals_over_a_periods_end_loses_only_the_discount():
    """With effort the same, what is pulled forward or held back is booked once, less the discount."""
    mover = run_years(COMPANY, own_average, 5, answers=Answers(gradient=0, slack=0, fear=0))
    plain = run_years(COMPANY, own_average, 5, answers=COLD)
    missing = plain.booked.sum() - mover.booked.sum()
    waiting = mover.held[-1].sum()

    assert mover.pulled.sum() > 0 < mover.held.sum()
    assert missing == pytest.approx(mover.lost.sum() + waiting)


def test_a_planner_sees_the_past_alone():
    seen = []

    def watching(past):
        seen.append(past)
        past.booked[:] = 0  # its own copy
        return np.full(past.tenure.size, 5e5)

    years = run_years(COMPANY, watching, 2)

    assert [past.quarter for past in seen] == list(range(8, 16))
    assert all(len(past.booked) == len(past.quotas) == len(past.newcomer) == past.quarter for past in seen)
    assert years.booked[:8].sum() > 0
    assert years.attainment.shape == (8, COMPANY.desks)


@pytest.mark.parametrize("bad", [np.ones(3), np.full(COMPANY.desks, -1.0), np.full(COMPANY.desks, np.nan)])
def test_quotas_that_are_none_are_refused(bad):
    with pytest.raises(BadCompany, match="one positive number for each"):
        run_years(COMPANY, lambda _: bad, 1)


def test_beginners_book_less_and_large_territories_more():
    years = run_years(CompanySettings(deals=6000, seed=4), idle, 1, before=30, answers=COLD)
    seen = []
    run_years(CompanySettings(deals=6000, seed=4), lambda past: seen.append(past) or idle(past), 1, before=30)
    new, potential = seen[0].newcomer, seen[0].potential
    mean = years.booked[:30].mean(axis=0)

    assert years.booked[:30][new].mean() < 0.85 * years.booked[:30][~new].mean()
    assert np.corrcoef(mean, potential)[0, 1] > 0.4
