"""What weights does a penalised logistic regression have? Newton's method that keeps a curvature while it serves.

What costs is the curvature, a product of the whole design with itself; a step costs a thousandth of it. Between
neighbouring penalties the curvature hardly changes, so one is kept for as long as steps made with it still shrink the
slope fast (the chord method; Ortega and Rheinboldt, *Iterative Solution of Nonlinear Equations*, 1970), and only then
is it made anew.
"""

from __future__ import annotations

import numpy as np

from training.rivals.rival import Floats, probabilities

CLOSE = 1e-6
"""The largest slope of the mean loss at which weights are as good as they get."""
SLOW = 0.3
"""A step that leaves more than this of the slope asks for a new curvature."""
STEPS, HALVINGS = 200, 30
BLOCK = 4096
"""Rows that are worked on at once: a copy of a whole design would fill the memory."""


class Regression:
    """One design and its outcomes, to be solved at one penalty after another, each from where the last one ended.

    `design` [n, columns] without a column of ones; rows count by `weight`, which averages one here.
    """

    def __init__(self, design: Floats, outcome: Floats, weight: Floats) -> None:
        self._design = design
        self._yes = np.where(outcome >= 0.5, 1.0, 0.0)
        self._share = weight / weight.sum()
        share = np.clip(float(self._share @ self._yes), 1e-6, 1 - 1e-6)
        self._at = np.zeros(design.shape[1] + 1)
        self._at[-1] = np.log(share / (1 - share))
        self._curvature: Floats | None = None

    def solve(self, strength: float) -> tuple[Floats, float]:
        """Weights and intercept at an inverse L2 penalty (scikit-learn's C); the intercept is not drawn to zero."""
        from scipy.linalg import cho_factor, cho_solve

        pull = np.full(len(self._at), 1 / (strength * len(self._yes)))
        pull[-1] = 0.0
        at, odds = self._at, self._along(self._at)
        cost, slope = self._cost(at, odds, pull), self._slope(at, odds, pull)
        fresh, factor = False, None
        for _ in range(STEPS):
            largest = float(np.abs(slope).max())
            if largest <= CLOSE:
                break
            if self._curvature is None:
                self._curvature, fresh, factor = self._bend(odds), True, None
            if factor is None:
                bend = self._curvature.copy()
                bend[np.diag_indices_from(bend)] += pull + 1e-12
                factor = cho_factor(bend, lower=True, overwrite_a=True, check_finite=False)
            step = cho_solve(factor, slope, check_finite=False)
            along = self._along(step)
            length, gain = 1.0, float(slope @ step)
            new = self._cost(at - step, odds - along, pull)
            for _ in range(HALVINGS):
                if new <= cost - 1e-4 * length * gain + 1e-15 * abs(cost):
                    break
                length /= 2
                new = self._cost(at - length * step, odds - length * along, pull)
            else:
                if fresh:
                    break  # nothing below what rounding leaves
                self._curvature = None
                continue
            at, odds, cost = at - length * step, odds - length * along, new
            slope = self._slope(at, odds, pull)
            if length < 1 or float(np.abs(slope).max()) > SLOW * largest:
                self._curvature = None
            fresh = False
        self._at = at
        return at[:-1].copy(), float(at[-1])

    def _cost(self, at: Floats, odds: Floats, pull: Floats) -> float:
        return float(self._share @ (np.logaddexp(0.0, odds) - self._yes * odds) + 0.5 * pull @ (at * at))

    def _along(self, weights: Floats) -> Floats:
        """What weights, the intercept last, make of each row."""
        return np.asarray(self._design @ weights[:-1] + weights[-1])

    def _slope(self, at: Floats, odds: Floats, pull: Floats) -> Floats:
        wrong = self._share * (probabilities(odds) - self._yes)
        return np.append(wrong @ self._design, wrong.sum()) + pull * at

    def _bend(self, odds: Floats) -> Floats:
        p = probabilities(odds)
        root = np.sqrt(self._share * p * (1 - p))
        found = np.zeros((len(self._at), len(self._at)))
        block = np.empty((min(BLOCK, len(root)), len(self._at)))
        for start in range(0, len(root), BLOCK):
            here = root[start : start + BLOCK]
            rooted = block[: len(here)]
            np.multiply(self._design[start : start + BLOCK], here[:, None], out=rooted[:, :-1])
            rooted[:, -1] = here
            # Of a matrix and its own transpose BLAS computes one half.
            found += rooted.T @ rooted
        return found
