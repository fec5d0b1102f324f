import numpy as np
import pytest

from simulation.care import GRUDGE_DAYS, Leaving, grudges, leaving, looked_after, risk_of_leaving, usual_care
from simulation.company import AS_EVER, DIFFERS, CompanySettings
from simulation.customers import INDUSTRIES, meet
from simulation.orders import NEVER
from simulation.response import ACTIONS, CARE_DAYS, NO_ACTION
from simulation.waves import season, wave

CALL = ACTIONS.index("call")


def days(length, *contacts):
    """One customer's days with calls on some."""
    actions = np.full((1, length), NO_ACTION)
    actions[0, list(contacts)] = CALL
    return actions


def test_a_call_looks_after_a_customer_for_its_days_from_its_own_on():
    cared = looked_after(days(60, 10))[0]

    assert np.flatnonzero(cared).tolist() == list(range(10, 10 + CARE_DAYS[CALL]))


def test_a_short_contact_does_not_end_the_care_of_a_longer_one():
    actions = days(60)
    actions[0, 3], actions[0, 5] = ACTIONS.index("visit"), ACTIONS.index("email")

    assert np.flatnonzero(looked_after(actions)[0]).tolist() == list(range(3, 3 + CARE_DAYS[ACTIONS.index("visit")]))


def test_grudges_last_their_days_and_only_a_later_contact_soothes():
    upset = np.zeros((1, 120), dtype=bool)
    upset[0, [20, 30]] = True
    rankling, soothed = grudges(upset, days(120, 30))

    assert rankling[0, [19, 20, 29, 30, 31, 89, 90]].tolist() == [0, 1, 1, 1, 1, 1, 0]
    assert soothed[0, [29, 30, 31, 79, 80]].tolist() == [0, 1, 1, 1, 0]
    assert GRUDGE_DAYS == 60


def test_grudges_count_as_one_would_by_hand():
    rng = np.random.default_rng(5)
    upset, actions = rng.random((4, 150)) < 0.05, np.where(rng.random((4, 150)) < 0.03, CALL, NO_ACTION)
    rankling, soothed = grudges(upset, actions)
    for who in range(4):
        for day in range(150):
            recent = [c for c in range(max(0, day - GRUDGE_DAYS + 1), day + 1) if upset[who, c]]
            later = [any(actions[who, c + 1 : day + 1] == CALL) for c in recent]
            assert (rankling[who, day], soothed[who, day]) == (later.count(False), later.count(True))


def test_care_lowers_the_risk_of_the_receptive_and_raises_it_for_the_others():
    law = Leaving(plain=np.full((2, 3), 0.01), receptivity=np.array([0.6, -0.3]), soothed=0.7)
    nothing = np.zeros((2, 3), dtype=int)
    alone, cared = (risk_of_leaving(law, np.full((2, 3), fact), nothing, nothing) for fact in (False, True))
    rankles = risk_of_leaving(law, np.full((2, 3), False), nothing + 1, nothing)
    soothed = risk_of_leaving(law, np.full((2, 3), False), nothing, nothing + 1)

    np.testing.assert_allclose(alone, 0.01)
    np.testing.assert_allclose(cared[0], 0.004)
    np.testing.assert_allclose(cared[1], 0.013)
    np.testing.assert_allclose(rankles, 1 - 0.99 * 0.94)
    np.testing.assert_allclose(soothed, 1 - 0.99 * 0.982)


def test_sellers_call_the_loyal_and_the_large_and_nobody_on_days_off():
    settings = CompanySettings(customers=900, contact=DIFFERS, days=300)
    some = meet(settings, np.arange(900))
    actions = usual_care(settings, some, np.full(900, NEVER), 300)
    made = actions != NO_ACTION
    per_customer = made[some.established].sum(axis=1)
    segment = some.segment[some.established]
    plain = leaving(settings, some, 0, 1).plain[some.established, 0]

    assert not made[~some.established].any()
    assert np.corrcoef(per_customer, plain)[0, 1] < -0.1
    assert per_customer[segment == 2].mean() > 1.3 * per_customer[segment == 0].mean()
    np.testing.assert_array_equal(usual_care(settings, some, np.full(900, NEVER), 300, 280), actions[:, 280:])
    assert (usual_care(CompanySettings(customers=900), some, np.full(900, NEVER), 300) == NO_ACTION).all()


def test_waves_come_once_in_a_period_to_each_industry_and_seasons_even_out():
    settings = CompanySettings(customers=300, waves=True, days=1080)
    some = meet(settings, np.arange(300))
    waves, year = wave(settings, some, 0, 1080), season(settings, some, np.arange(1461))

    assert sorted(np.unique(waves)) == [1, 5]
    assert ((waves > 1).sum(axis=1) == 4 * 45).all()
    assert len({row.tobytes() for row in waves}) == len(INDUSTRIES)
    assert year.min() == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(year.mean(axis=1), 1, atol=1e-3)
    assert (wave(CompanySettings(contact=AS_EVER), some, 0, 9) == 1).all()
    np.testing.assert_array_equal(wave(settings, some, 500, 600), waves[:, 500:600])
