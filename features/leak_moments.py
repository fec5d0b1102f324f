"""Does what is known in the middle of a deal's life tell its end more than an honest sign can?

A deal is looked at soon after it was created, where all deals are equally old, and halfway through its life.
Halfway through, the age alone says how long the deal will take: won and lost deals are compared there
only among deals that took equally long.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features import leak_tests as tests
from features.audit_columns import Deals
from features.leak_rules import (
    BLANK_COVERS,
    BLANK_TIMES,
    FEWEST_OF_AN_OUTCOME,
    FEWEST_WITH_A_VALUE,
    NEARLY_ALL,
    NEARLY_ALL_LOW,
    TELLS,
    Evidence,
)
from features.leak_tests import Flags, Floats, Ints

ALPHA = 1e-5
"""Chance that a bound is wrong. Fixed, so that a feature more or less changes nothing said of the others."""
MOST_DEALS = 5_000
"""Closed deals looked at; of more, every n-th by their identifier."""
HOUR, MINUTE, DAY = 3_600_000_000, 60_000_000, 86_400_000_000

EARLY, HALFWAY = "an hour after creation", "halfway"
PRESENT_TIMES, PRESENT_COVERS, PRESENT_WARN = 15.0, 0.1, 6.0
"""Halfway, something on record is at most 4 times likelier with one outcome on the histories we know: an
error from 15 times, a warning from 6; and it is there on at least so many deals of that outcome."""
TIME_LEFT = 0.95
"""Rank correlation with the days left that no plan has; an expected close date reaches much of it."""


@dataclass(frozen=True)
class Look:
    """Closed deals at one moment of their lives: `place` among the deals, `at` in microseconds."""

    when: str
    place: Ints
    at: Ints
    won: Flags
    days_left: Floats
    strata: Ints

    def __len__(self) -> int:
        return len(self.place)

    @property
    def decided(self) -> bool:
        """Whether both outcomes are there often enough to test anything."""
        wins = int(self.won.sum())
        return min(wins, len(self) - wins) >= FEWEST_OF_AN_OUTCOME


def looks(deals: Deals, known: Ints, most: int = MOST_DEALS) -> list[Look]:
    """The two moments of up to `most` closed deals that lived for a minute. `known` says since when each deal is."""
    lived = np.flatnonzero(deals.closed & (deals.closed_at - deals.created_at > MINUTE))
    if len(lived) > most:
        lived = lived[np.linspace(0, len(lived) - 1, most).astype(np.int64)]
    created, closed = deals.created_at[lived], deals.closed_at[lived]
    halfway = created + (closed - created) // 2
    found = [_look(deals, known, lived, created + HOUR, EARLY), _look(deals, known, lived, halfway, HALFWAY)]
    return [look for look in found if len(look)]


def _look(deals: Deals, known: Ints, place: Ints, at: Ints, when: str) -> Look:
    seen = (at < deals.closed_at[place]) & (known[place] < at)
    place, at = place[seen], at[seen]
    length = (deals.closed_at - deals.created_at)[place]
    edges = np.quantile(length, np.linspace(0, 1, 21)[1:-1]) if len(place) else np.empty(0)
    strata = np.searchsorted(edges, length, side="right").astype(np.int64)
    if when != HALFWAY:
        strata = np.zeros(len(place), np.int64)
    return Look(when, place, at, deals.won[place], np.asarray((deals.closed_at[place] - at) / DAY), strata)


def area_within(score: Floats, won: Flags, strata: Ints) -> float:
    """The chance that a won deal's score is above that of a lost one of the same stratum; 0.5 without pairs."""
    above = pairs = 0.0
    for stratum in np.unique(strata):
        here = strata == stratum
        wins, losses = int(won[here].sum()), int((~won[here]).sum())
        if wins and losses:
            above += tests.rank_auc(score[here], won[here]) * wins * losses
            pairs += wins * losses
    return above / pairs if pairs else 0.5


def times_likelier(present: Flags, won: Flags) -> tuple[float, float]:
    """How many times likelier something is there at least with one outcome, and on which share of its deals.

    The lower bound of one outcome's share over the upper bound of the other's (Clopper and Pearson 1934).
    """
    best = (1.0, 0.0)
    for mine, other in ((won, ~won), (~won, won)):
        hits, tries = int(present[mine].sum()), int(mine.sum())
        least = tests.share_at_least(hits, tries, ALPHA) if tries else 0.0
        if hits:
            most = tests.share_at_most(int(present[other].sum()), int(other.sum()), ALPHA)
            best = max(best, (least / most, hits / tries))
    return best


def presence(present: Flags, look: Look, code: str) -> Iterator[Evidence]:
    """What it says that something is there at all. Its absence accuses nobody: many a deal is lost before it starts."""
    if present.all() or present.sum() < FEWEST_WITH_A_VALUE:
        return
    times, covers = times_likelier(present, look.won)
    # What deals of equal length do not show is told by the length; the estimate does, the bound is on the whole.
    within = tests.mantel_haenszel(present, look.won, look.strata, ALPHA)
    if within is not None:
        times = min(times, max(within.value, 1 / within.value))
    decisive, enough = (PRESENT_TIMES, PRESENT_COVERS) if look.when == HALFWAY else (BLANK_TIMES, BLANK_COVERS)
    if times <= PRESENT_WARN or covers < enough:
        return
    facts = {
        "when": look.when,
        "won": f"{present[look.won].mean():.1%}",
        "lost": f"{present[~look.won].mean():.1%}",
        "times": f"{times:.0f}",
    }
    yield Evidence(code, "error" if times > decisive else "warning", facts)


def value(codes: Ints, numbers: Floats | None, look: Look) -> Iterator[Evidence]:
    """What a value says of the outcome, by its size or by the win rate of its like, and of the days left."""
    areas = [_area(tests.out_of_fold_rates(codes, look.won), look.won, look.strata)]
    if numbers is not None:
        given = ~np.isnan(numbers)
        wins = int(look.won[given].sum())
        if min(wins, int(given.sum()) - wins) >= FEWEST_OF_AN_OUTCOME:
            areas.append(_area(numbers[given], look.won[given], look.strata[given]))
    auc = max(areas, key=lambda area: area.low)
    if auc.low > TELLS or (auc.value >= NEARLY_ALL and auc.low > NEARLY_ALL_LOW):
        facts = {"auc": f"{auc.value:.3f}", "low": f"{auc.low:.3f}", "deals": f"{len(look):,}", "when": look.when}
        yield Evidence("feature-tells-outcome", "error", facts)
    if numbers is None or look.when == HALFWAY or given.sum() < FEWEST_WITH_A_VALUE:
        return
    rho, low = tests.rank_correlation_at_least(numbers[given], look.days_left[given], ALPHA)
    if low > TIME_LEFT:
        facts = {"rho": f"{rho:.2f}", "low": f"{low:.2f}", "deals": f"{int(given.sum()):,}", "when": look.when}
        yield Evidence("feature-tells-time-left", "error", facts)


def _area(score: Floats, won: Flags, strata: Ints) -> tests.Auc:
    area = area_within(score, won, strata)
    area = max(area, 1 - area)
    return tests.Auc(area, tests.auc_at_least(area, int(won.sum()), int((~won).sum()), ALPHA))
