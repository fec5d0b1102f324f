"""When do the open deals close as won? One simulation of all of them, with shocks that they share.

Each deal's own luck is a uniform number per draw, held against its chance to be won by each day. In every draw all
deals are luckier or less lucky together (a shift of their log-odds), and months run faster or slower for all of them,
so that totals are as uncertain as they really are and not as if every deal were a coin of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
AT_ONCE = 256
"""Deals whose luck is drawn together."""
PER_DAY = 4
"""Steps of a day of working time."""
FARTHEST, STEPS = 16.0, 800
"""Log-odds up to which, and in how many steps, chances are centred."""


@dataclass(frozen=True)
class Events:
    """Deals won in the draws, one entry each: which row won, in which draw, how many days after the first day."""

    row: NDArray[np.int32]
    draw: NDArray[np.int16]
    day: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.row)


def paces(clock: Floats, month: NDArray[np.int64], draws: int, size: float, random: np.random.Generator) -> Floats:
    """The clock as it runs in each draw: [draws, days]. `month` numbers the month of each day from 0."""
    speed = np.exp(size * random.standard_normal((draws, int(month.max(initial=0)) + 1)) - size * size / 2)
    steps = np.diff(clock, prepend=0.0)
    return np.asarray(np.cumsum(steps[None, :] * speed[:, month], axis=1))


def simulate(chances: Floats, grid: Floats, paced: Floats, shift: Floats, random: np.random.Generator) -> Events:
    """Draw the wins of deals with chances [deals, grid] to be won within the days of `grid`, in working time.

    `paced` [draws, days] is the working time that has passed by the end of each day, `shift` [draws] the common luck in
    log-odds. On average over the draws a deal's chances stay what they are. What is not won within the days is in no
    event.
    """
    draws, size = len(shift), chances.shape[1]
    chances = centred(chances, shift)
    days = _days_of(paced, float(grid[-1]))
    factor = np.exp(-shift).astype(np.float32)
    edges = np.concatenate([[0.0], grid])
    curves = np.concatenate([np.zeros((len(chances), 1)), np.maximum.accumulate(chances, axis=1)], axis=1)
    parts: list[tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.int16]]] = []
    for start in range(0, len(chances), AT_ONCE):
        some = curves[start : start + AT_ONCE]
        luck = random.random((len(some), draws), np.float32)
        # P(luck <= c) becomes c moved by the shift in log-odds.
        luck *= factor / (1 + luck * (factor - 1))
        lucky = np.flatnonzero(luck <= some[:, -1:].astype(np.float32))
        row, draw = np.divmod(lucky, draws)
        hit = np.minimum(luck.ravel()[lucky].astype(np.float64), some[row, -1])
        # One search for all: each deal's curve on a stretch of its own.
        stretch = (some + 2 * np.arange(len(some))[:, None]).ravel()
        place = np.clip(np.searchsorted(stretch, hit + 2 * row) - row * (size + 1), 1, size)
        low, high = some[row, place - 1], some[row, place]
        share = np.where(high > low, (hit - low) / np.where(high > low, high - low, 1.0), 1.0)
        passed = edges[place - 1] + share * (edges[place] - edges[place - 1])
        day = days[draw, np.minimum((passed * PER_DAY).astype(np.int64), days.shape[1] - 1)]
        inside = day < paced.shape[1]
        parts.append(((row[inside] + start).astype(np.int32), draw[inside].astype(np.int16), day[inside]))
    if not parts:
        return Events(np.empty(0, np.int32), np.empty(0, np.int16), np.empty(0, np.int16))
    rows, drawn, at = zip(*parts, strict=True)
    return Events(np.concatenate(rows), np.concatenate(drawn), np.concatenate(at))


def centred(chances: Floats, shift: Floats) -> Floats:
    """The chances whose mean over the draws is `chances` once their log-odds are moved by `shift` [draws].

    A shift that is zero on average draws chances toward a half: log-odds bend. So they start a little further out.
    """
    if not shift.any():
        return chances
    odds = np.linspace(-FARTHEST, FARTHEST, STEPS)
    mean = np.concatenate([(1 / (1 + np.exp(-(some[:, None] + shift)))).mean(axis=1) for some in np.split(odds, 8)])
    start = 1 / (1 + np.exp(-odds))
    inside = np.interp(chances, np.concatenate([[0.0], mean, [1.0]]), np.concatenate([[0.0], start, [1.0]]))
    return np.asarray(inside, np.float64)


def _days_of(paced: Floats, longest: float) -> NDArray[np.int16]:
    """The day on which each quarter of a day of working time passes, in each draw; the number of days if after them."""
    wanted = (np.arange(int(longest * PER_DAY) + 1) + 0.5) / PER_DAY
    return np.stack([np.searchsorted(one, wanted) for one in paced]).astype(np.int16)
