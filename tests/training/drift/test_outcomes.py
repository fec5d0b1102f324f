from dataclasses import replace

import numpy as np
import pytest

from training.drift.gauges import gauge_of
from training.drift.outcomes import (
    LEAK,
    LIMIT,
    MORE,
    Decided,
    Level,
    evidence_of,
    explained,
    level_of,
)
from training.drift.variation import WEEK

YEAR = 52
SINCE = int(np.datetime64("2025-01-06", "us").astype("int64"))


def decided(seed: int, weeks: int, a_week: int = 60, ratio: float = 1.0, since: int = SINCE) -> Decided:
    """Outcomes whose odds are `ratio` times what was said."""
    random = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-random.normal(-1, 1.5, weeks * a_week)))
    odds = ratio * p / (1 - p)
    outcome = (random.random(len(p)) < odds / (1 + odds)).astype(float)
    known = since + np.repeat(np.arange(weeks), a_week) * WEEK + random.integers(0, WEEK, len(p))
    return Decided(outcome, p, random.uniform(0, 100, len(p)), known)


LEVEL = level_of(decided(0, 100, since=SINCE - 100 * WEEK))


def both(first: Decided, second: Decided) -> Decided:
    return Decided(*(np.concatenate(pair) for pair in zip(vars(first).values(), vars(second).values(), strict=True)))


def test_a_quiet_year_gives_no_alarm():
    for seed in range(1, 9):
        quiet = decided(seed, YEAR)
        assert not any(evidence_of(LEVEL, quiet, SINCE, week).alarm for week in range(1, YEAR + 1))


@pytest.mark.parametrize(("ratio", "side"), [(0.4, "lower"), (2.5, "higher")])
def test_odds_that_change_are_told_within_four_weeks(ratio, side):
    for seed in range(4):
        story = both(decided(seed, 20, 150), decided(seed + 50, 6, 150, ratio, SINCE + 20 * WEEK))
        found = evidence_of(LEVEL, story, SINCE, 24)

        assert found.alarm
        assert getattr(found, side) > LIMIT
        assert min(found.lower, found.higher) < LIMIT


def test_evidence_says_what_came_and_what_was_expected():
    found = evidence_of(LEVEL, decided(3, 6, ratio=0.4), SINCE, 6)

    assert found.outcomes == 6 * 60
    assert found.came < found.expected
    assert found.weeks == 6


def test_what_is_off_for_good_by_a_little_is_no_alarm():
    """A level that was off by a tenth in log-odds from the first day on is no change."""
    assert not evidence_of(LEVEL, decided(4, YEAR, ratio=np.exp(-0.1)), SINCE, YEAR).alarm


def test_chances_of_those_decided_early_are_set_right_by_their_age():
    """Who is decided within a week is nearly always lost, whatever was said."""
    early = decided(5, 100)
    young = early.age < 7
    early = replace(early, outcome=np.where(young, 0.0, early.outcome))
    level = level_of(early)

    expected = level.expected(early)
    assert expected[young].mean() < 0.1
    assert expected[~young].mean() == pytest.approx(early.outcome[~young].mean(), abs=0.02)


def test_uneven_weeks_of_the_history_make_evidence_count_less():
    steady, random = decided(6, 100), np.random.default_rng(1)
    week = (steady.known - SINCE) // WEEK
    shaken = random.normal(0, 1.0, 100)[week]
    odds = np.log(steady.p / (1 - steady.p)) + shaken
    uneven = replace(steady, outcome=(random.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(float))

    assert level_of(steady).unevenness < 1.6
    assert level_of(uneven).unevenness > 3


def test_with_no_outcomes_nothing_is_known_and_nothing_breaks():
    nothing = Decided(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    level = level_of(nothing)

    assert level.unevenness == 1
    assert not evidence_of(level, nothing, SINCE, 4).alarm


def test_a_level_is_read_back_as_it_was_written():
    again = Level.from_json(LEVEL.to_json())
    rows = decided(7, 4)

    np.testing.assert_allclose(again.expected(rows), LEVEL.expected(rows), atol=1e-6)


def test_a_column_that_knows_the_outcome_explains_all_of_it_and_noise_nothing():
    random = np.random.default_rng(2)
    outcome = (random.random(120) < 0.3).astype(float)
    band = np.zeros(120, np.int64)
    leaky = np.where(outcome == 1, "yes", "no").astype(object)
    number = outcome + 0.01 * random.normal(size=120)

    for column in (leaky, number):
        share, nats = explained(column, outcome, gauge_of(column, band))
        assert share > 0.7
        assert share * nats > LEAK
    noise = random.normal(size=120)
    share, nats = explained(noise, outcome, gauge_of(noise, band))
    assert share < MORE / 2
    assert nats == pytest.approx(-120 * sum(p * np.log(p) for p in (outcome.mean(), 1 - outcome.mean())))


def test_a_few_outcomes_prove_no_leak():
    outcome = np.array([1.0, 0.0] * 10)
    column = np.where(outcome == 1, "yes", "no").astype(object)

    assert explained(column, outcome, gauge_of(column, np.zeros(20, np.int64))) == (0.0, 0.0)
