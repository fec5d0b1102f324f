"""Totals moved to a target, with all that makes them up."""

import numpy as np

from training.bookings.moved import blended, moved
from training.bookings.rest import EventRest

DRAWS = 200
EDGES = np.array([0, 31, 59])


def rest(seed: int = 0, per_draw: int = 5) -> EventRest:
    random = np.random.default_rng(seed)
    size = DRAWS * per_draw
    owners = {owner: np.array(["a", "b", "c"], object) for owner in ("customer", "rep", "product")}
    return EventRest(
        owners,
        0,
        DRAWS,
        random.integers(0, 3, size).astype(np.int32),
        random.integers(0, DRAWS, size).astype(np.int16),
        random.integers(0, 59, size).astype(np.int16),
        random.gamma(2, 100, size).astype(np.float32),
    )


def company(of: EventRest, edges: np.ndarray = EDGES) -> np.ndarray:  # type: ignore[type-arg]
    return of.totals(np.zeros(3, np.int64), 1, edges)[0]


def test_the_totals_are_those_of_the_target_even_where_a_draw_had_none() -> None:
    sparse = rest(per_draw=1)
    target = np.sort(np.random.default_rng(1).gamma(3, 50, (2, DRAWS)), axis=1)

    found = company(moved(sparse, EDGES, target, 0))

    assert (company(sparse) == 0).any()
    assert np.allclose(np.sort(found, axis=1), target, rtol=1e-5)


def test_groups_and_weeks_still_add_up_in_every_draw() -> None:
    target = np.sort(np.random.default_rng(1).gamma(3, 50, (2, DRAWS)), axis=1)

    found = moved(rest(), EDGES, target, 0)
    groups = found.totals(np.arange(3), 3, EDGES)
    weeks = company(found, np.array([0, 7, 14, 21, 28, 31, 59]))

    assert np.allclose(groups.sum(axis=0), company(found), rtol=1e-5)
    assert np.allclose(weeks[:5].sum(axis=0), company(found)[0], rtol=1e-5)


def test_quantiles_are_averaged_and_spread_about_the_median() -> None:
    ours, theirs = np.linspace(0, 100, 101)[None], np.linspace(100, 300, 501)[None]

    half = blended(ours, theirs, np.array([0.5]), np.array([1.0]))
    narrow = blended(ours, theirs, np.array([0.0]), np.array([0.5]))

    assert np.isclose(np.median(half), 125)
    assert np.allclose(np.quantile(narrow, (0.1, 0.9)), (30, 70), atol=1)
    assert blended(ours, theirs, np.array([0.0]), np.array([9.0])).min() == 0
