"""A rival is served: the company's totals are its own, and our draws only tell who and when.

Each draw's total of a period is scaled to the rival's, order for order, and all groups with it, so everything adds up.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import Texts
from features.calendar import Days
from training.bookings.levels import Codes
from training.bookings.profile import DayProfile, shares
from training.bookings.rest import QUANTILES, Rest
from training.series.panel import Panel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScaledRest:
    """`target` [periods, draws] are sorted totals of the periods between `base`, from `first_day` on."""

    under: Rest
    base: Days
    target: Floats

    @property
    def owners(self) -> dict[str, Texts]:
        return self.under.owners

    @property
    def first_day(self) -> int:
        return self.under.first_day

    @property
    def draws(self) -> int:
        return self.under.draws

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws]."""
        inside = self.base[(self.base > edges[0]) & (self.base < edges[-1])]
        finer = np.unique(np.concatenate([edges, inside]))
        totals = self.under.totals(codes, groups, finer)
        of = np.clip(np.searchsorted(self.base, finer[:-1], side="right") - 1, 0, len(self.base) - 2)
        totals *= self._factor[of]
        to = np.searchsorted(edges, finer[:-1], side="right") - 1
        found = np.zeros((groups, len(edges) - 1, self.draws))
        for piece, period in enumerate(to.tolist()):
            found[:, period] += totals[:, piece]
        return found

    @cached_property
    def _factor(self) -> Floats:
        everyone = np.zeros(len(self.owners["rep"]), np.int64)
        total = self.under.totals(everyone, 1, self.base)[0]
        wanted = np.empty_like(total)
        np.put_along_axis(wanted, np.argsort(total, axis=1, kind="stable"), self.target, axis=1)
        return np.asarray(np.divide(wanted, total, out=np.ones_like(total), where=total > 0))


def rival_totals(name: str, company: Panel, base: Days, profile: DayProfile, first_day: int, draws: int) -> Floats:
    """What a rival says of the company's periods, as sorted draws [periods, draws]; of the running one the rest."""
    from training.rivals.bookings import MODEL_RIVALS, PLAIN_RIVALS

    rival = next(one for one in (*PLAIN_RIVALS, *MODEL_RIVALS) if one.name == name)
    said = rival().forecast(company, [], len(base) - 1, QUANTILES, False).quantiles[:, 0]
    level = (np.arange(draws) + 0.5) / draws
    found = np.array([np.interp(level, QUANTILES, said[:, period]) for period in range(said.shape[1])])
    cut = np.array([base[0], max(first_day, int(base[0])), base[1]])
    if first_day > base[0]:
        found[0] *= shares(profile, base[:2], cut)[0, 1]
    return np.sort(found, axis=1)
