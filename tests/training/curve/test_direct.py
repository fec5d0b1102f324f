"""Regressions asked each horizon for itself, mixed into a curve that leaves something out."""

import json

import numpy as np
import pytest

from training.curve.direct import SHARE, Direct
from training.curve.points import Points
from training.horizons import at_horizon
from training.judged_rows import log_loss, log_odds
from training.rivals.rival import probabilities

POINTS = Points((7.0, 30.0, 60.0), True)
DAYS = [1.0, 7.0, 15.0, 30.0, 45.0, 60.0, 200.0, float("inf")]


@pytest.fixture(scope="module")
def made(invented):
    return invented(700, 3)


@pytest.fixture(scope="module")
def direct(made) -> Direct:
    return Direct.learn(made.dataset, (7.0, 30.0))


def blind(made):
    """A curve that knows how many are won by when and not of whom: values at the edges and in the end."""
    share = np.append(1 - np.exp(-np.array(POINTS.edges) / 30), 1.0) * made.p.mean()
    return np.tile(share, (len(made.dataset), 1))


def exact(made):
    """A curve that knows the truth."""
    return made.p[:, None] * np.append(1 - np.exp(-np.array(POINTS.edges) / 30), 1.0)


def test_at_the_horizons_asked_the_log_odds_are_mixed(made, direct):
    drawn, odds = exact(made), direct.odds(made.dataset.x)
    said = direct.read(POINTS, drawn, odds, direct.days)
    mixed = probabilities((1 - SHARE) * log_odds(POINTS.read(drawn, direct.days)) + SHARE * odds)

    assert direct.days == (7.0, 30.0, np.inf)
    np.testing.assert_allclose(said[:, -1], mixed[:, -1], atol=1e-12)
    straight = (np.diff(mixed, axis=1) > 0).all(axis=1)
    assert straight.mean() > 0.9
    np.testing.assert_allclose(said[straight], mixed[straight], atol=1e-12)


def test_it_rises_with_the_days_whatever_the_regressions_say(made, direct):
    random = np.random.default_rng(0)
    wild = random.normal(0, 3, (len(made.dataset), 3))
    said = direct.read(POINTS, exact(made), wild, DAYS)

    assert (np.diff(said, axis=1) >= -1e-12).all()
    assert (said >= 0).all()
    assert (said <= 1).all()
    assert (said[:, 0] > 0).all()


def test_what_is_said_of_a_day_does_not_depend_on_the_others_asked(made, direct):
    drawn, odds = exact(made), direct.odds(made.dataset.x)
    together = direct.read(POINTS, drawn, odds, DAYS)

    for column, days in enumerate(DAYS):
        np.testing.assert_array_equal(direct.read(POINTS, drawn, odds, [days])[:, 0], together[:, column])


def test_it_helps_a_curve_that_knows_less_and_costs_little_beside_one_that_knows_all(invented, direct):
    later = invented(700, 9)
    odds = direct.odds(later.dataset.x)

    for days in (7.0, 30.0, np.inf):
        asked = at_horizon(later.dataset, days)
        known = (asked.weight > 0) & np.isfinite(asked.outcome)

        def loss(said, known=known, asked=asked):
            return log_loss(asked.outcome[known], said[known, 0], asked.weight[known])

        def mixed(drawn, days=days):
            return direct.read(POINTS, drawn, odds, [days])

        assert loss(mixed(blind(later))) < loss(POINTS.read(blind(later), [days])) - 0.005
        assert loss(mixed(exact(later))) < loss(POINTS.read(exact(later), [days])) + 0.005


def test_the_median_is_the_day_by_which_half_of_the_mix_is_had(made, direct):
    drawn, odds = exact(made), direct.odds(made.dataset.x)
    days = direct.median(POINTS, drawn, odds)
    ever = direct.read(POINTS, drawn, odds, [np.inf])[:, 0]

    for row in range(0, len(days), 200):
        one = slice(row, row + 1)
        there = direct.read(POINTS, drawn[one], odds[one], [float(days[row])])[0, 0]
        assert there == pytest.approx(ever[row] / 2, rel=1e-6)


def test_one_row_is_answered_as_the_table_is(made, direct):
    some = made.dataset.x.iloc[::150]
    table = direct.odds(some)
    for row, said in zip(some.to_dict("records"), table, strict=True):
        np.testing.assert_allclose(direct.odds_of(row)[0], said, atol=1e-9)


def test_where_only_one_outcome_is_known_nothing_is_asked(made):
    won = made.dataset.rows(made.dataset.outcome == 1)

    assert Direct.learn(won, (7.0,)) is None


def test_it_comes_back_from_json_as_it_was(made, direct):
    again = Direct.from_json(json.loads(json.dumps(direct.to_json())))

    assert again.days == direct.days
    np.testing.assert_array_equal(again.odds(made.dataset.x), direct.odds(made.dataset.x))
