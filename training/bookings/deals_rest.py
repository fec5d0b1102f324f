"""Bookings still to come: open deals that are won, and deals that do not exist yet, in one set of draws.

Only draws: each win of each draw is a deal with its customer, rep, product, day and amount, so any grouping and any
period is a sum over the same draws.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import period_start
from features.bookings.pace import OWNERS, Texts
from training.bookings.chances import GRID, Chances, working_time
from training.bookings.closing import Kept
from training.bookings.newcomers import draw_wins, fit_arrivals, wins_by_day
from training.bookings.open_deals import Events, paces, simulate
from training.bookings.profile import DayProfile
from training.bookings.rest import EventRest
from training.bookings.series_view import HORIZON_DAYS
from training.bookings.shocks import Shocks
from training.bookings.standing import Standing

Floats = NDArray[np.float64]
FEW_TEMPLATES = 30
FEW_CODES = 20_000_000
"""Up to so many combinations of owners are looked up and not sorted."""
ALIKE = 0.8
"""Correlation of the lasting luck of open deals and of deals to come."""
HIGHEST = 3.0
"""An open deal closes at so many times the largest deal won at most, unless it stands on record with more."""
RECENT = 365
"""Days within which a won deal may stand for one to come; older ones where there are few."""


@dataclass(frozen=True)
class Parts:
    """What the simulation was taught: chances of open deals, what they close at, shared shocks, the profile of days."""

    chances: Chances
    kept: Kept
    shocks: Shocks
    profile: DayProfile


def deals_rest(
    now: Standing, parts: Parts, draws: int, seed: int, chances: Floats | None = None, days: int = HORIZON_DAYS
) -> EventRest:
    """Simulate what will be won in the `days` from that of the moment on; `chances` [open deals, GRID] where known."""
    random = np.random.default_rng([seed, now.day])
    month = np.unique(period_start(np.arange(now.day, now.day + days), "month"), return_inverse=True)[1]
    paced = paces(working_time(parts.profile, now.day, days), month, draws, parts.shocks.pace, random)
    luck = random.standard_normal(draws)
    shift = parts.shocks.wins * luck
    if chances is None:
        chances = parts.chances.by(now.x, GRID) if len(now.open) else np.zeros((0, len(GRID)))
    wins = simulate(chances, GRID, paced, shift, random)
    templates = _templates(now)
    coming = _newcomers(now, parts, luck, month, len(templates), random)
    book = _Book(now)
    amount, owners = _of_open(now, parts, wins, templates, book, random)
    drawn = templates[coming.row] if len(coming) else np.empty(0, np.int64)
    atoms, atom = book.distinct({owner: np.concatenate([owners[owner], book.sold[owner][drawn]]) for owner in OWNERS})
    return EventRest(
        atoms,
        now.day,
        draws,
        atom,
        np.concatenate([wins.draw, coming.draw]),
        np.concatenate([wins.day, coming.day]),
        np.concatenate([amount, now.sold.amount[drawn]]).astype(np.float32),
    )


def expected_new_wins(now: Standing, profile: DayProfile) -> Floats:
    """Wins to be expected on each day from the moment on, of deals not created yet."""
    arrivals = fit_arrivals(now.created, now.closed, now.won, now.day, profile, HORIZON_DAYS)
    return wins_by_day(arrivals, profile, now.day, HORIZON_DAYS)


def _newcomers(
    now: Standing, parts: Parts, luck: Floats, month: NDArray[np.int64], templates: int, random: np.random.Generator
) -> Events:
    """Wins of deals to come; what makes open deals lucky (`luck`, one number a draw) mostly does the same for them."""
    expected = expected_new_wins(now, parts.profile)[: len(month)]
    size = parts.shocks.arrivals
    # Half of the shared luck stays for good, half is each month's own, and the level wanders with the months.
    steps = random.standard_normal((len(luck), int(month[-1]) + 1)) * size
    lasting = ALIKE * luck + np.sqrt(1 - ALIKE**2) * random.standard_normal(len(luck))
    level = 0.7 * size * lasting[:, None] + 0.7 * steps + 0.2 * np.cumsum(steps, axis=1)
    variance = size**2 * (0.49 + 0.49 + 0.04 * np.arange(1, steps.shape[1] + 1))
    factor = np.exp(level - variance / 2)
    wins = draw_wins(expected, factor[:, month], np.ones(max(templates, 1)), random)
    return wins if templates else Events(wins.row[:0], wins.draw[:0], wins.day[:0])


def _templates(now: Standing) -> NDArray[np.int64]:
    """The won deals that stand for deals to come: the latest."""
    rows = np.flatnonzero(now.sold.day >= now.day - RECENT)
    return rows if len(rows) >= FEW_TEMPLATES else np.arange(len(now.sold))


class _Book:
    """Owners as numbers, one list of names for open and sold deals alike."""

    def __init__(self, now: Standing) -> None:
        self.names: dict[str, NDArray[np.str_]] = {}
        self.open: dict[str, NDArray[np.int64]] = {}
        self.sold: dict[str, NDArray[np.int64]] = {}
        for owner in OWNERS:
            both = np.concatenate([now.open.owners[owner], now.sold.owners[owner]]).astype(str)
            self.names[owner], code = np.unique(both, return_inverse=True)
            self.open[owner], self.sold[owner] = code[: len(now.open)], code[len(now.open) :]

    def distinct(self, codes: dict[str, NDArray[np.int64]]) -> tuple[dict[str, Texts], NDArray[np.int32]]:
        """The different owners among lines, by name, and the place of each line's."""
        sizes = [max(len(self.names[owner]), 1) for owner in OWNERS]
        code = (codes[OWNERS[0]] * sizes[1] + codes[OWNERS[1]]) * sizes[2] + codes[OWNERS[2]]
        used, atom = _places(code, sizes[0] * sizes[1] * sizes[2])
        places = (used // sizes[2] // sizes[1], used // sizes[2] % sizes[1], used % sizes[2])
        named = {
            owner: self.names[owner][place].astype(object) if len(used) else np.empty(0, object)
            for owner, place in zip(OWNERS, places, strict=True)
        }
        return named, atom


def _places(code: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The different codes, sorted, and the place of each; without sorting where there are few enough."""
    if size > FEW_CODES:
        used, place = np.unique(code, return_inverse=True)
        return used, place.astype(np.int32)
    seen = np.zeros(size, bool)
    seen[code] = True
    return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int32) - 1)[code]


def _of_open(
    now: Standing,
    parts: Parts,
    wins: Events,
    templates: NDArray[np.int64],
    book: _Book,
    random: np.random.Generator,
) -> tuple[Floats, dict[str, NDArray[np.int64]]]:
    """Amounts of the wins of open deals, and whose they are; what no deal says is that of a won one like it."""
    deal = wins.row
    stages, stage = np.unique(now.open.stage.astype(str), return_inverse=True)
    amount = now.open.amount[deal]
    luck = random.random(len(deal))
    for number, name in enumerate(stages.tolist()):
        sample = parts.kept.of(name)
        rows = np.flatnonzero(stage[deal] == number)
        amount[rows] *= sample[(luck[rows] * len(sample)).astype(np.int64)]
    if len(now.sold):
        # What a deal grows by is learned from others: no deal grows far beyond all that was ever won.
        most = HIGHEST * float(now.sold.amount.max())
        amount = np.minimum(amount, np.maximum(most, now.open.amount[deal]))
    owners = {owner: book.open[owner][deal] for owner in OWNERS}
    unnamed = [owner for owner in OWNERS if not (now.open.owners[owner] != "").any()]
    if len(templates) and (unnamed or np.isnan(amount).any()):
        twin = _twins(now, templates, book, deal, luck)
        amount = np.where(np.isnan(amount), now.sold.amount[twin], amount)
        owners |= {owner: book.sold[owner][twin] for owner in unnamed}
    return np.nan_to_num(amount), owners


def _twins(
    now: Standing, templates: NDArray[np.int64], book: _Book, deal: NDArray[np.int32], luck: Floats
) -> NDArray[np.int64]:
    """For each win of an open deal a won deal of the same product, else any."""
    found = np.zeros(len(deal), np.int64)
    of_sold, of_open = book.sold["product"][templates], book.open["product"]
    for product in np.unique(of_open).tolist():
        pool = templates[of_sold == product]
        pool = pool if len(pool) else templates
        rows = np.flatnonzero(of_open[deal] == product)
        found[rows] = pool[(luck[rows] * len(pool)).astype(np.int64)]
    return found
