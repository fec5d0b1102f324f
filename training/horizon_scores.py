"""How good were the probabilities at every horizon, beside every rival, over all horizons together, and for whom not?

The same for deals (won within so many days, won ever) and customers: every estimate is asked the same questions about
the same moments, and each question is judged by `scorecard`. Over horizons, losses are averaged as the area under
their curve (the integrated Brier score of Graf and others, Statistics in Medicine 18, 1999); "ever" is judged apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from training.judged_rows import Floats, Labels
from training.paired import Comparison, Paired, compare, compare_mean
from training.scorecard import Scorecard, judge
from training.segments import Finding, Words, for_whom

EVER = float("inf")
MOST_LISTED = 10
"""Findings that are shown at once; all of them are in the JSON."""


@dataclass(frozen=True)
class Asked:
    """One question: did it happen within `days` (infinity: ever)? Rows of all folds, and what each estimate said."""

    days: float
    outcome: Floats
    weight: Floats
    subject: Labels
    said: Mapping[str, Floats]
    segments: Mapping[str, Labels] = field(default_factory=dict)
    amount: Floats | None = None


@dataclass(frozen=True)
class Integrated:
    """Losses over the finite horizons together."""

    log_loss: float
    brier: float


@dataclass(frozen=True)
class HorizonScores:
    """All scorecards, and ours less each other; differences below zero: ours is better."""

    ours: str
    horizons: tuple[float, ...]
    cards: Mapping[str, Mapping[float, Scorecard]]
    integrated: Mapping[str, Integrated]
    against: Mapping[str, Mapping[float, Comparison]]
    integrated_against: Mapping[str, Comparison]
    integrated_brier_against: Mapping[str, Comparison]
    worse: tuple[Finding, ...]

    @property
    def names(self) -> list[str]:
        """The estimates, best first."""
        return sorted(self.cards, key=self.main_loss)

    def main_loss(self, name: str) -> float:
        """Log loss over the horizons; where there are none, of the only question. Who missed some comes last."""
        if name in self.integrated:
            return self.integrated[name].log_loss
        return EVER if self.integrated else next(iter(self.cards[name].values())).log_loss

    def best_rival(self) -> str | None:
        """The best of the others."""
        return next((name for name in self.names if name != self.ours), None)

    def lines(self) -> list[str]:
        """Tables for the terminal: losses by horizon, then how what ours said came true."""
        shown = [_name(days) for days in self.horizons]
        several = len([days for days in self.horizons if days < EVER]) > 1
        head = f"{'log loss':<18}" + "".join(f"{text:>9}" for text in [*shown, *(["mean"] if several else [])])
        lines = [head + f"   {self.ours} less this one, 95 %"]
        for name in self.names:
            values = [card.log_loss if (card := self.cards[name].get(days)) else None for days in self.horizons]
            values += [self.integrated[name].log_loss if name in self.integrated else None] if several else []
            found = self.integrated_against.get(name)
            if found is None and not self.integrated:
                found = next(iter(self.against.get(name, {}).values()), None)
            lines.append(f"{name:<18}" + "".join(_figure(value, 4, 9) for value in values) + f"   {_difference(found)}")
        if self.integrated:
            lines += ["", f"{'Brier, mean':<18}{'':>9}   {self.ours} less this one, 95 %"]
            for name in sorted(self.integrated, key=lambda name: self.integrated[name].brier):
                found = self.integrated_brier_against.get(name)
                lines.append(f"{name:<18}{self.integrated[name].brier:>9.4f}   {_difference(found)}")
        lines += ["", f"{self.ours:<18}{'said':>8}{'came':>8}{'slope':>8}{'AUC':>8}{'p (z)':>8}{'p (groups)':>11}"]
        for days in self.horizons:
            card = self.cards[self.ours][days]
            lines.append(
                f"{_name(days):<18}{card.mean_probability:>8.3f}{card.rate:>8.3f}{_figure(card.calibration_slope, 2)}"
                f"{_figure(card.auc, 3)}{_figure(card.spiegelhalter_p, 3)}{_figure(card.groups_p, 3, 11)}"
            )
        return [*lines, *self._worse_lines()]

    def _worse_lines(self) -> list[str]:
        if not self.worse:
            return []
        shown = [f"  {one.says}" for one in self.worse[:MOST_LISTED]]
        more = len(self.worse) - len(shown)
        return ["", "For whom it is worse, the surest first:", *shown, *([f"  and {more} more groups"] if more else [])]

    def to_dict(self) -> dict[str, object]:
        """All figures, plain enough for JSON; horizons as text, "ever" for no end."""
        return {
            "ours": self.ours,
            "horizons": [_name(days) for days in self.horizons],
            "scorecards": {n: {_name(d): asdict(card) for d, card in by.items()} for n, by in self.cards.items()},
            "integrated": {name: asdict(one) for name, one in self.integrated.items()},
            "ours_less": {n: {_name(d): _plain(one) for d, one in by.items()} for n, by in self.against.items()},
            "ours_less_integrated": {name: _plain(one) for name, one in self.integrated_against.items()},
            "ours_less_integrated_brier": {name: _plain(one) for name, one in self.integrated_brier_against.items()},
            "worse_for": [asdict(one) for one in self.worse],
        }


def judge_horizons(asked: Sequence[Asked], ours: str, words: Words | None = None) -> HorizonScores:
    """Judge every estimate on the questions it answered; the means are of those that answered every horizon.

    A question that ours did not answer, or of which nothing is known, is left out. Raises NothingToJudge where nothing
    is known of any.
    """
    asked = sorted((each for each in asked if ours in each.said), key=lambda each: each.days)
    can = [each for each in asked if (np.isfinite(each.outcome) & (each.weight > 0)).any()] or asked
    names = list(dict.fromkeys(name for each in can for name in each.said))
    cards = {
        name: {
            each.days: judge(
                each.outcome,
                each.said[name],
                each.weight,
                each.subject,
                segments=each.segments if name == ours else None,
                amount=each.amount,
            )
            for each in can
            if name in each.said
        }
        for name in names
    }
    finite = [each for each in can if each.days < EVER]
    shares = horizon_shares([each.days for each in finite])
    everywhere = [name for name in names if finite and all(name in each.said for each in finite)]
    integrated = {
        name: Integrated(
            float(sum(s * cards[name][each.days].log_loss for s, each in zip(shares, finite, strict=True))),
            float(sum(s * cards[name][each.days].brier for s, each in zip(shares, finite, strict=True))),
        )
        for name in everywhere
    }
    found = HorizonScores(
        ours,
        tuple(each.days for each in can),
        cards,
        integrated,
        {n: {e.days: _compared(e, ours, n) for e in can if n in e.said} for n in names if n != ours},
        {name: _together(finite, shares, ours, name) for name in everywhere if name != ours},
        {name: _together(finite, shares, ours, name, squared=True) for name in everywhere if name != ours},
        (),
    )
    worse = for_whom(can, ours, found.best_rival(), words)
    return HorizonScores(**{**vars(found), "worse": worse})


def horizon_shares(days: Sequence[float]) -> Floats:
    """What each horizon counts in the mean over them: its part of the area between the first and the last (sums to 1).

    >>> horizon_shares([30, 60, 90]).tolist(), horizon_shares([30]).tolist()
    ([0.25, 0.5, 0.25], [1.0])
    """
    if len(days) < 2:
        return np.ones(len(days))
    at = np.asarray(days, np.float64)
    wide = np.zeros(len(at))
    wide[:-1] += np.diff(at) / 2
    wide[1:] += np.diff(at) / 2
    return np.asarray(wide / wide.sum())


def _compared(each: Asked, ours: str, rival: str) -> Comparison:
    return compare(each.outcome, each.said[ours], each.said[rival], each.weight, each.subject)


def _together(finite: Sequence[Asked], shares: Floats, ours: str, rival: str, *, squared: bool = False) -> Comparison:
    pairs = [Paired(e.outcome, e.said[ours], e.said[rival], e.weight, e.subject) for e in finite]
    return compare_mean(pairs, shares.tolist(), squared=squared)


def _name(days: float) -> str:
    return "ever" if days == EVER else f"{days:g} d"


def _difference(found: Comparison | None) -> str:
    if found is None:
        return ""
    if found.low is None:
        return f"{found.difference:+.4f}"
    return f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] {found.verdict}"


def _figure(value: float | None, digits: int, width: int = 8) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"


def _plain(found: Comparison) -> dict[str, object]:
    return {**asdict(found), "verdict": found.verdict}
