"""Our own estimate of the chance to win: the event curve, read at "ever" for the chance and anywhere for the days.

It stands beside the rivals as one of them (`rivals.rival.Rival`), so that a trial fits, judges and serves all alike.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self, cast

from training.curve.heads import FEWEST, enough
from training.event_curve import EventCurve
from training.rivals.rival import Floats, RivalNotApplicable, Row, decided

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset
    from training.trees import Settings

KIND = "event_curve"
"""The name under which bundles keep it."""
EVER = float("inf")


class WinCurve:
    """The event curve of deals: won is the event, lost its competitor."""

    name = "blend"
    meaning = "Boosted trees and logistic regression of when deals end and how, weighed and calibrated on later deals."

    curve: EventCurve

    def __init__(self, horizons: Sequence[float] = (), trees: "Settings | None" = None) -> None:
        self.horizons, self.trees = tuple(horizons), trees

    def fit(self, past: "Dataset") -> Self:
        """Learn from every moment, decided or not; raises NothingDecided, RivalNotApplicable."""
        from training.horizons import natural_horizons

        decided(past)
        if not enough(past):
            raise RivalNotApplicable(self.name, f"fewer than {FEWEST} deals were won, or lost")
        self.curve = EventCurve(trees=self.trees, outright=True).fit(past, self.horizons or natural_horizons(past))
        return self

    def predict(self, x: "pd.DataFrame") -> Floats:
        """The probability of each row to be won ever; raises ColumnsMissing."""
        return self.curve.predict(x, [EVER])[:, 0]

    def score(self, row: Row) -> float:
        """The probability of one row to be won ever."""
        return self.curve.score(row, [EVER])[0]

    @property
    def baseline(self) -> float:
        """The probability where every feature adds what it adds on average."""
        return self.curve.baseline

    def effects(self, row: Row) -> dict[str, float]:
        """What each feature adds to the log-odds of being won ever."""
        return self.curve.effects(row)

    def updated(self, later: "Dataset") -> Self:
        """This estimate with its level moved by the outcomes that became known since."""
        moved = type(self)(self.horizons, self.trees)
        moved.curve = self.curve.updated(later)
        return moved

    def to_json(self) -> dict[str, object]:
        """The curve."""
        return {"name": KIND, "curve": self.curve.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """What `to_json` wrote."""
        found = cls()
        found.curve = EventCurve.from_json(cast(Mapping[str, object], document["curve"]))
        return found


def chances_along(estimate: object, judged: "Dataset", horizons: Sequence[float]) -> Floats | None:
    """P(won within so many days) [n, horizons] where an estimate is a curve; None where it is not.

    Each moment is answered as `predict` would have answered it then: with the level that outcomes known by then told.
    """
    return estimate.curve.predict_along(judged, horizons) if isinstance(estimate, WinCurve) else None
