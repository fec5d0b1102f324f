"""How does a logistic regression read one feature? A number as a smooth curve, a category as levels.

Each term turns values into design columns twice: for a whole table (NumPy) and for a single value (plain Python, a
hundredth of the cost); a test holds both together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self, cast

import numpy as np
import numpy.typing as npt

from training.rivals.rival import Floats, number_of, text_of

KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Quantiles for five knots: Harrell, Regression Modeling Strategies, 2nd ed. (2015), table 2.3."""
EDGES = (0.01, 0.99)
"""Values beyond these quantiles count as these quantiles: one giant deal must not bend the curve."""
LONG_TAIL = 20.0
"""A number never negative whose upper edge exceeds this many medians is read on a logarithmic scale."""
RARE_DEALS = 10
MOST_LEVELS = 100
OTHER, MISSING = "other", "missing"


@dataclass(frozen=True)
class NumberTerm:
    """A number, clipped and scaled to 0..1, as a restricted cubic spline (Harrell 2015, section 2.4.5).

    Without `knots` it is a straight line. Columns are standardised; a missing number stands at the mean of each and,
    if any was missing in training, sets one column more.
    """

    name: str
    low: float
    high: float
    log_scale: float | None
    knots: tuple[float, ...]
    centres: tuple[float, ...]
    scales: tuple[float, ...]
    has_missing: bool

    @classmethod
    def learn(cls, name: str, values: Floats, weight: Floats, *, curved: bool) -> Self | None:
        """Edges, knots and scales of a column; None if it never varies."""
        known = np.isfinite(values)
        given = np.sort(values[known])
        has_missing = len(given) < len(values)
        if len(given) == 0 or given[0] == given[-1]:
            return None
        low, high = (_between(given, share) for share in EDGES)
        low, high = (low, high) if low < high else (float(given[0]), float(given[-1]))
        middle = _between(given, 0.5)
        long_tail = given[0] >= 0 and middle > 0 and high > LONG_TAIL * middle
        rough = cls(name, low, high, middle if long_tail else None, (), (), (), has_missing)
        # Sorted values stay sorted on the unit scale: knots are some of them.
        unit = rough.unit(given)
        knots = np.unique([_at_share(unit, share) for share in KNOTS]) if curved else np.array([])
        bent = replace(rough, knots=tuple(knots.tolist()) if len(knots) > 2 else ())
        basis, share = bent.basis(rough.unit(values[known])), weight[known] / weight[known].sum()
        centres = share @ basis
        scales = np.sqrt(share @ (basis - centres) ** 2)
        scales[scales < 1e-12] = 1.0
        return replace(bent, centres=tuple(centres.tolist()), scales=tuple(scales.tolist()))

    @property
    def columns(self) -> int:
        return len(self.centres) + self.has_missing

    @property
    def straight(self) -> list[bool]:
        """Which columns the term would have as a straight line."""
        return [True] + [False] * (len(self.centres) - 1) + [True] * self.has_missing

    def unit(self, values: Floats) -> Floats:
        """Values on the 0..1 scale between the edges."""
        clipped = np.clip(values, self.low, self.high)
        if self.log_scale is None:
            return np.asarray((clipped - self.low) / (self.high - self.low))
        start, end = math.log1p(self.low / self.log_scale), math.log1p(self.high / self.log_scale)
        return np.asarray((np.log1p(clipped / self.log_scale) - start) / (end - start))

    def basis(self, unit: Floats) -> Floats:
        """The line and the bends, [n, 1 + knots - 2]."""
        columns = [unit]
        for knot in self.knots[:-2]:
            last, end = self.knots[-2], self.knots[-1]
            rise = np.maximum(unit - knot, 0) ** 3 - np.maximum(unit - last, 0) ** 3 * (end - knot) / (end - last)
            rise += np.maximum(unit - end, 0) ** 3 * (last - knot) / (end - last)
            columns.append(rise / (end - self.knots[0]) ** 2)
        return np.column_stack(columns)

    def design(self, values: Floats) -> Floats:
        """Design columns of a table column, [n, columns]."""
        missing = ~np.isfinite(values)
        columns = (self.basis(self.unit(np.where(missing, self.low, values))) - self.centres) / self.scales
        columns[missing] = 0.0
        return np.column_stack([columns, missing.astype(float)]) if self.has_missing else columns

    def one(self, value: object) -> list[float]:
        """Design columns of one value."""
        number = number_of(value)
        if not math.isfinite(number):
            return [0.0] * len(self.centres) + [1.0] * self.has_missing
        number = min(max(number, self.low), self.high)
        if self.log_scale is None:
            unit = (number - self.low) / (self.high - self.low)
        else:
            start, end = math.log1p(self.low / self.log_scale), math.log1p(self.high / self.log_scale)
            unit = (math.log1p(number / self.log_scale) - start) / (end - start)
        columns = [unit]
        for knot in self.knots[:-2]:
            last, end = self.knots[-2], self.knots[-1]
            rise = max(unit - knot, 0.0) ** 3 - max(unit - last, 0.0) ** 3 * (end - knot) / (end - last)
            rise += max(unit - end, 0.0) ** 3 * (last - knot) / (end - last)
            columns.append(rise / (end - self.knots[0]) ** 2)
        scaled = [
            (column - centre) / scale for column, centre, scale in zip(columns, self.centres, self.scales, strict=True)
        ]
        return scaled + [0.0] * self.has_missing


