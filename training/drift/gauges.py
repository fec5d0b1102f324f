"""What is watched of one feature? How far its values lie from those it had in the rows a model learned from.

Rows of one age band are compared with reference rows of the same band, so that a company whose deals grow older
does not look like one whose features changed. Every gauge gives a few numbers per row that average zero over the
reference: the place among the reference's values (-0.5 lowest, 0.5 highest), how far from the middle, whether it is
missing, and for texts whether it is each of the usual ones, or one never seen before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bands = NDArray[np.int64]

BANDS = (0.0, 0.5, 14.5, 60.5)
"""Ages in days at which a band begins: just created, young, grown, old."""
STEPS = 20
"""Into so many equal parts the reference's values are cut."""
USUAL = 8
"""So many of a text's values are watched one by one; the others together."""
RARE = 0.002
"""Values that make up less of the reference than this count among the others."""
UNSEEN = "value never seen before"
OTHERS = "any other value"
NEW = ", new ones"
"""Ends a figure of the rows just created: what changed for them alone is not thinned by those that are older."""


@dataclass(frozen=True)
class Numbers:
    """A number's reference: quantiles [bands, STEPS + 1] and share missing [bands]; a band without values is NaN."""

    grid: Floats
    missing: Floats

    def signals(self, column: NDArray[Any], band: Bands) -> Iterator[tuple[str, Floats]]:
        """(what is watched, one number per row; NaN where the row tells nothing)."""
        values = column.astype(np.float64)
        yield "missing", np.isnan(values) - self.missing[band]
        place = np.full(len(values), np.nan)
        for each in range(len(BANDS)):
            rows = (band == each) & ~np.isnan(values)
            if rows.any() and not np.isnan(self.grid[each, 0]):
                place[rows] = _place(self.grid[each], values[rows])
        yield "level", place
        yield "spread", np.abs(place) - 0.25 * (1 if _varies(self.grid) else 0)

    def to_json(self) -> dict[str, object]:
        """The quantiles and shares."""
        # To the last bit: where many share a value, a rounded one would lie beside all of them.
        grid = [None if np.isnan(row[0]) else row.tolist() for row in self.grid]
        return {"kind": "number", "grid": grid, "missing": self.missing.tolist()}


@dataclass(frozen=True)
class Texts:
    """A text's reference: the usual values, all that were seen, the share [bands, usual + others] and missing."""

    usual: tuple[str, ...]
    seen: frozenset[str]
    share: Floats
    missing: Floats

    def signals(self, column: NDArray[Any], band: Bands) -> Iterator[tuple[str, Floats]]:
        """(what is watched, one number per row)."""
        gone = np.array([value is None for value in column], bool)
        yield "missing", gone - self.missing[band]
        known = ~gone
        for number, value in enumerate(self.usual):
            yield value, np.where(known, (column == value) - self.share[band, number], np.nan)
        usual, seen = set(self.usual), self.seen
        other = np.array([value is not None and value not in usual and value in seen for value in column], bool)
        yield OTHERS, np.where(known, other - self.share[band, len(self.usual)], np.nan)
        new = np.array([value is not None and value not in seen for value in column], bool)
        yield UNSEEN, np.where(known, new.astype(np.float64), np.nan)

    def to_json(self) -> dict[str, object]:
        """The values and shares."""
        return {
            "kind": "text",
            "usual": list(self.usual),
            "seen": sorted(self.seen),
            "share": self.share.tolist(),
            "missing": self.missing.tolist(),
        }


Gauge = Numbers | Texts


def gauge_of(column: NDArray[Any], band: Bands) -> Gauge:
    """The reference of one feature from the rows that a model learned from."""
    if column.dtype == object:
        return _texts(column, band)
    values = column.astype(np.float64)
    grid = np.full((len(BANDS), STEPS + 1), np.nan)
    for each in range(len(BANDS)):
        known = values[(band == each) & ~np.isnan(values)]
        if len(known):
            grid[each] = np.quantile(known, np.linspace(0, 1, STEPS + 1), method="inverted_cdf")
    return Numbers(grid, _share_by_band(np.isnan(values), band))


def figures_of(gauge: Gauge, column: NDArray[Any], band: Bands) -> Iterator[tuple[str, Floats]]:
    """The gauge's signals over all rows, and, where rows have ages, over those just created."""
    aged = bool((band > 0).any())
    for name, signal in gauge.signals(column, band):
        yield name, signal
        if aged:
            yield f"{name}{NEW}", np.where(band == 0, signal, np.nan)


def gauge_from_json(document: Mapping[str, Any]) -> Gauge:
    """What `to_json` wrote."""
    missing = np.array(document["missing"], np.float64)
    if document["kind"] == "number":
        rows = [[np.nan] * (STEPS + 1) if row is None else row for row in cast(list[Any], document["grid"])]
        return Numbers(np.array(rows, np.float64), missing)
    share = np.array(document["share"], np.float64)
    return Texts(tuple(document["usual"]), frozenset(document["seen"]), share, missing)


def bands_of(age: Floats) -> Bands:
    """The band of each age in days."""
    return np.asarray(np.maximum(np.searchsorted(BANDS, age, side="right") - 1, 0), np.int64)


def _texts(column: NDArray[Any], band: Bands) -> Texts:
    gone = np.array([value is None for value in column], bool)
    known, places = column[~gone], band[~gone]
    values, counts = np.unique(known.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:USUAL]
    usual = tuple(str(values[place]) for place in order if counts[place] >= RARE * len(known))
    share = np.zeros((len(BANDS), len(usual) + 1))
    for number, value in enumerate(usual):
        share[:, number] = _share_by_band(known == value, places)
    share[:, -1] = _share_by_band(~np.isin(known.astype(str), usual), places)
    return Texts(usual, frozenset(values.tolist()), share, _share_by_band(gone, band))


def _share_by_band(flags: NDArray[np.bool_], band: Bands) -> Floats:
    total = np.bincount(band, minlength=len(BANDS))
    return np.asarray(np.bincount(band, flags, minlength=len(BANDS)) / np.maximum(total, 1))


def _place(grid: Floats, values: Floats) -> Floats:
    """The middle of the share below and the share not above, less a half; ties lie in the middle of their stretch."""
    below = np.searchsorted(grid[1:-1], values, side="left")
    upto = np.searchsorted(grid[1:-1], values, side="right")
    return np.asarray((below + upto + 1) / (2 * STEPS) - 0.5)


def _varies(grid: Floats) -> bool:
    return bool((grid[:, -1] > grid[:, 0]).any())
