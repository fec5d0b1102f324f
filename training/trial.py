"""How would each estimate have done? Fitted on the past, judged on what came after, again and again.

Rolling origin: at each cut every estimate learns from what was on record then, and foretells the open
moments until the next cut. Training chooses by it, `backtest` reports it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.horizons import at_horizon, natural_horizons
from training.rivals import RIVALS, NothingDecided, Rival, RivalNotApplicable
from training.rivals.base_rate import BaseRate
from training.rivals.logistic import Logistic
from training.scorecard import Comparison, Scorecard, compare, judge
from training.shrunk_rates import ShrunkRates
from training.splits import BEGINNING, judging_windows, later_than, past_of
from training.trees import Settings
from training.win_curve import EVER, WinCurve, chances_along

ESTIMATES: Mapping[str, Callable[[], Rival]] = {**RIVALS, ShrunkRates.name: ShrunkRates, WinCurve.name: WinCurve}
"""Everything that may be served: the rivals, and ours of two rungs."""

MOST_MOMENTS = 60_000
"""So many moments tell which estimate is better; of more, every k-th deal takes part."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """One cut: when it was (microseconds), what was judged after it, what each estimate said.

    `said` is of "ever", `said_by` of being won within so many days, by horizon.
    """

    cut: int
    end: int
    judged: Dataset
    said: Mapping[str, Floats]
    said_by: Mapping[float, Mapping[str, Floats]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """All folds, and why an estimate is missing from some."""

    folds: tuple[Fold, ...]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The estimates that spoke in every fold."""
        if not self.folds:
            return ()
        return tuple(name for name in ESTIMATES if all(name in fold.said for fold in self.folds))

    @property
    def outcome(self) -> Floats:
        """Outcomes of all folds' rows."""
        return np.concatenate([fold.judged.outcome for fold in self.folds])

    @property
    def weight(self) -> Floats:
        """Weights of all folds' rows."""
        return np.concatenate([fold.judged.weight for fold in self.folds])

    @property
    def subject(self) -> NDArray[np.object_]:
        """Deals of all folds' rows."""
        return np.concatenate([fold.judged.subject for fold in self.folds])

    @property
    def at(self) -> NDArray[np.int64]:
        """Moments of all folds' rows, microseconds."""
        moments = np.concatenate([fold.judged.as_of for fold in self.folds])
        return moments.astype("datetime64[us]").astype(np.int64)

    def said(self, name: str) -> Floats:
        """What one estimate said of all folds' rows."""
        return np.concatenate([fold.said[name] for fold in self.folds])

    def scorecards(self) -> dict[str, Scorecard]:
        """Each estimate's scorecard over all folds."""
        ages = np.concatenate([fold.judged.age for fold in self.folds])
        segments = {"age": np.array([f"{age:g} days" for age in ages], object)}
        return {
            name: judge(self.outcome, self.said(name), self.weight, self.subject, segments=segments)
            for name in self.names
        }

    def comparison(self, ours: str, rival: str) -> Comparison:
        """The paired difference in log loss between two estimates."""
        return compare(self.outcome, self.said(ours), self.said(rival), self.weight, self.subject)


def run_trial(
    dataset: Dataset,
    folds: int,
    progress: Callable[[str], None] = lambda _: None,
    horizons: Sequence[float] | None = None,
    trees: Settings | None = None,
) -> Trial:
    """Judge every estimate on `folds` successive windows; fewer where the history is too short.

    Besides "ever" they are asked about `horizons` in days, by default those natural to the deals: a rival is then
    fitted on the same moments with the outcome "won within so many days" (`horizons.at_horizon`). `trees` are settings
    for our own trees, chosen on data earlier than the windows (`search`).
    """
    dataset = dataset.thinned(MOST_MOMENTS)
    done: list[Fold] = []
    absent: dict[str, str] = {}
    windows = judging_windows(dataset, folds)
    asked = tuple(horizons) if horizons is not None else _natural(dataset, windows)
    for number, (cut, end) in enumerate(windows, 1):
        past, judged = past_of(dataset, cut), later_than(dataset, cut, end)
        if not (judged.weight > 0).any():
            continue
        said: dict[str, Floats] = {}
        said_by: dict[float, dict[str, Floats]] = {days: {} for days in asked}
        for name, make in ESTIMATES.items():
            progress(f"fold {number} of {folds}: {name}")
            try:
                estimate = (WinCurve(asked, trees) if name == WinCurve.name else make()).fit(past)
                said[name] = estimate.predict(judged.x)
            except (RivalNotApplicable, NothingDecided) as reason:
                absent[name] = reason.problem.format(*reason.args)
                continue
            curve = chances_along(estimate, judged, [*asked, EVER])
            if curve is not None:
                said[name] = curve[:, -1]
            for place, (days, there) in enumerate(said_by.items()):
                found = _asked(estimate, past, judged, days) if curve is None else curve[:, place]
                if found is not None:
                    there[name] = found
        done.append(Fold(cut, end, judged, said, said_by))
    return _told(done, absent)


def _natural(dataset: Dataset, windows: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Horizons natural to the deals, as known before anything is judged."""
    if not windows:
        return ()
    return natural_horizons(dataset.between(BEGINNING, windows[0][0], windows[0][0]))


def _asked(estimate: Rival, past: Dataset, judged: Dataset, days: float) -> Floats | None:
    """What a rival fitted for the horizon says; None where that much cannot be learned.

    A regression keeps the penalty that it chose for "ever".
    """
    again = Logistic(estimate) if isinstance(estimate, Logistic) else ESTIMATES[estimate.name]()
    try:
        return again.fit(at_horizon(past, days)).predict(judged.x)
    except (RivalNotApplicable, NothingDecided):
        return None


def _told(done: list[Fold], absent: Mapping[str, str]) -> Trial:
    """The folds that compare: where ours was learned in some, those before it had enough deals do not count."""
    ours = [fold for fold in done if WinCurve.name in fold.said]
    folds = ours or [fold for fold in done if BaseRate.name in fold.said]
    spoke = set.intersection(*(set(fold.said) for fold in folds)) if folds else set()
    return Trial(tuple(folds), {name: reason for name, reason in absent.items() if name not in spoke})
