"""Our own estimate of the chance to win: a logistic regression and boosted trees, weighed on later deals.

Trees find what bends and crosses, the regression keeps steady where deals are few; on sets of sales size
neither wins always. Both are fitted on the earlier part of the past; on the later part, which neither has
seen, a line in log-odds for each age band weighs and calibrates them; then they are fitted again on all of
it. Of the deals we call 30 %, about 30 % should be won.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self, cast

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY
from training.judged_rows import Floats, log_odds
from training.rivals.logistic import Logistic
from training.rivals.rival import Rival, RivalNotApplicable, Row, decided, number_of, probabilities, probability
from training.rivals.rival import log_odds as log_odds_of
from training.splits import cut_times, days_to_decide, past_of
from training.stacking import Line, clearly_less, even_line, fit_line, held_out_losses
from training.trees import SIZES, Trees

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

AGE = "deal_age_days"
UNKNOWN = -1
BANDS = (0.0, 2.0, 10.0, 40.0)
"""Ages in days at which a band begins; each is calibrated for itself, as far as its deals allow."""
PRIOR_DEALS = 300.0
"""The line is drawn to no correction as by so many deals' evidence, and by more the less of the past the
parts it was learned over had seen: what corrects a fit on few deals corrects one on many too much."""
Weighed = tuple[tuple[Rival, ...], Line, tuple[Line, ...]]

LATER_SHARE = 0.3
"""The share of outcomes, the latest ones, on which the parts are weighed and calibrated."""
USUAL = "medium"
"""The size of trees to take where no other is clearly better."""
ENOUGH_TO_COMPARE = 1000
"""Later deals it takes to compare sizes at all; with fewer, the usual one is taken unseen."""
FEWEST = 15
"""Deals won, and deals lost, that a part must have to be learned from."""


class Blend:
    """Logistic regression and trees, calibrated and weighed on later deals."""

    name = "blend"
    meaning = "Logistic regression and boosted trees, weighed and calibrated on later deals than they were fitted on."

    parts: tuple[Rival, ...]
    line: Line
    bands: tuple[Line, ...]

    def fit(self, past: "Dataset") -> Self:
        """Fit the parts, then weigh them; raises NothingDecided, RivalNotApplicable."""
        decided(past)
        if not _enough(past):
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST} deals were won, or lost")
        self.parts, self.line, self.bands = _weigh(past)
        self.parts = tuple(_again(part, past) for part in self.parts)
        return self

    def predict(self, x: "pd.DataFrame") -> Floats:
        """The probability of each row; raises ColumnsMissing."""
        odds = np.column_stack([log_odds(part.predict(x)) for part in self.parts])
        band = band_of(x)
        blended = self.line.over(odds)
        for each, line in enumerate(self.bands):
            blended[band == each] = line.over(odds[band == each])
        return probabilities(blended)

    def score(self, row: Row) -> float:
        """The probability of one row."""
        line = self._line(row)
        scored = (weight * log_odds_of(part.score(row)) for part, weight in zip(self.parts, line.weights, strict=True))
        return probability(line.intercept + sum(scored))

    def _line(self, row: Row) -> Line:
        band = bands_of(np.array([number_of(row.get(AGE))]))[0]
        return self.line if band == UNKNOWN else self.bands[int(band)]

    def _start(self, line: Line) -> float:
        """Log-odds where every feature adds what it adds on average."""
        parts = zip(self.parts, line.weights, strict=True)
        return line.intercept + sum(weight * log_odds_of(part.baseline) for part, weight in parts)

    @property
    def baseline(self) -> float:
        """The probability where every feature adds what it adds on average, whatever the age."""
        return probability(self._start(self.line))

    def effects(self, row: Row) -> dict[str, float]:
        """What each feature adds in log-odds: its effects in the parts, by their weights at the deal's age.

        What the age band adds as such counts as an effect of the age.
        """
        line = self._line(row)
        total: dict[str, float] = {AGE: self._start(line) - self._start(self.line)}
        for part, weight in zip(self.parts, line.weights, strict=True):
            for feature, effect in part.effects(row).items():
                total[feature] = total.get(feature, 0.0) + weight * effect
        return total

    def to_json(self) -> dict[str, object]:
        """The parts, their weights and the intercept."""
        return {
            "name": self.name,
            "line": [self.line.intercept, *self.line.weights],
            "bands": [[line.intercept, *line.weights] for line in self.bands],
            "parts": [part.to_json() for part in self.parts],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The blend that `to_json` wrote."""
        readers: dict[str, Callable[[Mapping[str, object]], Rival]] = {
            Logistic.name: Logistic.from_json,
            Trees.name: Trees.from_json,
        }
        blend = cls()
        blend.line = _line_of(cast(list[float], document["line"]))
        blend.bands = tuple(_line_of(line) for line in cast(list[list[float]], document["bands"]))
        parts = cast(list[Mapping[str, object]], document["parts"])
        blend.parts = tuple(readers[cast(str, part["name"])](part) for part in parts)
        return blend


