"""One question of a curve, asked of every interval: does it end here? Ended, is it the event?

A head holds the learners that answer and the lines that weigh and calibrate them. They are fitted on the earlier part
of the past, weighed on the later part, which they have not seen, and fitted again on all of it with the weights kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from training.curve.calibration import PRIOR_SUBJECTS, Lines, fit_lines, usual_lines
from training.curve.hazards import INTERVAL
from training.curve.learners import Learner, PeriodLogistic, PeriodTrees, SteppedLogistic, again, learner_from_json
from training.curve.season import MONTH, Season, Told, find_season, without_month
from training.rivals.rival import RivalNotApplicable, Row, number_of
from training.stacking import Line

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset
    from training.trees import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEWEST = 15
"""Subjects of each answer that a learner must have to be learned from."""
BANDS = (0.0, 2.0, 10.0, 40.0)
"""Ages in days at which a band begins; where a head is grouped by age, each is calibrated for itself."""
ROWS_OF_SEASON = 40_000
"""What twelve months add is seen in so many rows; every k-th subject is looked at."""
AGE = "deal_age_days"
UNKNOWN = -1


@dataclass(frozen=True)
class Head:
    """Learners, lines, how many intervals there are, by how much the level has moved, and what the month adds."""

    learners: tuple[Learner, ...]
    lines: Lines
    intervals: int
    by_age: bool
    level: float = 0.0
    season: Season | None = None

    def odds(self, x: "pd.DataFrame") -> Floats:
        """Log-odds of each row in each interval, [n, intervals]."""
        parts = [learner.odds(x, self.intervals) for learner in self.learners]
        band = bands_of(x[AGE].to_numpy(float)) if AGE in x else np.full(len(x), UNKNOWN)
        found = np.empty((len(x), self.intervals))
        for number in range(self.intervals):
            group = band if self.by_age else np.full(len(x), number)
            columns = [part[:, number] for part in parts]
            pair = np.column_stack(columns) if columns else np.empty((len(x), 0))
            found[:, number] = self.lines.over(pair, group) + self.level
        if self.season is not None and MONTH in x:
            found += self.season.shift(x[MONTH].to_numpy(float))[:, None]
        return found

    def odds_of(self, row: Row) -> list[float]:
        """The same for one row, without pandas."""
        parts = [learner.odds_of(row, self.intervals) for learner in self.learners]
        found, shift = [], self.level + (0.0 if self.season is None else self.season.shift_of(row))
        for number, line in enumerate(self.lines_of(row)):
            weighed = (weight * part[number] for weight, part in zip(line.weights, parts, strict=True))
            found.append(shift + line.intercept + sum(weighed))
        return found

    def lines_of(self, row: Row) -> list[Line]:
        """The line that holds for a row in each interval."""
        if not self.by_age:
            return [self.lines.line(number) for number in range(self.intervals)]
        band = int(bands_of(np.array([number_of(row.get(AGE))]))[0])
        return [self.lines.line(band)] * self.intervals

    def effects_of(self, row: Row) -> tuple[Floats, dict[str, Floats]]:
        """Where each interval starts [intervals], and what each feature adds there in log-odds [intervals].

        Both together are `odds_of`. What the interval and a feature do together is shared among the features in
        proportion to their own effects; what an age band's line adds by itself is the age's.
        """
        lines, whole = self.lines_of(row), self.lines.whole
        start, effects = np.full(self.intervals, self.level), {}
        total: dict[str, Floats] = {}
        for place, learner in enumerate(self.learners):
            weights = np.array([line.weights[place] for line in lines])
            if isinstance(learner, PeriodTrees):
                begin, values = learner.contributions_of(row, self.intervals)
                parts = dict(zip(learner.columns, values.T, strict=True))
                begin, parts = _without_interval(begin, parts, self._usual(place))
            else:
                begin, parts = learner.contributions_of(row, self.intervals)
            effects[place] = begin
            for name, each in parts.items():
                total[name] = total.get(name, np.zeros(self.intervals)) + weights * each
        for place, begin in effects.items():
            usual = np.array([(whole if self.by_age else line).weights[place] for line in lines])
            start = start + usual * begin
        start = start + np.array([(whole if self.by_age else line).intercept for line in lines])
        if self.by_age:
            apart = np.array([line.intercept - whole.intercept for line in lines])
            for place, begin in effects.items():
                apart = apart + np.array([line.weights[place] - whole.weights[place] for line in lines]) * begin
            total[AGE] = total.get(AGE, np.zeros(self.intervals)) + apart
        if self.season is not None:
            total[MONTH] = np.full(self.intervals, self.season.shift_of(row))
        return start, total

    def _usual(self, place: int) -> Floats:
        learner = self.learners[place]
        return np.array(learner.shift) if isinstance(learner, PeriodTrees) else np.zeros(self.intervals)

    def to_json(self) -> dict[str, object]:
        """Learners, lines and level."""
        return {
            "learners": [learner.to_json() for learner in self.learners],
            "lines": self.lines.to_json(),
            "intervals": self.intervals,
            "by_age": self.by_age,
            "level": self.level,
            "season": None if self.season is None else self.season.to_json(),
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Head":
        """What `to_json` wrote."""
        learners = cast(list[Mapping[str, object]], document["learners"])
        return Head(
            tuple(learner_from_json(each) for each in learners),
            Lines.from_json(cast(Mapping[str, object], document["lines"])),
            cast(int, document["intervals"]),
            cast(bool, document["by_age"]),
            cast(float, document["level"]),
            Season.from_json(document.get("season")),
        )


def learn_head(
    whole: "Dataset",
    parts: Callable[[], "tuple[Dataset, Dataset] | None"],
    intervals: int,
    sizes: "Sequence[str | Settings]",
    *,
    by_age: bool,
    growth: float,
) -> tuple[Head, Head | None]:
    """Learn from stacked rows; `parts` gives the earlier and later ones, None where the history is too young.

    `growth` is by how much all of the past is larger than its earlier part. Returned beside it is the head as it was
    after the earlier part, None where there was none: it tells how well such a head foretells. Raises
    RivalNotApplicable where there are too few of either answer.
    """
    if not enough(whole):
        raise RivalNotApplicable("blend", f"fewer than {FEWEST} of either outcome are on record")
    groups = len(BANDS) if by_age else intervals
    split = parts()
    if split is None or not enough(split[0]) or not enough(split[1]):
        learners: tuple[Learner, ...] = (PeriodTrees(sizes[0]), (PeriodLogistic() if by_age else SteppedLogistic()))
        learned = tuple(each.fit(without_month(whole)) for each in learners)
        return Head(learned, usual_lines(groups), intervals, by_age), None
    earlier, later = split
    told = without_month(earlier)
    learners = (PeriodTrees(sizes[0]).fit(told), (PeriodLogistic() if by_age else SteppedLogistic()).fit(told))
    place = later.x[INTERVAL].to_numpy(int)
    odds = np.column_stack([_at(each.odds(later.x, intervals), place) for each in learners])
    group = bands_of(later.x[AGE].to_numpy(float)) if by_age and AGE in later.x else place
    group = np.full(len(later), UNKNOWN) if by_age and AGE not in later.x else group
    strength = PRIOR_SUBJECTS * growth**2
    lines = fit_lines(odds, later.outcome, later.weight, later.subject, group, groups, strength)
    then = Head(learners, lines, intervals, by_age)
    then = replace(then, season=_season(then, earlier, later))
    whole = without_month(whole)
    return replace(then, learners=tuple(again(each, whole) for each in learners)), then


def _season(head: Head, earlier: "Dataset", later: "Dataset") -> Season | None:
    """What the month adds to what a head says, where that is on record and helps."""
    if MONTH not in later.x:
        return None
    from threadpoolctl import threadpool_limits

    parts = (rows.thinned(ROWS_OF_SEASON) for rows in (earlier, later))
    told = (Told.of(rows, _at(head.odds(rows.x), rows.x[INTERVAL].to_numpy(int))) for rows in parts)
    with threadpool_limits(1):
        return find_season(*told)


def enough(rows: "Dataset") -> bool:
    """Whether there are enough subjects of each answer."""
    yes = len(set(rows.subject[rows.outcome == 1].tolist()))
    no = len(set(rows.subject[rows.outcome == 0].tolist()))
    return min(yes, no) >= FEWEST


def bands_of(ages: Floats) -> Ints:
    """The age band of each age in days; UNKNOWN where it is missing."""
    found = np.maximum(np.searchsorted(BANDS, np.nan_to_num(ages), side="right") - 1, 0)
    return np.where(np.isnan(ages), UNKNOWN, found)


def _at(odds: Floats, place: Ints) -> Floats:
    return np.asarray(odds[np.arange(len(odds)), place])


def _without_interval(begin: Floats, parts: dict[str, Floats], usual: Floats) -> tuple[Floats, dict[str, Floats]]:
    """What the interval usually adds goes to the start, the rest to the features by the size of their effects."""
    crossed = parts.pop(INTERVAL) - usual
    size = np.sum([np.abs(each) for each in parts.values()], axis=0)
    nothing = size < 1e-12
    shared = {
        name: each + np.where(nothing, 1 / len(parts), np.abs(each) / np.maximum(size, 1e-12)) * crossed
        for name, each in parts.items()
    }
    return begin + usual, shared
