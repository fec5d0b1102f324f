"""From a history to what one measure's forecast needs: with only what was on record by then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from features.as_of import micros
from features.bookings.calendar import day_of
from features.bookings.pace import OWNERS, Sales
from features.calendar import country_of
from features.definition import Feature
from features.history import History
from training.bookings.chances import Chances, CurveChances, TableChances
from training.bookings.closing import fit_kept
from training.bookings.deals_rest import Parts
from training.bookings.levels import labels
from training.bookings.measure import Blend, MeasureModel, Side
from training.bookings.pipeline_call import PipelineCall
from training.bookings.profile import DayProfile, fit_profile
from training.bookings.series_view import MOST_ATOMS, base_frequency, levels_of, series_view
from training.bookings.shocks import Shocks
from training.bookings.standing import usable_features
from training.dataset import Dataset, build_dataset
from training.splits import BEGINNING

if TYPE_CHECKING:
    from training.rivals.bookings import Moment

Progress = Callable[[str], None]
LONGEST_FIT = {"week": 13, "month": 12, "quarter": 8, "year": 4}
"""Periods ahead for which the series models are weighed on past origins."""
FEW_CLOSED = 60
"""With fewer closed deals the chances go by stage and age alone."""


@dataclass(frozen=True)
class Deals:
    """The moments of deals that chances are learned from, and their features; None of a history without a pipeline."""

    features: tuple[Feature, ...]
    moments: Dataset


def profile_of(history: History, sold: Sales, as_of: datetime) -> DayProfile:
    """On which days is sold."""
    day = day_of(as_of, history.timezone)
    country = country_of(history.timezone or "UTC")
    first = int(sold.day.min()) if len(sold) else day
    return fit_profile(sold.day, sold.amount, first, day - 1, country)


def fit_sides(
    history: History,
    sold: Sales,
    as_of: datetime,
    profile: DayProfile,
    *,
    company_only: bool = False,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> tuple[Side, ...]:
    """Series models of the atoms; of the company alone where that is asked."""
    from training.series.engine import fit_series

    day = day_of(as_of, history.timezone)
    frequency = base_frequency(sold.day, day)
    told = labels(history, as_of, sold.owners)
    found = []
    for dims in ((),) if company_only else sides_of(sold):
        view = series_view(sold, told, dims, frequency, day, profile)
        names = levels_of(view.panel.labels, view.panel.n_atoms)
        horizon = max(1, min(LONGEST_FIT[frequency], view.panel.n_periods // 3))
        progress(f"series of {view.panel.n_atoms:,} {' and '.join(dims) or 'company'}")
        found.append(Side(dims, frequency, fit_series(view.panel, [(), *names], horizon, seed)))
    return tuple(found)


def sides_of(sold: Sales) -> tuple[tuple[str, ...], ...]:
    """Customers, reps and products together where they are not too many, else products apart."""
    dims = tuple(owner for owner in OWNERS if (sold.owners[owner] != "").any())
    if "product" not in dims or len(dims) == 1:
        return (dims,)
    code = np.zeros(len(sold), np.int64)
    for owner in dims:
        names, one = np.unique(sold.owners[owner].astype(str), return_inverse=True)
        code = np.unique(code * len(names) + one, return_inverse=True)[1]
    if len(np.unique(code)) <= MOST_ATOMS:
        return (dims,)
    return (tuple(owner for owner in dims if owner != "product"), ("product",))


def read_deals(history: History, until: datetime) -> Deals | None:
    """The moments of deals as known at `until`; None where no deal was ever seen open."""
    from training.recipe import learnable

    features, _, _ = learnable(history, until)
    chosen = usable_features(features)
    if not chosen:
        return None
    moments = build_dataset(history, chosen, until)
    return Deals(chosen, moments) if len(moments) and (moments.weight > 0).any() else None


def fit_chances(deals: Deals, as_of: datetime, kind: str, seed: int = 0) -> Chances | None:
    """Chances of open deals as could be learned at a moment; None where nothing was decided by then."""
    past = deals.moments.between(BEGINNING, micros(as_of), micros(as_of))
    if not len(past) or not (past.weight > 0).any():
        return None
    if kind == TableChances.name or past.closed_deals < FEW_CLOSED or not (past.outcome == 0).any():
        return TableChances.fit(past)
    return CurveChances.fit(past, seed)


def fit_parts(
    deals: Deals, sold: Sales, as_of: datetime, chances: Chances, shocks: Shocks, profile: DayProfile
) -> Parts:
    """All that the simulation of deals is taught."""
    past = deals.moments.between(BEGINNING, micros(as_of), micros(as_of))
    return Parts(chances, fit_kept(past, sold), shocks, profile)


def of_orders(profile: DayProfile, sides: tuple[Side, ...], seed: int, measure: str = "orders") -> MeasureModel:
    """A measure that series models forecast."""
    return MeasureModel(measure, profile, sides, None, (), Blend(), seed)


def plain_model(measure: str, profile: DayProfile, seed: int) -> MeasureModel:
    """A measure with too little history for a model."""
    return MeasureModel(measure, profile, (), None, (), Blend(), seed, plain=True)


def fit_call(
    history: History, name: str, moments: Sequence["Moment"], as_of: datetime, deals: Deals, every: Sales
) -> PipelineCall:
    """What a rival that looks at open deals has learned by a moment, and what it was off by at the earlier ones."""
    from training.rivals.bookings import PIPELINE_RIVALS, residual_spread

    rival = next(one for one in PIPELINE_RIVALS if one.name == name)()
    earlier = [moment for moment in moments if moment.as_of < as_of]
    said = [rival.points(history, earlier[: place + 1]) for place in range(len(earlier))]
    horizon = max((view.horizon for moment in earlier for view in moment.views if view.frequency == "month"), default=1)
    spread = residual_spread(history, ("month", ()), horizon, as_of, earlier, said)
    learned = rival.learn(history, earlier, as_of, deals, every)
    return PipelineCall(name, learned, tuple(tuple(row) for row in spread.tolist()))


def of_deals(
    profile: DayProfile, sides: tuple[Side, ...], deals: Deals, parts: Parts, blend: Blend, seed: int
) -> MeasureModel:
    """Bookings from the pipeline."""
    return MeasureModel("bookings", profile, sides, parts, tuple(f.name for f in deals.features), blend, seed)
