"""Has the level moved since? One intercept in log-odds, learned from outcomes in the order they became known.

Relations among deals change slowly, the level at which all of them are won changes with a price list or a season.
Each outcome that becomes known pulls the level toward what came; older pulls fade by half with every so many subjects;
and a prior holds the level at nothing while there is little evidence (the recursive form of a penalised maximum
likelihood estimate, one Newton step about what was said; Fahrmeir and Tutz, *Multivariate Statistical Modelling Based
on Generalized Linear Models*, 2001, chapter 8). It is switched on only where it helped on past outcomes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from training.judged_rows import losses
from training.rivals.rival import probabilities
from training.stacking import clearly_less

Floats = NDArray[np.float64]
Micros = NDArray[np.int64]
HALF_LIFE = 800.0
"""Subjects after which a pull counts half."""
PRIOR = 10.0
"""The level is held at nothing as by so much information: that of forty subjects at even odds."""


@dataclass(frozen=True)
class Known:
    """Outcomes with what was said of them: log-odds, yes or no, when known (microseconds), subject."""

    odds: Floats
    happened: Floats
    at: Micros
    subject: NDArray[np.object_]

    def rows(self, chosen: NDArray[np.bool_]) -> "Known":
        """The chosen outcomes."""
        return Known(self.odds[chosen], self.happened[chosen], self.at[chosen], self.subject[chosen])


@dataclass(frozen=True)
class Level:
    """What is known of the level at a moment: fading sums of pulls and of information. `until` is in microseconds."""

    pull: float = 0.0
    information: float = 0.0
    until: int = int(np.iinfo(np.int64).min)

    @property
    def shift(self) -> float:
        """What to add to the log-odds."""
        return self.pull / (self.information + PRIOR)

    def after(self, known: Known, until: int) -> "Level":
        """The level once the outcomes that became known from its own `until` to before another are counted in."""
        new = known.rows((known.at >= self.until) & (known.at < until))
        if not len(new.at):
            return Level(self.pull, self.information, until)
        _, pulls, informations = self._sums(new)
        return Level(float(pulls[-1]), float(informations[-1]), until)

    def shifts(self, known: Known, at: Micros) -> Floats:
        """The shift as it was known at each of some moments [n]."""
        new = known.rows(known.at >= self.until)
        when, pulls, informations = self._sums(new)
        place = np.searchsorted(when, at, side="left")
        return np.asarray(pulls[place] / (informations[place] + PRIOR))

    def _sums(self, known: Known) -> tuple[Micros, Floats, Floats]:
        """Times in order, and both sums before the first and after each outcome."""
        order = np.argsort(known.at, kind="stable")
        p, happened = probabilities(known.odds[order]), known.happened[order]
        # Many looks at a deal are one piece of evidence. They become known together, so no later outcome has a say.
        _, number, looks = np.unique(known.subject[order].astype(str), return_inverse=True, return_counts=True)
        share = 1 / looks[number]
        fade = 0.5 ** (share / HALF_LIFE)
        pulls, informations = np.empty(len(order) + 1), np.empty(len(order) + 1)
        pulls[0], informations[0] = self.pull, self.information
        pull, information = share * (happened - p), share * p * (1 - p)
        for place in range(len(order)):
            pulls[place + 1] = pulls[place] * fade[place] + pull[place]
            informations[place + 1] = informations[place] * fade[place] + information[place]
        return known.at[order], pulls, informations

    def to_json(self) -> dict[str, object]:
        """Sums and time."""
        return {"pull": self.pull, "information": self.information, "until": self.until}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Level":
        """What `to_json` wrote."""
        return Level(cast(float, document["pull"]), cast(float, document["information"]), cast(int, document["until"]))


def helps(known: Known, said_at: Micros) -> bool:
    """Whether such a level, learned along the way, would have lowered the loss by more than a standard error.

    `said_at` is when each chance was said; outcomes known later than that took no part in it.
    """
    if len(known.at) < 2:
        return False
    shifted = losses(known.happened, probabilities(known.odds + Level().shifts(known, said_at)))
    plain = losses(known.happened, probabilities(known.odds))
    return clearly_less(shifted, plain, np.ones(len(plain)), known.subject)
