"""How would each estimate have done? Fitted on the past, judged on what came after, again and again.

Rolling origin: at each cut every estimate learns from what was on record then, and foretells the open
moments until the next cut. Training chooses by it, `backtest` reports it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.blend import Blend
from training.dataset import Dataset
from training.rivals import RIVALS, NothingDecided, Rival, RivalNotApplicable
from training.rivals.base_rate import BaseRate
from training.scorecard import Comparison, Scorecard, compare, judge
from training.splits import judging_windows, later_than, past_of

ESTIMATES: Mapping[str, Callable[[], Rival]] = {**RIVALS, Blend.name: Blend}
"""Everything that may be served: the rivals, and ours."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """One cut: when it was (microseconds), what was judged after it, what each estimate said."""

    cut: int
    end: int
    judged: Dataset
    said: Mapping[str, Floats]


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


def run_trial(dataset: Dataset, folds: int, progress: Callable[[str], None] = lambda _: None) -> Trial:
    """Judge every estimate on `folds` successive windows; fewer where the history is too short."""
    done: list[Fold] = []
    absent: dict[str, str] = {}
    for number, (cut, end) in enumerate(judging_windows(dataset, folds), 1):
        past, judged = past_of(dataset, cut), later_than(dataset, cut, end)
        if not (judged.weight > 0).any():
            continue
        said = {}
        for name, make in ESTIMATES.items():
            progress(f"fold {number} of {folds}: {name}")
            try:
                said[name] = make().fit(past).predict(judged.x)
            except (RivalNotApplicable, NothingDecided) as reason:
                absent[name] = reason.problem.format(*reason.args)
        done.append(Fold(cut, end, judged, said))
    return _told(done, absent)


def _told(done: list[Fold], absent: Mapping[str, str]) -> Trial:
    """The folds that compare: where ours was learned in some, those before it had enough deals do not count."""
    ours = [fold for fold in done if Blend.name in fold.said]
    folds = ours or [fold for fold in done if BaseRate.name in fold.said]
    spoke = set.intersection(*(set(fold.said) for fold in folds)) if folds else set()
    return Trial(tuple(folds), {name: reason for name, reason in absent.items() if name not in spoke})
