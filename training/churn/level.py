"""Is everybody's chance higher or lower than the model says, now? The level, learned as outcomes become known.

For each past date and horizon the shift of all log-odds that would have met the rate is known once the horizon is over.
Shifts near each other in time are alike, and follow the season more or less than the purchase model lets them: a
Gaussian process with a line in the season (Rasmussen and Williams, *Gaussian Processes for Machine Learning*, 2006,
chapter 2), its size and memory chosen by marginal likelihood among a few. A short horizon's shifts are known early, so
the latest weeks speak.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from features.as_of import DAY, Micros
from training.judged_rows import Floats
from training.rivals.rival import probabilities

SIZES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations to choose from, in log-odds, of what wanders beyond the season."""
MEMORIES = (45.0, 120.0, 360.0)
"""Days to choose from after which a deviation is down to a third."""
ALWAYS = 0.3
"""Prior standard deviation of a shift that stays the same throughout."""
SEASON = 0.4
"""Prior standard deviation of the slope on the season."""
ROUGH = 0.05
"""Standard deviation of what neither time nor season explains, a date."""
APART = 27
"""Days between dates of one horizon that tell of the level."""
SECOND = 1_000_000
"""Microseconds: moments are kept as fractions of days, which are exact to less than this."""
FEWEST = 3
"""Dates it takes to learn a level at all."""


@dataclass(frozen=True)
class Seen:
    """Shifts that were seen: arrays [n] of the days asked about (their middle and their end, in days since 1970), the
    season there, the shift in log-odds, and the variance of that."""

    middle: Floats
    end: Floats
    season: Floats
    shift: Floats
    variance: Floats

    @staticmethod
    def of(rows: Sequence[tuple[float, float, float, float, float]]) -> Seen:
        """From rows of (middle, end, season, shift, variance)."""
        return Seen(*np.array(rows, float).reshape(-1, 5).T)

    def and_later(self, later: Seen) -> Seen:
        """These and later ones; of dates of one horizon closer than `APART` the later counts, as in `level_dates`."""
        mine, new = (2 * (seen.end - seen.middle) for seen in (self, later))
        near = np.abs((self.end - mine)[:, None] - (later.end - new)[None, :]) < APART
        kept = ~(near & (np.abs(mine[:, None] - new[None, :]) < 1e-6)).any(axis=1)
        return Seen(*(np.concatenate([old[kept], theirs]) for old, theirs in zip(self, later, strict=True)))

    def last(self, days: float) -> int | None:
        """The last moment (microseconds) whose shift over `days` was seen; None where none was."""
        same = np.abs(2 * (self.end - self.middle) - days) < 1e-6
        return round(float(self.end[same].max() - days) * DAY) if same.any() else None

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.middle, self.end, self.season, self.shift, self.variance))


@dataclass(frozen=True)
class Level:
    """What is expected of the shift, from those seen. With too few dates nothing is learned, and none is expected."""

    seen: Seen
    size: float
    memory: float
    pull: tuple[float, ...]
    inverse: Floats

    def at(self, moment: int, days: float, season: float) -> tuple[float, float]:
        """Mean and standard deviation of the shift over `days` from a moment (microseconds) with a season ahead."""
        middle = np.array([moment / DAY + days / 2])
        alone = float(_alike(middle, np.array([season]), middle, np.array([season]), self.size, self.memory)[0, 0])
        if not self.pull:
            return 0.0, (alone + ROUGH**2) ** 0.5
        to_seen = _alike(middle, np.array([season]), self.seen.middle, self.seen.season, self.size, self.memory)[0]
        left = alone - float(to_seen @ self.inverse @ to_seen)
        return float(to_seen @ np.array(self.pull)), (max(left, 0.0) + ROUGH**2) ** 0.5

    def to_json(self) -> dict[str, object]:
        """What was seen and what was chosen; the rest follows."""
        seen = {name: value.tolist() for name, value in vars(self.seen).items()}
        return {"seen": seen, "size": self.size, "memory": self.memory}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> Level:
        """What `to_json` wrote."""
        seen = {name: np.array(value, float) for name, value in cast(dict[str, list[float]], document["seen"]).items()}
        return _level(Seen(**seen), cast(float, document["size"]), cast(float, document["memory"]))


def level_dates(at: Micros, since: int | None = None) -> list[int]:
    """Of the moments of rows [n], dates at least `APART` days from each other, back from the last; those after `since`.

    Outcomes of moments close together are nearly the same ones, and would count twice.
    """
    found: list[int] = []
    for date in np.unique(at)[::-1].tolist():
        if (since is None or date > since + SECOND) and (not found or date <= found[-1] - APART * DAY):
            found.append(date)
    return found


def shift_of(y: Floats, odds: Floats) -> tuple[float, float]:
    """The shift of all log-odds that meets the rate of `y` [n], and its variance; drawn to none as by one row."""
    shift, p = 0.0, probabilities(odds)
    for _ in range(50):
        information = float((p * (1 - p)).sum()) + 0.25
        step = (float((y - p).sum()) - 0.25 * shift) / information
        shift += min(max(step, -1.0), 1.0)
        p = probabilities(odds + shift)
        if abs(step) < 1e-9:
            break
    return shift, 1 / information


def fit_level(seen: Seen) -> Level:
    """Choose how far and how fast the level wanders, and learn where it stands."""
    if _too_few(seen):
        return _level(seen, SIZES[1], MEMORIES[1])
    choices = [(size, memory) for size in SIZES for memory in MEMORIES]
    size, memory = max(choices, key=lambda choice: _likelihood(seen, *choice))
    return _level(seen, size, memory)


def _level(seen: Seen, size: float, memory: float) -> Level:
    if _too_few(seen):
        return Level(seen, size, memory, (), np.empty((0, 0)))
    inverse: Floats = np.asarray(np.linalg.inv(_covariance(seen, size, memory)), np.float64)
    return Level(seen, size, memory, tuple((inverse @ seen.shift).tolist()), inverse)


def _too_few(seen: Seen) -> bool:
    return len(set(seen.middle.tolist())) < FEWEST


def _likelihood(seen: Seen, size: float, memory: float) -> float:
    covariance = _covariance(seen, size, memory)
    _, spread = np.linalg.slogdet(covariance)
    return -0.5 * float(seen.shift @ np.linalg.solve(covariance, seen.shift)) - 0.5 * float(spread)


def _covariance(seen: Seen, size: float, memory: float) -> Floats:
    alike = _alike(seen.middle, seen.season, seen.middle, seen.season, size, memory)
    return np.asarray(alike + np.diag(seen.variance + ROUGH**2))


def _alike(middle: Floats, season: Floats, others: Floats, their_season: Floats, size: float, memory: float) -> Floats:
    apart = np.abs(middle[:, None] - others[None, :])
    line = SEASON**2 * season[:, None] * their_season[None, :]
    return np.asarray(ALWAYS**2 + line + size**2 * np.exp(-apart / memory))
