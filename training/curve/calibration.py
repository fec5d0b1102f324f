"""Of what we call 30 %, does 30 % happen? Lines in log-odds over the learners, learned on later moments.

A line weighs the learners and calibrates them (Platt 1999; stacking, Wolpert 1992). Groups of rows, such as the
intervals of a curve, have lines of their own, drawn to the line of all as by the evidence of a number of subjects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import losses
from training.rivals.rival import probabilities
from training.stacking import Line

Floats = NDArray[np.float64]
PRIOR_SUBJECTS = 300.0
"""A line is drawn to no correction as by so many subjects' evidence, and by more the less of the past the
learners it was learned over had seen: what corrects a fit on few subjects corrects one on many too much."""
PRIOR_OF_MIX = 10.0
"""The same for which learner to believe, which changes little with the number of subjects."""


@dataclass(frozen=True)
class Lines:
    """One line for all rows, and one for each group."""

    whole: Line
    groups: tuple[Line, ...]

    def line(self, group: int) -> Line:
        """The line of a group; everybody's where the group is not known."""
        return self.groups[group] if 0 <= group < len(self.groups) else self.whole

    def over(self, odds: Floats, group: NDArray[np.int64]) -> Floats:
        """Corrected log-odds [n] of rows of log-odds [n, learners] in groups [n]."""
        lines = [*self.groups, self.whole]
        place = np.where((group >= 0) & (group < len(self.groups)), group, len(self.groups))
        intercepts = np.array([line.intercept for line in lines])
        weights = np.array([line.weights for line in lines])
        return np.asarray(intercepts[place] + (odds * weights[place]).sum(axis=1))

    def to_json(self) -> dict[str, object]:
        """Intercept and weights of each line."""
        return {"whole": _numbers(self.whole), "groups": [_numbers(line) for line in self.groups]}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Lines":
        """What `to_json` wrote."""
        groups = cast(list[list[float]], document["groups"])
        return Lines(_line(cast(list[float], document["whole"])), tuple(_line(each) for each in groups))


TREES_FIRST = Line(0.0, (0.65, 0.35))
"""No correction of trees and a regression: what weighing them comes to on sets of sales size, and what is taken where
there is too little to weigh them by. The regression steadies the trees where deals are few."""


def usual_lines(groups: int) -> Lines:
    """No correction: trees and regression as they usually weigh."""
    return Lines(TREES_FIRST, (TREES_FIRST,) * groups)


def fit_lines(
    odds: Floats,
    happened: Floats,
    weight: Floats,
    subject: NDArray[np.object_],
    group: NDArray[np.int64],
    groups: int,
    strength: float,
) -> Lines:
    """The lines over log-odds [n, 2] of trees and regression that fit what happened, subjects counting and not rows."""
    _, number = np.unique(subject.astype(str), return_inverse=True)
    whole = _fit(odds, happened, weight, len(set(number.tolist())), TREES_FIRST, strength, PRIOR_OF_MIX)
    lines = []
    for each in range(groups):
        rows = group == each
        if rows.any():
            alone = len(set(number[rows].tolist()))
            lines.append(_fit(odds[rows], happened[rows], weight[rows], alone, whole, strength, strength))
        else:
            lines.append(whole)
    return Lines(whole, tuple(lines))


def _fit(
    odds: Floats, happened: Floats, weight: Floats, subjects: int, drawn_to: Line, strength: float, mix: float
) -> Line:
    """A line drawn to another: its level and its slope as by `strength` subjects, how it mixes learners as by `mix`.

    The level is that of the mean row: a gentler slope by itself changes no mean.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    share = weight / weight.sum()
    means = share @ odds
    start, per_subject, learners = np.array(drawn_to.weights), subjects * share, odds.shape[1]
    centre = np.array([drawn_to.intercept + start @ means, *start])
    along = np.full((learners, learners), 1 / learners)

    def cost(line: Floats) -> tuple[float, Floats]:
        p = probabilities(line[0] + (odds - means) @ line[1:])
        pull, away = per_subject * (p - happened), line - centre
        # The part of the weights' distance along (1, 1, ...) changes the slope, the rest only the mix.
        same = along @ away[1:]
        bend = np.concatenate([[strength * away[0]], strength * same + mix * (away[1:] - same)])
        value = float((per_subject * losses(happened, p)).sum() + 0.5 * away @ bend)
        return value, np.concatenate([[pull.sum()], (odds - means).T @ pull]) + bend

    bounds = [(None, None), *[(0.0, 3.0)] * learners]
    # Products this narrow gain nothing from a second thread, which spins between them.
    with threadpool_limits(1):
        found = minimize(cost, centre, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Line(float(found[0] - found[1:] @ means), tuple(found[1:].tolist()))


def _numbers(line: Line) -> list[float]:
    return [line.intercept, *line.weights]


def _line(numbers: list[float]) -> Line:
    return Line(numbers[0], tuple(numbers[1:]))