def _weigh(past: "Dataset") -> Weighed:
    """The parts to use, the line over them and one for each age band, learned on the later part.

    Where the history is too young to set one apart, both parts count alike and nothing is corrected:
    what the line is drawn to in any case.
    """
    cut = _calibration_start(past)
    earlier, later = past_of(past, cut), past.between(cut, past.seen_until, past.seen_until).decided()
    if not _enough(later) or not _enough(earlier):
        return (Logistic(), Trees(USUAL)), even_line(2), (even_line(2),) * len(BANDS)
    logistic = Logistic().fit(earlier)
    odds = {"": log_odds(logistic.predict(later.x))}
    sizes = SIZES if later.closed_deals >= ENOUGH_TO_COMPARE else (USUAL,)
    trees = {size: Trees(size).fit(earlier) for size in sizes}
    odds |= {size: log_odds(fitted.predict(later.x)) for size, fitted in trees.items()}
    chosen = _choose_size(odds, later)
    pair = np.column_stack([odds[""], odds[chosen]])
    strength = PRIOR_DEALS * (past.closed_deals / earlier.closed_deals) ** 2
    line = fit_line(pair, later.outcome, later.weight, later.closed_deals, even_line(2), strength)
    return (logistic, trees[chosen]), line, _fit_bands(pair, later, line, strength)


def _fit_bands(odds: Floats, later: "Dataset", line: Line, strength: float) -> tuple[Line, ...]:
    """A line for each age band, drawn to the line of all."""
    band = band_of(later.x)
    lines = []
    for each in range(len(BANDS)):
        rows = band == each
        if rows.any():
            deals = len(set(later.subject[rows].tolist()))
            lines.append(fit_line(odds[rows], later.outcome[rows], later.weight[rows], deals, line, strength))
        else:
            lines.append(line)
    return tuple(lines)


def _line_of(numbers: list[float]) -> Line:
    return Line(numbers[0], tuple(numbers[1:]))


def _choose_size(odds: Mapping[str, Floats], later: "Dataset") -> str:
    """The size of trees that does best beside the regression, if it clearly does; else the usual one."""

    def cost(size: str) -> Floats:
        pair = np.column_stack([odds[""], odds[size]])
        return held_out_losses(pair, later.outcome, later.subject, later.weight)

    costs = {size: cost(size) for size in odds if size}
    best = min(costs, key=lambda size: float(np.average(costs[size], weights=later.weight)))
    return best if clearly_less(costs[best], costs[USUAL], later.weight, later.subject) else USUAL


def band_of(x: "pd.DataFrame") -> NDArray[np.int64]:
    """The age band of each row, UNKNOWN where the age is not among its features."""
    return bands_of(x[AGE].to_numpy(float) if AGE in x else np.full(len(x), np.nan))


def bands_of(ages: Floats) -> NDArray[np.int64]:
    """The age band of each age in days; UNKNOWN where it is missing."""
    found = np.maximum(np.searchsorted(BANDS, np.nan_to_num(ages), side="right") - 1, 0)
    return np.where(np.isnan(ages), UNKNOWN, found)


def _again(part: Rival, past: "Dataset") -> Rival:
    """The same kind of part, fitted on all of the past."""
    if isinstance(part, Trees):
        return Trees(part.size).fit(past)
    return Logistic(part if isinstance(part, Logistic) and hasattr(part, "strength") else None).fit(past)


def _calibration_start(past: "Dataset") -> int:
    """When the later part begins: early enough that most deals looked at then have been decided since."""
    longest = round(days_to_decide(past) * DAY)
    return min(cut_times(past, [1 - LATER_SHARE])[0], past.seen_until - longest)


def _enough(part: "Dataset") -> bool:
    won = len(set(part.subject[part.outcome == 1].tolist()))
    lost = len(set(part.subject[part.outcome == 0].tolist()))
    return min(won, lost) >= FEWEST