@dataclass(frozen=True)
class CategoryTerm:
    """A category: one column per frequent level, one for all others, one for missing."""

    name: str
    levels: tuple[str, ...]

    @classmethod
    def learn(
        cls, name: str, values: Sequence[str | None], deal_id: Sequence[object] | npt.NDArray[np.int64]
    ) -> Self | None:
        """Levels seen in at least ten deals, the hundred most frequent at most; None if nothing varies."""
        import pandas as pd

        place, levels = pd.factorize(np.array([*values, None], object)[:-1])
        known = place >= 0
        if len(levels) + (not known.all()) < 2:
            return None
        whose = pd.factorize(np.asarray(deal_id))[0][known]
        pairs = np.unique(place[known].astype(np.int64) * (len(deal_id) + 1) + whose)
        counts = np.bincount(pairs // (len(deal_id) + 1), minlength=len(levels)).tolist()
        often = sorted(
            (-deals, level) for level, deals in zip(levels.tolist(), counts, strict=True) if deals >= RARE_DEALS
        )
        return cls(name, tuple(sorted(level for _, level in often[:MOST_LEVELS])))

    @property
    def columns(self) -> int:
        return len(self.levels) + 2

    @property
    def straight(self) -> list[bool]:
        """All columns: a category does not bend."""
        return [True] * self.columns

    def place(self, value: str | None) -> int:
        """Which column is one for this value."""
        if value is None:
            return len(self.levels) + 1
        return self._places.get(value, len(self.levels))

    @property
    def _places(self) -> Mapping[str, int]:
        # Kept beside the frozen fields: built once, as a dictionary look-up is the whole cost of a category.
        places: dict[str, int] | None = self.__dict__.get("_kept")
        if places is None:
            places = self.__dict__["_kept"] = {level: at for at, level in enumerate(self.levels)}
        return places

    def design(self, values: Sequence[str | None]) -> Floats:
        """Design columns of a table column, [n, columns]."""
        columns = np.zeros((len(values), self.columns))
        columns[np.arange(len(values)), [self.place(value) for value in values]] = 1.0
        return columns

    def one(self, value: object) -> list[float]:
        """Design columns of one value."""
        columns = [0.0] * self.columns
        columns[self.place(text_of(value))] = 1.0
        return columns


Term = NumberTerm | CategoryTerm


def _between(ordered: Floats, share: float) -> float:
    """The quantile of sorted numbers, between neighbours where it falls between them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def _at_share(ordered: Floats, share: float) -> float:
    """The quantile of sorted numbers that is one of them (the inverse of their distribution)."""
    return float(ordered[min(max(math.ceil(share * len(ordered) - 1e-9) - 1, 0), len(ordered) - 1)])


def term_to_json(term: Term) -> dict[str, object]:
    """A term as plain JSON."""
    return {"kind": type(term).__name__, **asdict(term)}


def term_from_json(document: Mapping[str, object]) -> Term:
    """The term that `term_to_json` wrote."""
    name = cast(str, document["name"])
    if document["kind"] == CategoryTerm.__name__:
        return CategoryTerm(name, tuple(cast(list[str], document["levels"])))
    return NumberTerm(
        name,
        cast(float, document["low"]),
        cast(float, document["high"]),
        cast(float | None, document["log_scale"]),
        tuple(cast(list[float], document["knots"])),
        tuple(cast(list[float], document["centres"])),
        tuple(cast(list[float], document["scales"])),
        cast(bool, document["has_missing"]),
    )
