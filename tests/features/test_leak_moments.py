"""Halfway through a deal's life age tells the length: what only says that must not be taken for a leak."""

import numpy as np
import pytest

from features.audit_columns import Deals
from features.leak_moments import DAY, EARLY, HALFWAY, HOUR, Look, area_within, looks, presence, times_likelier, value
from features.leak_rules import Evidence
from features.leak_tests import Flags, Floats, binned

DRAW = np.random.default_rng(2)
WON = DRAW.random(2000) < 0.4


def look(when: str, days_left: Floats | None = None, strata: Flags | None = None) -> Look:
    left = np.full(2000, 30.0) if days_left is None else days_left
    groups = np.zeros(2000, np.int64) if strata is None else strata.astype(np.int64)
    return Look(when, np.arange(2000), np.zeros(2000, np.int64), WON, left, groups)


def against(numbers: Floats, at: Look) -> list[Evidence]:
    return list(value(binned(numbers), numbers, at))


def test_deals_are_seen_while_they_lived_and_were_on_record() -> None:
    created = np.zeros(4, np.int64)
    closed = np.array([10 * DAY, HOUR // 2, 10 * DAY, 0])
    deals = Deals(np.array(list("abcd"), object), created, closed, closed > 0, np.array([1, 0, 1, 0], bool))
    known = np.array([0, 0, 2 * DAY, 0])

    early, halfway = looks(deals, known)

    assert (early.when, early.place.tolist(), early.at.tolist()) == (EARLY, [0], [HOUR])
    assert (halfway.when, halfway.place.tolist()) == (HALFWAY, [0, 1, 2])
    assert halfway.days_left.tolist()[0] == 5.0


def test_of_many_deals_as_many_as_asked_for_are_taken_and_the_same_each_time() -> None:
    many = np.full(100, 9 * DAY)
    deals = Deals(np.arange(100).astype(str).astype(object), many * 0, many, many > 0, many > 0)

    first, again = looks(deals, many * 0 - 1, 10), looks(deals, many * 0 - 1, 10)

    assert [len(look) for look in first] == [10, 10]
    assert first[0].place.tolist() == again[0].place.tolist()


def test_an_area_within_strata_counts_only_pairs_of_the_same_one() -> None:
    won = np.array([1, 0, 1, 0], bool)

    assert area_within(np.array([1.0, 2.0, 9.0, 8.0]), won, np.array([0, 0, 1, 1])) == 0.5
    assert area_within(np.array([1.0, 2.0]), np.array([1, 1], bool), np.zeros(2, np.int64)) == 0.5


def test_a_length_that_decides_is_no_leak_among_deals_of_equal_length() -> None:
    """All won deals are long, all lost ones short: halfway through, the age says so, honestly."""
    age = np.where(WON, 40.0, 3.0) + DRAW.random(2000)

    assert against(age, look(HALFWAY, strata=WON)) == []
    assert [e.code for e in against(age, look(HALFWAY))] == ["feature-tells-outcome"]


def test_a_value_that_tells_the_outcome_early_is_an_error_and_a_strong_honest_one_is_not() -> None:
    told = WON + DRAW.normal(0, 0.2, 2000)
    honest = WON + DRAW.normal(0, 0.8, 2000)

    assert [(e.code, e.severity) for e in against(told, look(EARLY))] == [("feature-tells-outcome", "error")]
    assert against(honest, look(EARLY)) == []


@pytest.mark.parametrize(("noise", "found"), [(0.03, ["feature-tells-time-left"]), (0.4, [])])
def test_a_date_nearly_as_good_as_the_close_is_a_leak_and_a_good_plan_is_not(noise: float, found: list[str]) -> None:
    left = DRAW.gamma(2, 20, 2000)
    planned = left * DRAW.lognormal(0, noise, 2000)

    assert [e.code for e in against(planned, look(EARLY, left))] == found
    assert against(planned, look(HALFWAY, left)) == []  # there every age goes with what is left


def test_being_there_accuses_and_being_absent_does_not() -> None:
    only_won = WON & (DRAW.random(2000) < 0.5)
    only_lost_lack = WON | (DRAW.random(2000) < 0.3)

    assert [e.severity for e in presence(only_won, look(HALFWAY), "presence-tells-outcome")] == ["error"]
    assert list(presence(only_lost_lack, look(HALFWAY), "presence-tells-outcome")) == []


def test_how_many_times_likelier_is_a_lower_bound() -> None:
    half = np.arange(2000) % 2 == 0
    times, covers = times_likelier(WON & half, WON)

    assert times_likelier(half, WON)[0] == 1.0
    assert 20 < times < times_likelier(WON, WON)[0]
    assert covers == pytest.approx(0.5, abs=0.05)


def test_what_long_deals_have_and_short_ones_lack_is_not_taken_for_the_outcome() -> None:
    long = WON | (DRAW.random(2000) < 0.02)
    there = long & (DRAW.random(2000) < 0.9)

    assert list(presence(there, look(HALFWAY), "presence-tells-outcome"))
    assert not list(presence(there, look(HALFWAY, strata=long), "presence-tells-outcome"))
