"""How likely is an event by any day, when it may be too early to know? What win and churn share.

The future is cut into intervals. One head learns whether a moment's future ends in an interval that it entered,
another whether an end there is the event (won) or its competitor (lost); the chance by a day follows from both. So the
curve rises with the horizon, a lost deal is not one that could still be won, and a moment still open counts for what is
known: the intervals it has lived through (`curve.hazards`). Why so: docs/decisions/0012-the-event-curve.md.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from features.as_of import DAY
from training.curve.direct import Direct
from training.curve.effects import attribute, chance
from training.curve.hazards import INTERVAL, incidence, outcome_rows, pace_rows
from training.curve.heads import Head, learn_head
from training.curve.level import Known, Level, helps
from training.curve.points import Floats, Points, choose_edges
from training.curve.season import without_month
from training.rivals.rival import NothingDecided, Row, probabilities
from training.splits import cut_times, past_of

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset
    from training.trees import Settings

LATER_SHARE = 0.3
"""The share of ends, the latest ones, on which learners are weighed and calibrated."""
MOST_MOMENTS = 400_000
MOST_ROWS = 250_000
"""Moments, and pairs of moment and interval, that a head learns from at most: more change nothing that can be seen."""
HALF_LIFE = 0.5
"""A row counts half as much as one that is younger by this share of the history: levels drift."""
PACE_SIZE, OUTCOME_SIZE = "medium", "small"
"""How rich trees may be: the pace has many rows, the outcome one per moment."""


class EventCurve:
    """P(event by a horizon), with or without a competing event.

    Outcome 1 is the event, 0 its competitor; a data set without any 0 has no competitor.
    """

    def __init__(self, seed: int = 0, trees: "Settings | None" = None, *, outright: bool = False) -> None:
        """`trees` are settings for the trees of the outcome, where a search found better ones than the usual.

        With `outright`, regressions that are asked each horizon for itself are mixed in (`curve.direct`).
        """
        self.seed, self.trees, self.outright = seed, trees, outright

    points: Points
    pace: Head
    outcome: Head | None
    headline: float
    longest: float
    level: Level | None
    direct: Direct | None

    def fit(self, past: "Dataset", horizons: Sequence[float]) -> Self:
        """Learn from every moment, decided or not; `horizons` (days) are drawn exactly where they can be learned.

        Raises NothingDecided, and RivalNotApplicable where fewer than 15 subjects had the event.
        """
        ended = ~np.isnan(past.outcome)
        if not ended.any():
            raise NothingDecided(len(past))
        past = past.thinned(MOST_MOMENTS)
        bounded = bool((past.outcome == 0).any())
        self.points = Points(choose_edges(past, horizons), bounded)
        first = min((float(h) for h in horizons if np.isfinite(h)), default=self.points.edges[0])
        self.headline = np.inf if bounded else first
        self.longest = float(past.followed_for.max(initial=0.0))
        split = self._split(past)
        growth = 1.0 if split is None else past.closed_deals / max(split[0].closed_deals, 1)
        self.pace, _ = self._learn(past, split, pace_rows, PACE_SIZE, growth)
        self.outcome, outcome_then = None, None
        if bounded:
            self.outcome, outcome_then = self._learn(past, split, outcome_rows, self.trees or OUTCOME_SIZE, growth)
        self.level = None
        if split is not None and outcome_then is not None:
            later = outcome_rows(split[1], self.points.edges, MOST_ROWS, self.seed)
            said_at = later.as_of.astype("datetime64[us]").astype(np.int64)
            if helps(self._known(later, outcome_then), said_at):
                self.level = Level()
                self._shift(split[1])
        asked = [days for days in map(float, horizons) if days in self.points.edges]
        self.direct = Direct.learn(without_month(past), asked) if bounded and self.outright else None
        return self

    def _known(self, rows: "Dataset", outcome: Head) -> Known:
        """Outcomes of stacked rows beside what a head said of them before any shift of its level."""
        odds = outcome.odds(rows.x) - outcome.level
        place = rows.x[INTERVAL].to_numpy(int)
        return Known(odds[np.arange(len(rows)), place], rows.outcome, rows.closed_known, rows.subject)

    def _shift(self, later: "Dataset") -> None:
        assert self.level is not None
        assert self.outcome is not None
        known = self._known(outcome_rows(later, self.points.edges, MOST_ROWS, self.seed), self.outcome)
        self.level = self.level.after(known, later.seen_until)
        self.outcome = replace(self.outcome, level=self.level.shift)

    def updated(self, later: "Dataset") -> Self:
        """This curve with its level moved by the outcomes that became known since; itself where none are followed.

        Of `later` only outcomes count that were not on record when the level was last moved.
        """
        if self.level is None or self.outcome is None or not len(later):
            return self
        moved = copy(self)
        moved._shift(later)
        return moved

    def predict_along(self, judged: "Dataset", horizons: Sequence[float]) -> Floats:
        """`predict` for moments in a row, each with the level as the outcomes known by then had moved it."""
        if self.level is None or self.outcome is None:
            return self.predict(judged.x, horizons)
        known = self._known(outcome_rows(judged, self.points.edges, None, self.seed), self.outcome)
        shifts = self.level.shifts(known, judged.as_of.astype("datetime64[us]").astype(np.int64))
        odds = self.outcome.odds(judged.x) - self.outcome.level + shifts[:, None]
        drawn = incidence(probabilities(self.pace.odds(judged.x)), probabilities(odds))[0]
        return self._read(drawn, judged.x, horizons)

    def _learn(
        self,
        past: "Dataset",
        split: "tuple[Dataset, Dataset] | None",
        rows_of: "Callable[[Dataset, Sequence[float], int, int], Dataset]",
        size: "str | Settings",
        growth: float,
    ) -> tuple[Head, Head | None]:
        """One head, and the same as it was after the earlier part."""

        def rows(of: "Dataset") -> "Dataset":
            return _aged(rows_of(of, self.points.edges, MOST_ROWS, self.seed), past)

        def parts() -> "tuple[Dataset, Dataset] | None":
            return None if split is None else (rows(split[0]), rows(split[1]))

        by_age = rows_of is outcome_rows
        intervals = len(self.points.edges) + by_age
        return learn_head(rows(past), parts, intervals, (size,), by_age=by_age, growth=growth)

    def _split(self, past: "Dataset") -> "tuple[Dataset, Dataset] | None":
        """What was known by the moment when most ends were on record, and what was looked at from then on."""
        cuts = cut_times(past, [1 - LATER_SHARE])
        if not cuts:
            return None
        earlier = past_of(past, cuts[0])
        later = past.between(cuts[0], past.seen_until, past.seen_until)
        return (earlier, later) if len(earlier) and len(later) else None

    def _answers(self, pace: Head, outcome: Head | None, x: "pd.DataFrame") -> tuple[Floats, Floats]:
        ends = probabilities(pace.odds(x))
        if outcome is None:
            return ends, np.ones((len(x), len(self.points.edges) + 1))
        return ends, probabilities(outcome.odds(x))

    def _drawn(self, x: "pd.DataFrame") -> tuple[Floats, Floats]:
        return incidence(*self._answers(self.pace, self.outcome, x))

    def predict(self, x: "pd.DataFrame", horizons: Sequence[float]) -> Floats:
        """P(event within so many days) [n, horizons]; infinity asks whether ever. Raises ColumnsMissing."""
        return self._read(self._drawn(x)[0], x, horizons)

    def _read(self, drawn: Floats, x: "pd.DataFrame", horizons: Sequence[float]) -> Floats:
        if self.direct is None:
            return self.points.read(drawn, horizons)
        return self.direct.read(self.points, drawn, self.direct.odds(x), horizons)

    def predict_both(self, x: "pd.DataFrame", horizons: Sequence[float]) -> tuple[Floats, Floats]:
        """P(event) and P(competing event) within so many days, each [n, horizons]; the two sum to at most 1."""
        event, other = self._drawn(x)
        if not self.points.bounded:
            return self.points.read(event, horizons), np.zeros((len(x), len(horizons)))
        said = self._read(event, x, [*horizons, np.inf])
        # The competitor has what the event leaves, at its own pace.
        left = (1 - said[:, -1:]) / np.maximum(other[:, -1:], 1e-12)
        return said[:, :-1], self.points.read(other, horizons) * left

    def median_days(self, x: "pd.DataFrame") -> Floats:
        """Days by which half of those that ever have the event have had it, [n]."""
        drawn = self._drawn(x)[0]
        if self.direct is None:
            return self.points.median(drawn)
        return self.direct.median(self.points, drawn, self.direct.odds(x))

    def score(self, row: Row, horizons: Sequence[float]) -> list[float]:
        """`predict` of one row, without pandas."""
        return self.answers(row, horizons)[0]

    def answers(self, row: Row, horizons: Sequence[float]) -> tuple[list[float], float | None]:
        """`score` and `median_days` of one row at once, without pandas; None where nobody has the event."""
        drawn = self._row(row)
        if self.direct is None:
            said, median = self.points.read(drawn, horizons), float(self.points.median(drawn)[0])
        else:
            odds = self.direct.odds_of(row)
            said = self.direct.read(self.points, drawn, odds, horizons)
            median = float(self.direct.median(self.points, drawn, odds)[0])
        return said[0].tolist(), median if np.isfinite(median) else None

    def _row(self, row: Row) -> Floats:
        ends = probabilities(np.array([self.pace.odds_of(row)]))
        if self.outcome is None:
            return incidence(ends, np.ones((1, len(self.points.edges) + 1)))[0]
        return incidence(ends, probabilities(np.array([self.outcome.odds_of(row)])))[0]

    @property
    def baseline(self) -> float:
        """The chance at the headline where every feature adds what it adds on average."""
        ends, event = self._starts({})
        start = float(chance(np.array([ends[0]]), np.array([event[0]]), self.last)[0])
        return start if self.direct is None else self.direct.start(start)

    def effects(self, row: Row) -> dict[str, float]:
        """What each feature adds to the log-odds of the headline, beyond `baseline` (`curve.effects`)."""
        ends, event = self._starts(row)
        found = attribute(ends, event, self.last)
        return found if self.direct is None else self.direct.effects(row, found)

    def _starts(self, row: Row) -> "tuple[tuple[Floats, dict[str, Floats]], tuple[Floats, dict[str, Floats]]]":
        sure: tuple[Floats, dict[str, Floats]] = (np.full(len(self.points.edges) + 1, 40.0), {})
        return self.pace.effects_of(row), sure if self.outcome is None else self.outcome.effects_of(row)

    @property
    def last(self) -> int:
        """How many intervals the headline takes in; all of them and what is beyond for "ever"."""
        if np.isinf(self.headline):
            return len(self.points.edges) + 1
        return int(np.searchsorted(self.points.edges, self.headline * (1 - 1e-9))) + 1

    def to_json(self) -> dict[str, object]:
        """All that was learned."""
        return {
            "seed": self.seed,
            "edges": list(self.points.edges),
            "bounded": self.points.bounded,
            "headline": None if np.isinf(self.headline) else self.headline,
            "longest": self.longest,
            "pace": self.pace.to_json(),
            "outcome": None if self.outcome is None else self.outcome.to_json(),
            "level": None if self.level is None else self.level.to_json(),
            "direct": None if self.direct is None else self.direct.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The curve that `to_json` wrote."""
        curve = cls(cast(int, document["seed"]))
        curve.points = Points(tuple(cast("list[float]", document["edges"])), cast(bool, document["bounded"]))
        headline = cast("float | None", document["headline"])
        curve.headline = np.inf if headline is None else headline
        curve.longest = cast(float, document["longest"])
        curve.pace = Head.from_json(cast("Mapping[str, object]", document["pace"]))
        outcome = cast("Mapping[str, object] | None", document["outcome"])
        curve.outcome = None if outcome is None else Head.from_json(outcome)
        level = cast("Mapping[str, object] | None", document["level"])
        curve.level = None if level is None else Level.from_json(level)
        direct = cast("Mapping[str, object] | None", document.get("direct"))
        curve.direct = None if direct is None else Direct.from_json(direct)
        return curve


def _aged(rows: "Dataset", past: "Dataset") -> "Dataset":
    """Weights that halve with every `HALF_LIFE` of the history, averaging one."""
    at = rows.as_of.astype("datetime64[us]").astype(np.int64) / DAY
    first = float(past.as_of.min().astype("datetime64[us]").astype(np.int64)) / DAY
    span = max(past.seen_until / DAY - first, 1e-9)
    weight = rows.weight * 0.5 ** ((past.seen_until / DAY - at) / (HALF_LIFE * span))
    return replace(rows, weight=weight / max(float(weight.mean()), 1e-300))
