"""What the series models say is still to come, period by period and told apart by days, given what is sold so far."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import edges_between
from features.bookings.pace import Texts
from features.calendar import Days
from training.bookings.levels import Codes
from training.bookings.profile import DayProfile, shares

if TYPE_CHECKING:
    from training.series.panel import Panel

Floats = NDArray[np.float64]
LEAST = 1e-9
FARTHEST = 1.5
"""No rest of a period is moved by more than so much, in logs."""
MOST_HELD = 60_000_000
"""Numbers of single draws that are kept from one question to the next; more are drawn again for each."""
FEW_ATOMS = 5
"""With fewer atoms the company's own lumpiness is all there is."""


@dataclass(frozen=True)
class SeriesRest:
    """Draws of a series model, from the running period on.

    `edges` are those of the base periods, the running one first; `sold` is what the company sold in it so far. `lumps`
    is for each atom how many days of a base period it usually buys on; `steady` how closely the company follows its
    profile (both parameters of a Dirichlet law of the shares of days).
    """

    owners: dict[str, Texts]
    first_day: int
    draws: int
    seed: int
    model: Any
    panel: "Panel"
    edges: Days
    profile: DayProfile
    sold: float
    lumps: Floats
    steady: float

    def totals(self, codes: Codes, groups: int, edges: Days) -> Floats:
        """[groups, periods, draws]."""
        found = np.zeros((groups, len(edges) - 1, self.draws))
        to = np.searchsorted(edges, self.cuts[:-1], side="right") - 1
        counted = (self.cuts[:-1] >= self.first_day) & (to >= 0) & (to < len(edges) - 1)
        whole: list[int] = []
        divided: list[int] = []
        for period in range(int(np.searchsorted(self.edges[:-1], edges[-1]))):
            pieces = self.part == period
            if counted[pieces].any():
                together = counted[pieces].all() and len(np.unique(to[pieces])) == 1
                (whole if together else divided).append(period)
        held = self.draws * len(self.lumps) * (len(self.edges) - 1) <= MOST_HELD
        for period in whole if held else ():
            found[:, to[self.part == period][0]] += _summed(self._atoms[:, :, period], codes, groups)
        if whole and not held:
            sums = _drawn_sums(self, codes, groups)
            for period in whole:
                found[:, to[self.part == period][0]] += sums[:, :, period].T
        for period in divided:
            pieces = np.flatnonzero(self.part == period)
            shared = self._shares(period)
            for place, piece in enumerate(pieces.tolist()):
                if counted[piece]:
                    drawn = self._atoms[:, :, period] * shared[place]
                    found[:, to[piece]] += _summed(
                        drawn * self._moved[:, None] if period == 0 else drawn, codes, groups
                    )
        return found

    @cached_property
    def cuts(self) -> Days:
        """Where days are told apart: at every week and month, and at the first day. The same whatever is asked."""
        first, last = int(self.edges[0]), int(self.edges[-1])
        every = np.concatenate([edges_between(first, last, "week"), edges_between(first, last, "month"), self.edges])
        inside = every[(every >= first) & (every <= last)]
        return np.unique(np.append(inside, self.first_day))

    @cached_property
    def part(self) -> NDArray[np.int64]:
        """The base period of each piece between `cuts`."""
        return np.searchsorted(self.edges, self.cuts[:-1], side="right") - 1

    @cached_property
    def _atoms(self) -> Floats:
        """Draws of the base periods: [draws, atoms, periods]."""
        return np.asarray(self.model.draw(self.panel, len(self.edges) - 1, self.draws, self.seed))

    @cached_property
    def _moved(self) -> Floats:
        """By what each draw's rest of the running period is moved because of what is sold so far: [draws].

        An ensemble Kalman filter (Evensen 1994) on logs: draws that said more than came are brought down, as far as
        what comes early in a period has to do with what comes late in it.
        """
        late = self.cuts[:-1][self.part == 0] < self.first_day
        if not late.any() or late.all():
            return np.ones(self.draws)
        each = np.stack([(self._atoms[:, :, 0] * share).sum(axis=1) for share in self._shares(0)])
        so_far, rest = each[late].sum(axis=0), each[~late].sum(axis=0)
        usable = (so_far > 0) & (rest > 0)
        if usable.sum() < 10:
            return np.ones(self.draws)
        least = 0.05 * float(so_far[usable].mean())
        said, coming = np.log(np.maximum(so_far, least)), np.log(np.maximum(rest, LEAST))
        spread = np.cov(coming[usable], said[usable])
        power = float(np.clip(spread[0, 1] / spread[1, 1], 0.0, 1.0)) if spread[1, 1] > 0 else 0.0
        return np.asarray(np.exp(np.clip(power * (np.log(max(self.sold, least)) - said), -FARTHEST, FARTHEST)))

    def _shares(self, period: int) -> list[Floats]:
        """Shares of a base period's pieces, each [draws, atoms or 1]; in each draw they add up to 1."""
        pieces = np.flatnonzero(self.part == period)
        cuts = self.cuts[pieces[0] : pieces[-1] + 2]
        weight = shares(self.profile, self.edges[period : period + 2], cuts)[0]
        if len(pieces) == 1:
            return [np.ones((self.draws, 1))]
        random = np.random.default_rng([self.seed, period])
        noise = random.gamma(np.maximum(self.steady * weight, LEAST)[:, None], size=(len(pieces), self.draws))
        noise = np.maximum(noise, LEAST * weight[:, None])
        common = noise / noise.sum(axis=0)
        if len(self.lumps) < FEW_ATOMS:
            return [one[:, None] for one in common]
        drawn = [
            random.standard_gamma(np.maximum(self.lumps[None, :] * one[:, None], LEAST), dtype=np.float64)
            for one in common
        ]
        total = np.sum(drawn, axis=0)
        return [
            np.where(total > LEAST, one / np.maximum(total, LEAST), usual[:, None])
            for one, usual in zip(drawn, common, strict=True)
        ]


def _drawn_sums(rest: SeriesRest, codes: Codes, groups: int) -> Floats:
    """[draws, groups, periods], groups without an atom included."""
    used, code = np.unique(codes, return_inverse=True)
    found = np.zeros((rest.draws, groups, len(rest.edges) - 1))
    found[:, used] = rest.model.draw_sums(rest.panel, len(rest.edges) - 1, code, rest.draws, rest.seed)
    return found


def _summed(drawn: Floats, codes: Codes, groups: int) -> Floats:
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((np.ones(len(codes)), (codes, np.arange(len(codes)))), (groups, len(codes)))
    return np.asarray(matrix @ drawn.T)
