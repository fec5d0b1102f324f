"""The statistics against worked examples, and against chance."""

import numpy as np
import pytest
from scipy import stats

from features import leak_tests as tests


def test_the_area_is_the_share_of_pairs_in_order_with_ties_by_half() -> None:
    won = np.array([True, True, False, False])

    assert tests.rank_auc(np.array([3.0, 2.0, 2.0, 1.0]), won) == 0.875


@pytest.mark.parametrize("area", [0.6, 0.8, 0.95])
def test_the_lower_bound_of_an_area_fails_about_as_rarely_as_said(area: float) -> None:
    chance = np.random.default_rng(1)
    shift = np.sqrt(2) * stats.norm.ppf(area)
    won = np.arange(300) < 100
    wrong = 0
    for _ in range(400):
        score = chance.normal(size=300) + shift * won
        wrong += tests.auc_at_least(tests.rank_auc(score, won), 100, 200, 0.05) > area

    assert wrong <= 36  # 400 x 0.05 = 20, and 3.7 standard errors


def test_a_perfect_area_on_few_deals_is_not_certain() -> None:
    assert tests.auc_at_least(1.0, 10, 10, 1e-4) < 0.9
    assert tests.auc_at_least(1.0, 1000, 1000, 1e-4) > 0.98


def test_a_value_that_occurs_once_tells_nothing_of_its_own_deal() -> None:
    won = np.random.default_rng(0).random(500) < 0.4

    assert abs(tests.category_auc(np.arange(500), won, 0.01).value - 0.5) < 0.1


def test_the_common_odds_ratio_of_a_textbook_example() -> None:
    """Two strata with odds ratios 2 and 2, and margins that reverse them when pooled."""
    tables = [(20, 80, 10, 80), (80, 20, 160, 80)]
    exposed, won, strata = (np.array(x) for x in _deals(tables))

    odds = tests.mantel_haenszel(exposed, won, strata, 0.05)

    assert odds is not None
    assert odds.value == pytest.approx(2.0)
    assert odds.low < 2.0 < odds.high


def _deals(tables: list[tuple[int, int, int, int]]) -> tuple[list[bool], list[bool], list[int]]:
    rows = [
        (exposed, won, stratum)
        for stratum, counts in enumerate(tables)
        for (exposed, won), n in zip([(True, True), (True, False), (False, True), (False, False)], counts, strict=True)
        for _ in range(n)
    ]
    return tuple(list(x) for x in zip(*rows, strict=True))  # type: ignore[return-value]


def test_a_perfect_relation_keeps_finite_bounds() -> None:
    won = np.arange(200) < 100

    odds = tests.mantel_haenszel(won, won, np.zeros(200, np.int64), 0.001)

    assert odds is not None
    assert 50 < odds.low < odds.high < np.inf


def test_strata_with_one_outcome_say_nothing() -> None:
    flags = np.array([True, False])

    assert tests.mantel_haenszel(flags, np.array([True, True]), np.zeros(2, np.int64), 0.05) is None


def test_bounds_of_shares_are_those_of_clopper_and_pearson() -> None:
    exact = stats.binomtest(3, 50).proportion_ci(0.9, "exact")

    assert tests.share_at_least(3, 50, 0.05) == pytest.approx(exact.low)
    assert tests.share_at_most(3, 50, 0.05) == pytest.approx(exact.high)
    assert tests.share_at_least(0, 50, 0.05) == 0
    assert tests.share_at_most(50, 50, 0.05) == 1


def test_the_telling_value_is_found_and_its_bound_is_below_the_ratio_seen() -> None:
    codes = np.array([0] * 500 + [1] * 60 + [2] * 440)
    won = np.array([False, True] * 250 + [False] * 60 + [True, False] * 220)

    told = tests.telling_value(codes, won, 30, 0.001)

    assert told is not None
    assert (told.code, told.deals, told.won) == (1, 60, 0)
    assert 1 < told.times < 60
    assert told.covers == pytest.approx(60 / 530)


def test_a_number_never_above_its_own_limit_is_seen_to_be_often_above_others() -> None:
    limit = np.arange(1.0, 101.0)

    over, expected = tests.exceeding(limit * 0.9, limit)

    assert over == 0
    assert expected > 0.4


def test_missing_numbers_and_frequent_values_have_codes_of_their_own() -> None:
    numbers = np.concatenate([np.full(50, np.nan), np.zeros(50), np.linspace(1, 9, 900)])

    codes = tests.binned(numbers)

    assert set(codes[:50]) == {0}
    assert len(set(codes[50:100])) == 1
    assert not set(codes[50:100]) & set(codes[100:])
    assert 15 <= len(set(codes[100:])) <= 20


def test_rounding_and_repetition_are_recognised() -> None:
    numbers = np.array([0.31, 0.3, 1200.0, 1250.0, 1200.0])

    assert tests.is_round(numbers).tolist() == [True, True, True, False, True]
    assert tests.is_round(numbers, 1).tolist() == [False, True, False, False, False]
    assert tests.occurs_once(numbers).tolist() == [True, True, False, True, False]


def test_ranks_that_agree_leave_no_doubt_and_constants_tell_nothing() -> None:
    x = np.arange(50.0)

    assert tests.rank_correlation_at_least(x, x**3, 1e-6)[1] > 0.99
    assert tests.rank_correlation_at_least(x, np.ones(50), 0.01) == (0.0, 0.0)


def test_cohorts_explain_what_age_explains() -> None:
    """Old deals have closed and lack the column, young ones are open and have it: as expected."""
    cohort = np.repeat([0, 1], 100)
    closed = cohort == 0

    seen, expected = tests.count_against_expected(cohort == 1, closed, cohort)

    assert (seen, expected) == (0, 0.0)


def test_the_bound_of_a_count_is_that_of_garwood() -> None:
    assert tests.count_at_most(0, 0.05) == pytest.approx(-np.log(0.05))
