"""The whole simulation of bookings on invented pipelines whose law is known: right on average, as unsure as it is."""

import numpy as np
import pandas as pd
import pytest

from features.bookings.pace import OWNERS, Sales
from features.bookings.pipeline import NO_DAY, Pipeline
from features.kernel import MISSING
from training.bookings.closing import Kept
from training.bookings.deals_rest import HIGHEST, Parts, deals_rest
from training.bookings.newcomers import fit_arrivals, wins_by_day
from training.bookings.profile import fit_profile
from training.bookings.shocks import Shocks
from training.bookings.standing import Standing

TODAY = 19700
HORIZON = 90
MEAN_DAYS, SHARE_WON, A_DAY, AMOUNT = 30.0, 0.3, 4.0, 100.0
FLAT = fit_profile(np.empty(0, np.int64), np.empty(0), 1, 0, None)


class Known:
    """Chances that are right: an open deal is won in the end with SHARE_WON, after an exponential time."""

    name = "known"

    def by(self, x: pd.DataFrame, days: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.tile(SHARE_WON * (1 - np.exp(-days / MEAN_DAYS)), (len(x), 1))

    def to_json(self) -> dict[str, object]:
        return {}


def world(seed: int, luck: float = 0.0) -> tuple[Standing, float]:
    """How sales stand today, and what will be booked in the HORIZON; `luck` is shared by all that is to come."""
    random = np.random.default_rng(seed)
    born = np.sort(random.uniform(TODAY - 700, TODAY + HORIZON, random.poisson(A_DAY * (700 + HORIZON))))
    length = random.exponential(MEAN_DAYS, len(born))
    shared = luck * random.standard_normal()
    odds = np.log(SHARE_WON / (1 - SHARE_WON)) + np.where(born + length >= TODAY, shared, 0.0)
    won = random.random(len(born)) < 1 / (1 + np.exp(-odds))
    ends = born + length
    amount = random.gamma(4, AMOUNT / 4, len(born))
    exists, over = born < TODAY, ends < TODAY
    now = exists & ~over
    sold = exists & over & won
    size, lines = int(now.sum()), int(sold.sum())
    nobody = {owner: np.full(size, "x", object) for owner in OWNERS}
    texts = np.full(size, "", object)
    there = Pipeline(
        np.array([f"d{n}" for n in range(size)], object),
        born[now].astype(int),
        amount[now],
        texts,
        texts,
        np.full(size, NO_DAY),
        nobody,
    )
    never = np.full(lines, MISSING)
    past = Sales(
        np.full(lines, "", object),
        ends[sold].astype(int),
        amount[sold],
        {o: np.full(lines, "x", object) for o in OWNERS},
        never * 0,
        never,
    )
    closed = np.where(over[exists], ends[exists].astype(int), NO_DAY)
    came = won & (ends >= TODAY) & (ends < TODAY + HORIZON)
    x = pd.DataFrame({"deal_age_days": TODAY - born[now]})
    return Standing(TODAY, past, there, x, born[exists].astype(int), closed, won[exists]), float(amount[came].sum())


def said(at: Standing, shocks: Shocks) -> np.ndarray:  # type: ignore[type-arg]
    parts = Parts(Known(), Kept({}), shocks, FLAT)
    rest = deals_rest(at, parts, 300, 0, days=HORIZON + 30)
    return rest.totals(np.zeros(len(rest.owners["rep"]), np.int64), 1, np.array([TODAY, TODAY + HORIZON]))[0, 0]


@pytest.mark.parametrize("luck", [0.0, 0.5])
def test_four_totals_in_five_lie_within_the_80_percent_interval(luck: float) -> None:
    inside, off = [], []
    for seed in range(60):
        at, came = world(seed, luck)
        low, high = np.quantile(draws := said(at, Shocks(luck, 0.05, 0.7 * luck + 0.05)), (0.1, 0.9))
        inside.append(low <= came <= high)
        off.append(came / draws.mean() - 1)

    assert 0.65 <= np.mean(inside) <= 0.95
    assert abs(np.mean(off)) < 0.06


def test_new_deals_are_expected_as_they_came() -> None:
    at, _ = world(1)
    arrivals = fit_arrivals(at.created, at.closed, at.won, TODAY, FLAT, 400)

    assert arrivals.pace == pytest.approx(A_DAY, rel=0.12)
    assert arrivals.sooner[-1] == pytest.approx(SHARE_WON, rel=0.12)
    later = wins_by_day(arrivals, FLAT, TODAY, 400)[200:].mean()
    assert later == pytest.approx(A_DAY * SHARE_WON, rel=0.2)


def test_without_a_past_only_open_deals_are_won_and_without_deals_nothing_is() -> None:
    at, _ = world(0)
    nothing = np.empty(0, np.int64)
    young = Standing(
        at.day, at.sold.rows(np.zeros(len(at.sold), bool)), at.open, at.x, nothing, nothing, np.empty(0, bool)
    )
    none = np.zeros(len(at.open), bool)
    empty = Pipeline(
        *(value[none] for value in list(vars(at.open).values())[:-1]), {o: at.open.owners[o][none] for o in OWNERS}
    )

    assert said(young, Shocks()).mean() > 0
    assert (
        said(Standing(at.day, young.sold, empty, at.x[none], nothing, nothing, np.empty(0, bool)), Shocks()).max() == 0
    )


def test_no_deal_grows_far_beyond_all_that_was_ever_won() -> None:
    """Amounts of one that became real ones tell of a growth by thousands, which no real amount has."""
    at, _ = world(2)
    most = float(at.sold.amount.max())
    parts = Parts(Known(), Kept({"": np.full(5, 5000.0)}), Shocks(0.0, 0.0, 0.0), FLAT)

    rest = deals_rest(at, parts, 100, 0, days=HORIZON)

    assert rest.amount.max() <= HIGHEST * max(most, float(at.open.amount.max())) * (1 + 1e-6)
