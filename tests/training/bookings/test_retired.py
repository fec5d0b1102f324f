"""Products sold no more: recognised by what came back in the past, and their history handed on."""

import numpy as np
import pytest

from training.bookings.retired import handed_on, retired


def generations(periods: int = 30, life: int = 8) -> np.ndarray:  # type: ignore[type-arg]
    """A product every two months, each sold for `life` months and never again."""
    starts = range(-life + 1, periods, 2)
    found = np.zeros((len(starts), periods))
    for row, start in enumerate(starts):
        found[row, max(start, 0) : start + life] = 10.0 + row
    return found


def test_products_that_never_came_back_are_retired_and_totals_stay() -> None:
    amounts = generations()

    gone = retired(amounts)
    found = handed_on(amounts)

    assert gone.any()
    assert (amounts[gone][:, -3:] == 0).all()
    assert (found[gone] == 0).all()
    assert found.sum(axis=0) == pytest.approx(amounts.sum(axis=0))
    assert (found[~gone][:, -3:] == amounts[~gone][:, -3:]).all()


def test_what_is_sold_now_and_then_is_not_retired() -> None:
    random = np.random.default_rng(0)
    amounts = np.where(random.random((40, 30)) < 0.15, 100.0, 0.0)

    assert not retired(amounts).any()
    assert handed_on(amounts) is amounts


def test_a_short_past_tells_nothing_of_coming_back() -> None:
    assert not retired(generations()[:, :9]).any()
    assert not retired(np.zeros((3, 30))).any()
    assert retired(np.zeros((0, 30))).shape == (0,)
