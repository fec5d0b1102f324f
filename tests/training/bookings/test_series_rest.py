"""Draws of periods told apart by days: whatever is asked, sums of the same."""

from typing import Any

import numpy as np
import pytest

from features.bookings.calendar import period_edges
from features.bookings.pace import Sales
from training.bookings.levels import Codes
from training.bookings.profile import Floats, fit_profile
from training.bookings.series_rest import SeriesRest
from training.bookings.series_view import base_frequency, series_view
from training.bookings.split_rest import SplitRest

DRAWS = 300
FIRST = 19723  # 2024-01-01
PROFILE = fit_profile(np.arange(FIRST, FIRST + 700), np.ones(700), FIRST, FIRST + 699, None)


class Drawn:
    """A series model whose draws are known."""

    def __init__(self, atoms: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        luck = random.gamma(20, 1 / 20, (DRAWS, 1, 30))
        self.atoms = luck * random.gamma(2, 100, (DRAWS, atoms, 30))

    def draw(self, panel: object, horizon: int, draws: int = 500, seed: int = 0) -> Floats:
        return self.atoms[:, :, :horizon]

    def draw_sums(self, panel: object, horizon: int, groups: Codes, draws: int = 500, seed: int = 0) -> Floats:
        found = np.zeros((DRAWS, int(groups.max()) + 1, horizon))
        np.add.at(found, (slice(None), groups), self.atoms[:, :, :horizon])
        return found


def rest(day: int, sold: float = 0.0, atoms: int = 6, seed: int = 0, steady: float = 30.0) -> SeriesRest:
    owners = {o: np.array([f"{o}{n % 3}" for n in range(atoms)], object) for o in ("customer", "rep", "product")}
    edges = period_edges(day, "month", 20)
    model = Drawn(atoms, seed)
    nothing: Any = None
    return SeriesRest(owners, day, DRAWS, 0, model, nothing, edges, PROFILE, sold, np.full(atoms, 3.0), steady)


def everyone(of: SeriesRest | SplitRest, edges: Codes) -> Floats:
    return of.totals(np.zeros(len(of.owners["rep"]), np.int64), 1, edges)[0]


@pytest.mark.parametrize("day", [FIRST, FIRST + 12])
def test_weeks_months_and_quarters_are_sums_of_the_same_draws(day: int) -> None:
    one = rest(day)
    quarter = period_edges(day, "quarter", 1)
    weeks = np.unique(np.concatenate([np.arange(quarter[0] - 0, quarter[1], 7), quarter]))

    months = everyone(one, period_edges(day, "month", 3))

    assert np.allclose(everyone(one, quarter)[0], months.sum(axis=0))
    assert np.allclose(everyone(one, weeks).sum(axis=0), months.sum(axis=0))


@pytest.mark.parametrize("frequency", ["week", "month", "quarter"])
def test_groups_add_up_to_the_company_in_every_draw(frequency: str) -> None:
    one = rest(FIRST + 12)
    edges = period_edges(FIRST + 12, frequency, 4)

    groups = one.totals(np.array([0, 1, 2, 0, 1, 2]), 3, edges)

    assert np.allclose(groups.sum(axis=0), everyone(one, edges))


def test_a_whole_period_is_what_the_model_draws() -> None:
    one = rest(FIRST)

    assert np.allclose(everyone(one, period_edges(FIRST, "month", 2)), one.model.atoms.sum(axis=1)[:, :2].T)


def test_a_good_beginning_raises_the_rest_and_a_bad_one_lowers_it() -> None:
    edges = period_edges(FIRST + 15, "month", 1)

    usual, good, bad = (everyone(rest(FIRST + 15, sold), edges).mean() for sold in (600.0, 1100.0, 200.0))

    assert bad < usual < good


def test_a_week_is_less_certain_than_its_share_of_the_month() -> None:
    weeks = everyone(rest(FIRST), np.array([FIRST, FIRST + 7, FIRST + 14]))
    month = everyone(rest(FIRST), period_edges(FIRST, "month", 1))

    assert weeks[0].std() / weeks[0].mean() > 1.2 * month.std() / month.mean()


def split() -> SplitRest:
    sellers, products = rest(FIRST, atoms=6), rest(FIRST, atoms=5, seed=1)
    seller, product = (part.ravel() for part in np.meshgrid(np.arange(6), np.arange(5), indexing="ij"))
    owners = {
        o: np.array([f"{a}-{b}" for a, b in zip(seller, product, strict=True)], object)
        for o in ("customer", "rep", "product")
    }
    return SplitRest(owners, sellers, products, seller, product, np.random.default_rng(2).gamma(1, 50, 30))


def test_two_sides_and_their_crossings_add_up_in_the_mean() -> None:
    both, edges = split(), period_edges(FIRST, "month", 3)
    company = everyone(both, edges)
    own = both.totals(both.seller, 6, edges)
    product = both.totals(both.product, 5, edges)
    crossed = both.totals(both.seller * 5 + both.product, 30, edges)
    coarse = both.totals((both.seller // 2) * 5 + both.product, 15, edges)

    assert np.allclose(own.sum(axis=0), company)
    assert np.allclose(product.sum(axis=0), company)
    mean = crossed.mean(axis=2).reshape(6, 5, 3)
    assert np.allclose(mean.sum(axis=1), own.mean(axis=2), rtol=1e-4)
    assert np.allclose(mean.sum(axis=0), product.mean(axis=2), rtol=1e-4)
    assert np.allclose(crossed.sum(axis=0).mean(axis=1), company.mean(axis=1), rtol=1e-6)
    assert np.allclose(coarse.mean(axis=2).reshape(3, 5, 3), mean.reshape(3, 2, 5, 3).sum(axis=1), rtol=1e-4)


def test_a_customer_who_gives_back_more_than_he_buys_is_in_the_sums_of_a_crossing() -> None:
    both, edges = split(), period_edges(FIRST, "month", 2)
    both.sellers.model.atoms[:, 0] *= -0.3

    crossed = both.totals(both.seller * 5 + both.product, 30, edges).mean(axis=2)
    own = both.totals(both.seller, 6, edges).mean(axis=2)
    product = both.totals(both.product, 5, edges).mean(axis=2)

    assert own[0].max() < 0
    assert np.allclose(crossed.sum(axis=0), own.sum(axis=0), rtol=1e-5)
    assert np.allclose(crossed.reshape(6, 5, 2).sum(axis=1), own, rtol=1e-3)
    assert np.allclose(crossed.reshape(6, 5, 2).sum(axis=0), product, rtol=1e-3)


def lines(days: list[int]) -> Sales:
    size = len(days)
    texts = {o: np.array([f"{o}{n % 2}" for n in range(size)], object) for o in ("customer", "rep", "product")}
    never = np.full(size, np.iinfo(np.int64).max)
    return Sales(np.full(size, "", object), np.array(days), np.full(size, 10.0), texts, np.zeros(size, np.int64), never)


@pytest.mark.parametrize(
    ("every", "count", "frequency"),
    [(1, 100, "week"), (7, 100, "month"), (91.3125, 12, "quarter"), (365.25, 6, "year")],
)
def test_the_period_suits_the_history(every: float, count: int, frequency: str) -> None:
    days = np.array([FIRST + int(every * n) + (2 if every > 30 else 0) for n in range(count)])

    assert base_frequency(days, int(days[-1]) + 1) == frequency


def test_only_complete_periods_are_in_the_panel_and_the_running_one_is_sold_so_far() -> None:
    sold = lines([FIRST, FIRST + 31, FIRST + 60, FIRST + 92])
    labels = {"customer": sold.owners["customer"], "rep": sold.owners["rep"]}

    view = series_view(sold, labels, ("customer", "rep"), "month", FIRST + 95, PROFILE)

    assert view.panel.amounts.sum(axis=0).tolist() == [10.0, 10.0, 10.0]
    assert view.sold == 10.0
    assert view.edges[0] == FIRST + 91
