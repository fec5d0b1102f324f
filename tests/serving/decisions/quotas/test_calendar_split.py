from datetime import date

import numpy as np
import pytest

from serving.decisions.quotas.calendar_split import day_weights, seasons_of, split, weeks
from serving.decisions.quotas.presence import there
from serving.decisions.quotas.question import BadQuestion

EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


FIRST, UNTIL = day("2026-01-01"), day("2027-01-01")
AMOUNTS = np.array([1_000_003, 77, 0, 123_456_789])


def of(parts, frequency: str) -> list:
    return [one for one in parts if one.frequency == frequency]


def test_every_level_adds_up_for_every_seller() -> None:
    weights = day_weights(FIRST, UNTIL, "CN", seasons=[1, 1, 2, 1, 1, 3, 1, 1, 3, 1, 1, 4])
    parts = split(AMOUNTS, FIRST, UNTIL, weights)
    quarters, months, pieces = of(parts, "quarter"), of(parts, "month"), of(parts, "week")

    assert [one.name for one in quarters] == ["2026Q1", "2026Q2", "2026Q3", "2026Q4"]
    assert (sum(q.amounts for q in quarters) == AMOUNTS).all()
    for quarter in quarters:
        inside = [m for m in months if quarter.first <= m.first < quarter.until]
        assert len(inside) == 3
        assert (sum(m.amounts for m in inside) == quarter.amounts).all()
    for month in months:
        inside = [w for w in pieces if month.first <= w.first < month.until]
        assert (sum(w.amounts for w in inside) == month.amounts).all()
    assert (sum(w.amounts for w in weeks(parts)) == AMOUNTS).all()
    assert len(weeks(parts)) == 53
    assert parts[0].name == "2026"


def test_a_week_over_two_months_is_cut_and_whole_again() -> None:
    parts = split(AMOUNTS, FIRST, UNTIL, day_weights(FIRST, UNTIL))
    pieces = [one.name for one in of(parts, "week")]

    # 2026-02-01 is a Sunday: it belongs to week 5.
    assert [one for one in pieces if one.startswith("2026-W05")] == ["2026-W05/2026-01", "2026-W05/2026-02"]
    whole = {one.name: one for one in weeks(parts)}
    assert (whole["2026-W05"].first, whole["2026-W05"].until) == (day("2026-01-26"), day("2026-02-02"))


def test_holidays_are_not_worked() -> None:
    weights = day_weights(FIRST, UNTIL, "CN")
    golden = slice(day("2026-10-01") - FIRST, day("2026-10-08") - FIRST)

    assert weights[golden].sum() == 0
    assert day_weights(FIRST, UNTIL)[golden].sum() == 5


def test_seasons_rule_whatever_the_working_days() -> None:
    seasons = np.arange(1, 13) / 78
    weights = day_weights(FIRST, UNTIL, "CN", seasons=seasons)
    parts = split(np.array([7_800_000]), FIRST, UNTIL, weights)

    assert [int(m.amounts[0]) for m in of(parts, "month")] == [100_000 * at for at in range(1, 13)]


def test_a_part_of_a_month_weighs_its_part_of_the_share() -> None:
    whole = day_weights(FIRST, UNTIL, None, seasons=[1.0] * 12)
    part = day_weights(day("2026-03-16"), day("2026-04-01"), None, seasons=[1.0] * 12)

    assert part == pytest.approx(whole[day("2026-03-16") - FIRST : day("2026-04-01") - FIRST])


def test_who_is_not_there_is_given_nothing_then() -> None:
    weights = day_weights(FIRST, UNTIL)
    away = there(FIRST, UNTIL, leave=[(day("2026-04-01"), day("2026-07-01"))])
    parts = split(AMOUNTS, FIRST, UNTIL, weights, np.stack([away, away, away, np.ones(len(weights))]))
    quarter = of(parts, "quarter")[1]

    assert quarter.amounts[:3].tolist() == [0, 0, 0]
    assert quarter.amounts[3] > 0
    assert (sum(m.amounts for m in of(parts, "month")) == AMOUNTS).all()


def test_seasons_are_learned_from_past_years_and_drawn_to_even_ones() -> None:
    years = np.tile(np.r_[np.ones(11), 13.0], (4, 1))
    found = seasons_of(years)

    assert found.sum() == pytest.approx(1)
    assert 1 / 12 < found[11] < 13 / 24
    assert seasons_of(years[:1])[11] < found[11]


@pytest.mark.parametrize("seasons", [[1.0] * 11, [-1.0] * 12, [0.0] * 12])
def test_what_are_no_seasons_is_named(seasons: list[float]) -> None:
    with pytest.raises(BadQuestion):
        day_weights(FIRST, UNTIL, None, seasons=seasons)
