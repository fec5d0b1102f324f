from itertools import pairwise

import numpy as np
import pytest

from training.curve.points import MOST_EDGES, Points, choose_edges


@pytest.fixture
def points() -> Points:
    return Points((7.0, 30.0, 90.0), bounded=True)


DRAWN = np.array([[0.1, 0.3, 0.45, 0.5], [0.0, 0.0, 0.02, 0.6], [0.4, 0.4, 0.4, 0.4], [0.0, 0.0, 0.0, 0.0]])


def test_what_was_drawn_is_read_at_the_edges_and_ever(points):
    np.testing.assert_allclose(points.read(DRAWN, [7, 30, 90, np.inf]), DRAWN, atol=1e-8)


def test_a_curve_rises_from_nothing_to_ever(points):
    days = [1e-3, *np.geomspace(0.01, 4000, 400), np.inf]
    found = points.read(DRAWN, days)

    assert (np.diff(found, axis=1) >= -1e-12).all()
    assert (found[[0, 1, 3], 0] < 0.01).all()
    assert (found <= DRAWN[:, -1:] + 1e-12).all()


def test_before_and_beyond_the_edges_it_goes_at_an_even_pace():
    points = Points((10.0, 20.0), bounded=False)
    hazard = 0.03
    drawn = np.array([[1 - np.exp(-hazard * 10), 1 - np.exp(-hazard * 20), 1.0]])

    found = points.read(drawn, [2, 15, 60])
    np.testing.assert_allclose(found[0], 1 - np.exp(-hazard * np.array([2, 15, 60])), rtol=1e-9)


def test_half_have_had_it_by_the_median(points):
    median = points.median(DRAWN[:3])
    for row, days in enumerate(median):
        assert points.read(DRAWN[row : row + 1], [float(days)])[0, 0] == pytest.approx(DRAWN[row, -1] / 2, rel=0.02)


def test_nobody_has_no_median(points):
    assert np.isnan(points.median(DRAWN[3:])[0])


def test_edges_hold_what_was_asked_and_are_few_and_apart(invented):
    dataset = invented(600, 1).dataset
    edges = choose_edges(dataset, [14, 60, np.inf])

    assert {14.0, 60.0} <= set(edges)
    assert len(edges) <= MOST_EDGES
    assert list(edges) == sorted(edges)
    assert all(later / earlier >= 1.29 for earlier, later in pairwise(edges))


def test_a_horizon_that_nobody_was_watched_for_is_no_edge(invented):
    dataset = invented(200, 1, days=40).dataset

    assert max(choose_edges(dataset, [30, 2000])) <= 40
